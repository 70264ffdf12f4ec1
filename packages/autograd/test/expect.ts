import { expect } from 'vitest';

export interface Closeness {
  /** Allowed share of the expected number. Default 1e-5. */
  rtol?: number;
  /** Allowed difference besides. Default 1e-6. */
  atol?: number;
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** As numpy's `allclose`: |received − expected| ≤ atol + rtol · |expected|, value by value, and equal lengths. */
    toBeAllClose: T extends ArrayLike<number>
      ? (expected: ArrayLike<number>, closeness?: Closeness) => R
      : never;
  }
}

expect.extend({
  toBeAllClose(received: ArrayLike<number>, expected: ArrayLike<number>, closeness: Closeness = {}) {
    const { rtol = 1e-5, atol = 1e-6 } = closeness;
    if (received.length !== expected.length) {
      return {
        pass: false,
        message: () => `${received.length} values came where ${expected.length} were expected`,
      };
    }
    // Written so that NaN is never close to anything.
    const far = Array.from(expected).flatMap((value, index) =>
      Math.abs(received[index] - value) <= atol + rtol * Math.abs(value) ? [] : [index],
    );
    const worst = far
      .slice(0, 8)
      .map((index) => `  [${index}] received ${received[index]}, expected ${expected[index]}`);
    return {
      pass: far.length === 0,
      message: () =>
        `${far.length} of ${expected.length} values differ by more than ${atol} + ${rtol} · |expected|:\n${worst.join('\n')}`,
    };
  },
});

export { expect };

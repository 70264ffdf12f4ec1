import { expect } from 'vitest';

export interface Closeness {
  /** Allowed share of the expected number. Default 1e-5. */
  rtol?: number;
  /** Allowed difference besides. Default 1e-6. */
  atol?: number;
}

/** A tensor's numbers, row by row. */
interface Tensor {
  shape: readonly number[];
  values: ArrayLike<number>;
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** As numpy's `allclose`: |received − expected| ≤ atol + rtol · |expected|, value by value, and equal lengths. */
    toBeAllClose: T extends ArrayLike<number>
      ? (expected: ArrayLike<number>, closeness?: Closeness) => R
      : never;
    /** The same names, and for each of them equal shapes and close values. */
    toBeAllCloseByName: T extends Record<string, Tensor>
      ? (expected: Record<string, Tensor>, closeness?: Closeness) => R
      : never;
  }
}

expect.extend({
  toBeAllClose(received: ArrayLike<number>, expected: ArrayLike<number>, closeness?: Closeness) {
    const complaint = compare(received, expected, closeness);
    return { pass: complaint === '', message: () => complaint || 'all values are close' };
  },
  toBeAllCloseByName(
    received: Record<string, Tensor>,
    expected: Record<string, Tensor>,
    closeness?: Closeness,
  ) {
    const complaints = Object.entries(expected).flatMap(([name, { shape, values }]) => {
      const found = received[name];
      if (!found) return `${name} is missing`;
      if (!this.equals(found.shape, shape))
        return `${name} is [${found.shape.join(', ')}], expected [${shape.join(', ')}]`;
      const complaint = compare(found.values, values, closeness);
      return complaint ? `${name}: ${complaint}` : [];
    });
    const surplus = Object.keys(received).filter((name) => !(name in expected));
    complaints.push(...surplus.map((name) => `${name} was not expected`));
    return {
      pass: complaints.length === 0,
      message: () => complaints.join('\n') || 'all values are close',
    };
  },
});

/** What is wrong with the received values; '' where nothing is. */
function compare(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = 1e-6 }: Closeness = {},
): string {
  if (received.length !== expected.length) {
    return `${received.length} values came where ${expected.length} were expected`;
  }
  // Written so that NaN is never close to anything.
  const far = Array.from(expected).flatMap((value, index) =>
    Math.abs(received[index] - value) <= atol + rtol * Math.abs(value)
      ? []
      : `  [${index}] received ${received[index]}, expected ${value}`,
  );
  if (far.length === 0) return '';
  return `${far.length} of ${expected.length} values differ by more than ${atol} + ${rtol} · |expected|:\n${far.slice(0, 8).join('\n')}`;
}

export { expect };

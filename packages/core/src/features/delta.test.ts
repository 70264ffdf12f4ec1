import { describe, expect, it } from 'vitest';
import { delta } from './delta.ts';
import { greatestDifference, readNpy, SIGNALS } from './fixtures/npy.node.ts';
import type { Matrix } from './matrix.ts';

const row = (length: number, valueAt: (t: number) => number): Matrix => ({
  data: Float32Array.from({ length }, (_, t) => valueAt(t)),
  shape: [1, length],
});

describe('delta', () => {
  it.each(SIGNALS.filter((name) => name !== 'short'))("is librosa's within 1e-5: %s", (name) => {
    const { data, shape } = readNpy(`${name}.mfcc40`);
    const result = delta({ data, shape: [shape[0], shape[1]] });
    expect(result.shape).toEqual(shape);
    expect(greatestDifference(result.data, readNpy(`${name}.mfcc40_delta`).data)).toBeLessThan(1e-5);
  });

  it.each([
    [1, (t: number) => 3 * t - 5, 3],
    [2, (t: number) => 2 * t * t - t, 4],
    [3, (t: number) => t ** 3 - 4 * t, 6],
  ])('of order %i is exact for a polynomial of that degree, to the ends', (order, polynomial, expected) => {
    const result = delta(row(12, polynomial), { order, width: 7 });
    expect(greatestDifference(result.data, Array(12).fill(expected))).toBeLessThan(1e-4);
  });

  it('repeats the end frames with mode nearest, which any number of frames allows', () => {
    // Slope over 3 frames: (next - previous) / 2, with the end frame repeated.
    const squares = row(3, (t) => t * t);
    const { data } = delta(squares, { width: 3, mode: 'nearest' });
    expect(greatestDifference(data, [0.5, 2, 1.5])).toBeLessThan(1e-6);
    expect(delta({ data: Float32Array.of(7), shape: [1, 1] }, { mode: 'nearest' }).data[0]).toBeCloseTo(
      0,
      12,
    );
  });

  it('takes exactly as many frames as its width', () => {
    expect(greatestDifference(delta(row(9, (t) => t)).data, Array(9).fill(1))).toBeLessThan(1e-6);
  });

  it.each([{ width: 9 }, { width: 4 }, { width: 1 }, { width: 3, order: 3 }, { order: 0 }, { width: 3.5 }])(
    'refuses %o for 8 frames',
    (options) => {
      expect(() =>
        delta(
          row(8, (t) => t),
          options,
        ),
      ).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );
});

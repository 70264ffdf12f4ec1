import { describe, expect, test } from 'vitest';
import { Dataset, fitNormaliser, type Example } from './dataset.ts';

const example = (rows: number[][], label = 0): Example => ({
  features: { data: Float32Array.from(rows.flat()), frames: rows.length },
  label,
});

describe('fitNormaliser', () => {
  test('mean and deviation over all frames, however they are spread over the clips', () => {
    const { mean, std } = fitNormaliser([example([[1, 10]]), example([[2, 10], [6, 40]])], 2); // prettier-ignore
    expect([...mean]).toEqual([3, 20]);
    expect(std[0]).toBeCloseTo(Math.sqrt(14 / 3), 6); // ((1-3)² + (2-3)² + (6-3)²) / 3
    expect(std[1]).toBeCloseTo(Math.sqrt(200), 5);
  });

  test('a coefficient that never changes has the deviation 1, whatever rounding makes of its variance', () => {
    const constant = Math.fround(-1131.3709);
    const rows = Array.from({ length: 1001 }, (_, i) => [constant, 0, i]);
    const { mean, std } = fitNormaliser([example(rows)], 3);
    expect([...std.subarray(0, 2)]).toEqual([1, 1]);
    expect(mean[0]).toBeCloseTo(constant, 3);
    expect(std[2]).toBeGreaterThan(100);
  });
});

describe('Dataset', () => {
  const normaliser = { mean: Float32Array.of(1, 2), std: Float32Array.of(2, 4) };

  test('normalises, pads short clips with zeros and cuts long ones', () => {
    const data = new Dataset(
      [example([[3, 6]], 1), example([[1, 2], [5, -2], [99, 99]], 0)], // prettier-ignore
      normaliser,
      2,
    );
    expect([...data.rows]).toEqual([1, 1, 0, 0, 0, 0, 2, -1]);
    expect({ size: data.size, shape: data.shape, labels: data.labels }).toEqual({
      size: 2,
      shape: [2, 2],
      labels: [1, 0],
    });
  });

  test('projects what is normal', () => {
    const projection = Float32Array.of(1, 0, 2, 10, -1, 3); // (2, 3)
    const data = new Dataset([example([[3, 6]]), example([[5, -2]])], { ...normaliser, projection }, 1); // prettier-ignore
    expect([...data.rows]).toEqual([11, -1, 5, -8, 1, 1]);
    expect(data.shape).toEqual([1, 3]);
  });
});

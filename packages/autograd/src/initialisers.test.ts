import { describe, test } from 'vitest';
import { expect } from '../test/expect.ts';
import { rowsOf } from '../test/oracles.ts';
import { filled, glorotUniform, heNormal, orthogonalBlocks, uniform } from './initialisers.ts';
import { createRandom } from './random.ts';

function statistics(values: Float32Array) {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  return { mean, variance, largest: values.reduce((best, value) => Math.max(best, Math.abs(value)), 0) };
}

// 20,000 values: the mean lies within 5 deviations / √20,000, the variance within some percent.
describe('first values', () => {
  test('glorotUniform fills ±√(6 / (fanIn + fanOut))', () => {
    const { mean, variance, largest } = statistics(glorotUniform([50, 400], createRandom(1)));
    const bound = Math.sqrt(6 / 450);
    expect(Math.abs(mean)).toBeLessThan(0.035 * bound);
    expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 1);
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.99 * bound);
  });

  test('glorotUniform counts all axes but the first as inputs', () => {
    const { largest } = statistics(glorotUniform([50, 8, 50], createRandom(1)));
    expect(largest).toBeLessThanOrEqual(Math.sqrt(6 / 450));
  });

  test('heNormal has the variance 2 / fanIn', () => {
    const { mean, variance, largest } = statistics(heNormal([100, 5, 40], createRandom(1)));
    expect(Math.abs(mean)).toBeLessThan(0.035 * Math.sqrt(variance));
    expect(variance / (2 / 200)).toBeCloseTo(1, 1);
    expect(largest).toBeGreaterThan(3 * Math.sqrt(variance));
  });

  test('uniform keeps to its bound, filled to its value', () => {
    expect(statistics(uniform(0.2)([1000], createRandom(1))).largest).toBeLessThanOrEqual(0.2);
    expect([...filled(3)([2, 2], createRandom(1))]).toEqual([3, 3, 3, 3]);
  });

  test.for([1, 2, 16])('orthogonalBlocks keeps lengths and angles in blocks of %i', (size) => {
    const blocks = rowsOf(orthogonalBlocks([3 * size, size], createRandom(1)), size * size);
    expect(blocks).toHaveLength(3);
    for (const block of blocks) {
      const rows = rowsOf(block, size);
      const products = rows.flatMap((a) =>
        rows.map((b) => a.reduce((total, value, i) => total + value * b[i], 0)),
      );
      expect(products).toBeAllClose(rows.flatMap((_, i) => rows.map((_, j) => Number(i === j))));
    }
  });

  test('orthogonalBlocks refuses what does not fall into squares', () => {
    expect(() => orthogonalBlocks([5, 2], createRandom(1))).toThrow(/\[5, 2\] came/);
  });

  test('the same stream gives the same values', () => {
    for (const initialise of [glorotUniform, heNormal, orthogonalBlocks]) {
      expect(initialise([8, 4], createRandom(3))).toEqual(initialise([8, 4], createRandom(3)));
      expect(initialise([8, 4], createRandom(3))).not.toEqual(initialise([8, 4], createRandom(4)));
    }
  });
});

import { createRandom } from '@mars/autograd/random';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { beta } from './mixup.ts';

test.each([0.1, 0.2, 0.4, 1, 1.5, 8, 1000])('Beta(%d, %d) has its mean and variance', (alpha) => {
  const random = createRandom(`beta ${alpha}`);
  const drawn = Array.from({ length: 20_000 }, () => beta(alpha, random));
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
  const expected = 1 / (4 * (2 * alpha + 1));
  // Five standard errors of the mean; the variance within 5 %.
  expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(expected / drawn.length));
  expect(variance / expected).toBeGreaterThan(0.95);
  expect(variance / expected).toBeLessThan(1.05);
});

test('every share lies within 0 and 1', () => {
  const alphas = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(alphas, fc.nat(), (alpha, seed) => {
      const share = beta(alpha, createRandom(seed));
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }),
  );
});

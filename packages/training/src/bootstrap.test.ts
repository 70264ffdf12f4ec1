import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootstrapIntervals, quantile } from './bootstrap.ts';

const { quantiles } = JSON.parse(
  readFileSync(new URL('./fixtures/inference.json', import.meta.url), 'utf8'),
) as { quantiles: { values: number[]; share: number; quantile: number }[] };

test.each(quantiles)(
  'quantile $share of $values is that of numpy',
  ({ values, share, quantile: expected }) => {
    expect(quantile(values, share)).toBeCloseTo(expected, 12);
  },
);

const mean = (values: readonly number[]) => ({ mean: values.reduce((a, b) => a + b, 0) / values.length });

test('of a mean of many values it is that of the central limit theorem', () => {
  const values = Array.from({ length: 101 }, (_, i) => i);
  const sd = Math.sqrt((101 ** 2 - 1) / 12);
  const { mean: interval } = bootstrapIntervals(values, mean, { resamples: 8000 })!;
  expect(interval.low).toBeCloseTo(50 - (1.96 * sd) / Math.sqrt(101), 0);
  expect(interval.high).toBeCloseTo(50 + (1.96 * sd) / Math.sqrt(101), 0);
});

test('holds the figure itself where the values lie symmetrically, and stays among them', () => {
  const half = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(half, fc.integer(), (distances, seed) => {
      const values = distances.flatMap((distance) => [0.5 - distance, 0.5 + distance]);
      const { low, high } = bootstrapIntervals(values, mean, { resamples: 400, seed })!.mean;
      expect(low).toBeLessThanOrEqual(0.5 + 1e-12);
      expect(high).toBeGreaterThanOrEqual(0.5 - 1e-12);
      expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12);
      expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-12);
    }),
    { numRuns: 50 },
  );
});

test('the same seed gives the same interval, another seed another, a lower level a narrower one', () => {
  const values = [0.1, 0.5, 0.55, 0.7, 0.95, 0.3];
  const interval = (options: object) => bootstrapIntervals(values, mean, options)!.mean;
  expect(interval({ seed: 3 })).toEqual(interval({ seed: 3 }));
  expect(interval({ seed: 3 })).not.toEqual(interval({ seed: 4 }));
  expect(interval({ level: 0.5 }).low).toBeGreaterThan(interval({}).low);
  expect(interval({ level: 0.5 }).high).toBeLessThan(interval({}).high);
});

test.each([[[]], [[0.7]]])('%j says nothing of others', (values) => {
  expect(bootstrapIntervals(values, mean)).toBeNull();
});

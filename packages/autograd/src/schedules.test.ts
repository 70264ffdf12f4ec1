import * as fc from 'fast-check';
import { test } from 'vitest';
import { expect } from '../test/expect.ts';
import { constantRate, cosineDecay } from './schedules.ts';

test('a constant rate stays', () => {
  expect([0, 0.3, 1].map(constantRate(0.1))).toEqual([0.1, 0.1, 0.1]);
});

test('half a cosine leads from the peak to 0', () => {
  const expected = [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0];
  expect([0, 0.25, 0.5, 0.75, 1].map(cosineDecay(1))).toBeAllClose(expected);
});

test('the warm-up rises in a straight line, the floor is where it ends', () => {
  const rate = cosineDecay(2, { warmup: 0.2, floor: 0.1 });
  expect([0, 0.05, 0.1, 0.2, 0.6, 1].map(rate)).toBeAllClose([0, 0.5, 1, 2, 1.1, 0.2]);
});

test('after the warm-up a rate never rises, and it stays between floor and peak', () => {
  const share = fc.double({ min: 0, max: 0.9, noNaN: true });
  fc.assert(
    fc.property(share, share, (warmup, floor) => {
      const rates = Array.from({ length: 20 }, (_, i) =>
        cosineDecay(1, { warmup, floor })(warmup + ((1 - warmup) * i) / 19),
      );
      expect(rates[0]).toBeCloseTo(1);
      expect(rates[19]).toBeCloseTo(floor);
      expect(rates.slice(1).every((rate, i) => rate <= rates[i] + 1e-12)).toBe(true);
    }),
    { seed: 1 },
  );
});

test.for([1, -0.1, Number.NaN])('a warm-up of %d is refused', (warmup) => {
  expect(() => cosineDecay(1, { warmup })).toThrow(/share in \[0, 1\)/);
});

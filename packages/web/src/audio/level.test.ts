import { expect, test } from 'vitest';
import { LevelWatch, meterShare } from './level.ts';

test.each([
  [0, 0],
  [1, 1],
  [2, 1],
  [0.001, 0],
  [10 ** (-30 / 20), 0.5],
])('a peak of %d stands at %d of the meter', (peak, share) => {
  expect(meterShare(peak)).toBeCloseTo(share, 6);
});

/** What is said after some seconds of a peak. */
const after = (watch: LevelWatch, peak: number, seconds: number) => {
  for (let i = 0; i < seconds * 10; i++) watch.add(peak, 0.1);
  return watch.advice;
};

test('what is wrong with a level is said after some seconds, and taken back when somebody speaks', () => {
  const watch = new LevelWatch({ holdSec: 4 });
  expect(after(watch, 0, 3)).toBe('good');
  expect(after(watch, 0, 2)).toBe('silent');
  expect(after(watch, 0.002, 9)).toBe('faint');
  expect(after(watch, 0.1, 0.1)).toBe('good');
  // Pauses between words are no reason to say anything.
  expect(after(watch, 0.001, 3)).toBe('good');
  expect(after(watch, 1, 0.1)).toBe('loud');
  expect(after(watch, 0.1, 3)).toBe('loud');
  expect(after(watch, 0.1, 2)).toBe('good');
});

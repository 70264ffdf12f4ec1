import { expect, test } from 'vitest';
import { axisMarks, clock, duration, percent } from './format.ts';

test.each([
  [2.44, '2.4 s'],
  [59.96, '1:00'],
  [725, '12:05'],
  [3600, '1:00:00'],
])('%d s is %s', (durationSec, text) => expect(duration(durationSec)).toBe(text));

test.each([
  [2.44, 0, '0:02'],
  [2.44, 1, '0:02.4'],
  [59.97, 1, '1:00.0'],
  [3725, 0, '1:02:05'],
] as const)('the moment %d with %i decimals is %s', (timeSec, decimals, text) =>
  expect(clock(timeSec, decimals)).toBe(text),
);

test('a share is a whole percentage', () => expect(percent(0.835)).toBe('84%'));

test.each([0.3, 3.2, 59, 75, 3600, 36_000, 400_000])(
  'an axis of %d s has no more marks than fit',
  (durationSec) => {
    const marks = axisMarks(durationSec, 10);
    expect(marks.length).toBeLessThanOrEqual(11);
    expect(marks.length).toBeGreaterThan(1);
    expect(marks[0]).toBe(0);
    expect(marks.at(-1)).toBeLessThanOrEqual(durationSec);
  },
);

test('marks are numbers that one can read', () => expect(axisMarks(0.7, 8)).toContain(0.3));

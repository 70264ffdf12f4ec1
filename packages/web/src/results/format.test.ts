import { expect, test } from 'vitest';
import { axisMarks } from './format.ts';

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

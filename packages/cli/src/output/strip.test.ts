import { lettersOf } from '@mars/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawStrip } from './strip.ts';
import { LABELS, segment } from './timeline-fixture.ts';

const letters = lettersOf(LABELS);

test('letters lie where the speech is; small ones are uncertain, dots are pauses', () => {
  const segments = [
    segment(1, 2, 'happy'),
    segment(2, 2.5, 'sad', 0.4, { verdict: 'uncertain' }),
    segment(3.5, 4, null, 0),
  ];
  expect(drawStrip(segments, 4, { letters, width: 20 })).toEqual({
    rows: ['0:00  ····HHHHss······'],
    stepSec: 0.25,
  });
});

test('what is painted alike is painted at once, and the uncertain not at all', () => {
  const segments = [
    segment(0, 1, 'happy'),
    segment(1, 2, 'sad'),
    segment(2, 3, 'sad', 0.4, { verdict: 'uncertain' }),
  ];
  const paint = (emotion: string, text: string) => `<${emotion} ${text}>`;
  const { rows } = drawStrip(segments, 3, { letters, width: 12, paint });
  expect(rows).toEqual(['0:00  <happy HHHH><sad SSSS>ssss']);
});

test('a long recording takes several rows, and a column shows what takes the most time in it', () => {
  const segments = [segment(0, 2, 'happy'), segment(2, 4.5, 'angry'), segment(299, 300, 'sad')];
  const { rows, stepSec } = drawStrip(segments, 300, { letters, width: 10 });
  expect(stepSec).toBe(5);
  expect(rows).toHaveLength(6);
  expect(rows[0]).toBe('0:00  A·········');
  expect(rows[5]).toBe('4:10  ·········S');
});

test('whatever its length, a recording is as many columns as its steps, and in no more than six rows', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 100_000, noNaN: true }),
      fc.integer({ min: 10, max: 200 }),
      (durationSec, width) => {
        const { rows, stepSec } = drawStrip([segment(0, durationSec, 'happy')], durationSec, {
          letters,
          width,
        });
        const columns = rows.map((row) => row.split('  ').at(-1)!.length);
        expect(rows.length).toBeLessThanOrEqual(6);
        expect(Math.max(...columns)).toBeLessThanOrEqual(width);
        expect(columns.reduce((sum, length) => sum + length)).toBe(Math.ceil(durationSec / stepSec - 1e-9));
      },
    ),
  );
});

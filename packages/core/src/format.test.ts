import { expect, test } from 'vitest';
import { clock, duration, percent } from './format.ts';

test.each([
  [0, 0, '0:00'],
  [2.44, 0, '0:02'],
  [59.4, 0, '0:59'],
  [59.6, 0, '1:00'],
  [3599.9, 0, '1:00:00'],
  [7265, 0, '2:01:05'],
  [2.04, 1, '0:02.0'],
  [59.96, 1, '1:00.0'],
  [3661.25, 1, '1:01:01.3'],
] as const)('the moment %d with %i decimals is %s', (timeSec, decimals, text) =>
  expect(clock(timeSec, decimals)).toBe(text),
);

test.each([
  [2.44, '2.4 s'],
  [59.94, '59.9 s'],
  [59.96, '1:00'],
  [725, '12:05'],
  [3600, '1:00:00'],
])('%d s last %s', (durationSec, text) => expect(duration(durationSec)).toBe(text));

test('a share is a whole percentage', () => expect(percent(0.835)).toBe('84%'));

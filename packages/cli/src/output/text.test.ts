import { expect, test } from 'vitest';
import { bar, clock, count, duration, shorten, steps } from './text.ts';

test.each([
  [0, 0, '0:00'],
  [59.4, 0, '0:59'],
  [59.6, 0, '1:00'],
  [3599.9, 0, '1:00:00'],
  [7265, 0, '2:01:05'],
  [2.04, 1, '0:02.0'],
  [59.96, 1, '1:00.0'],
  [3661.25, 1, '1:01:01.3'],
] as const)('%f s with %d decimals is %s', (timeSec, decimals, text) => {
  expect(clock(timeSec, decimals)).toBe(text);
});

test.each([
  [2.44, '2.4 s'],
  [59.94, '59.9 s'],
  [59.96, '1:00'],
  [725, '12:05'],
])('%f s last %s', (durationSec, text) => {
  expect(duration(durationSec)).toBe(text);
});

test('a bar has ten columns of eight steps', () => {
  expect(bar(0)).toBe('··········');
  expect(bar(0.0125)).toBe('▏·········');
  expect(bar(1)).toBe('██████████');
});

test('shares are steps of an eighth; the smallest is seen, nothing and less are dots', () => {
  expect(steps([1, 0.875, 0.876, 0.5, 0.125, 1e-9, 0, -0.5])).toBe('█▇█▄▁▁··');
});

test('one clip, two clips; a long path keeps its ends', () => {
  expect([count(1, 'clip'), count(2, 'clip')]).toEqual(['1 clip', '2 clips']);
  expect(shorten('folder/of/clips/clip.wav', 12)).toBe('fol…clip.wav');
});

import { expect, test } from 'vitest';
import { bar, count, shorten, steps } from './text.ts';

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

import { expect, test } from 'vitest';
import { LevelHistory } from './level-history.ts';

test('it holds the latest span, and knows when each peak was', () => {
  const levels = new LevelHistory({ blockSec: 0.5, spanSec: 2 });
  for (let i = 1; i <= 7; i++) levels.push(i / 8);
  const seen: [number, number][] = [];
  levels.forEach(0, (...each) => seen.push(each));
  expect(seen).toEqual([
    [0.5, 1.5],
    [0.625, 2],
    [0.75, 2.5],
    [0.875, 3],
  ]);
  expect(levels.endSec).toBe(3.5);
  seen.length = 0;
  levels.forEach(2.6, (...each) => seen.push(each));
  expect(seen).toEqual([[0.875, 3]]);
});

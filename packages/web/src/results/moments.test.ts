import type { Segment } from '@mars/core';
import { expect, test } from 'vitest';
import { segmentAt } from './moments.ts';

const segments = [
  [0.5, 2],
  [2, 3],
  [4, 5],
].map(([startSec, endSec]) => ({ startSec, endSec }) as Segment);

test.each([
  [0, undefined],
  [0.5, 0],
  [1.99, 0],
  [2, 1],
  [3.5, undefined],
  [4.5, 2],
  [5, undefined],
])('at %d s', (timeSec, index) =>
  expect(segmentAt(segments, timeSec)).toBe(index === undefined ? undefined : segments[index]),
);

import type { Verdict } from '@mars/core';
import { expect, test } from 'vitest';
import { sortRows, type Order, type Row } from './sort-rows.ts';

function row(
  name: string,
  durationSec: number,
  verdict: Verdict['verdict'],
  emotion: string | null,
  confidence: number,
): Row {
  return {
    name,
    analysis: { durationSec, verdict: { durationSec, verdict, emotion, confidence, scores: [] } },
  };
}

const rows: Row[] = [
  row('clip10.wav', 3, 'emotion', 'sad', 0.9),
  { name: 'broken.wav' },
  row('clip2.wav', 5, 'no-speech', null, 0),
  row('clip1.wav', 1, 'uncertain', 'angry', 0.3),
  row('clip3.wav', 2, 'emotion', 'angry', 0.7),
];

const names = (order: Order) => sortRows(rows, order).map(({ name }) => name.replace('.wav', ''));

test.each([
  [{ by: 'name', isDescending: false }, 'broken clip1 clip2 clip3 clip10'],
  [{ by: 'name', isDescending: true }, 'clip10 clip3 clip2 clip1 broken'],
  [{ by: 'length', isDescending: false }, 'clip1 clip3 clip10 clip2 broken'],
  [{ by: 'length', isDescending: true }, 'clip2 clip10 clip3 clip1 broken'],
  [{ by: 'confidence', isDescending: true }, 'clip10 clip3 clip1 clip2 broken'],
  [{ by: 'verdict', isDescending: false }, 'clip3 clip10 clip1 clip2 broken'],
] as const)('%o', (order, expected) => expect(names(order)).toEqual(expected.split(' ')));

import { lettersOf, type Segment } from '@mars/core';
import type { Paint } from './colours.ts';
import { bar, clock, percent } from './text.ts';

/** Lines on stretches of speech for people, with time in columns of `timeWidth`. */
export interface SegmentTable {
  /** Of the column with the names of emotions. */
  readonly nameWidth: number;
  readonly title: (timeWidth: number) => string;
  readonly row: (segment: Omit<Segment, 'scores'>, timeWidth: number) => string;
}

/** A certain emotion has its capital on its colour; an uncertain one a small letter and a question mark. */
export function segmentTable(labels: readonly string[], paint: Paint): SegmentTable {
  const letters = lettersOf(labels);
  const nameWidth = Math.max(...[...labels, 'uncertain'].map((name) => name.length)) + 1;
  return {
    nameWidth,
    title: (width) =>
      `${'start'.padStart(width)}   ${'end'.padStart(width)}    ${'emotion'.padEnd(nameWidth)}  confidence`,
    row({ startSec, endSec, verdict, emotion, confidence }, width) {
      const [start, end] = [startSec, endSec].map((timeSec) => clock(timeSec, 1).padStart(width));
      if (emotion === null) return `${start} – ${end}    no speech`;
      const letter = letters.get(emotion) ?? '?';
      const isSure = verdict === 'emotion';
      const mark = isSure ? paint(emotion, letter) : letter.toLowerCase();
      const name = (isSure ? emotion : `${emotion}?`).padEnd(nameWidth);
      return `${start} – ${end}  ${mark} ${name}  ${bar(confidence)} ${percent(confidence).padStart(4)}`;
    },
  };
}

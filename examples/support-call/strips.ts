import type { Segment } from '@mars/client';
import { lettersOf } from '@mars/core';
import { clock } from '@mars/core/format';
import type { Talk } from './sides.ts';

/** A side of a call: what it sounds like, or only when it speaks. */
export interface Side {
  readonly name: string;
  readonly stretches: readonly (Segment | Talk)[];
}

const COLUMNS = 60;

/** Seconds that a column may stand for. */
const STEPS_SEC = [0.25, 0.5, 1, 2, 5, 10, 30];

/**
 * The sides below each other, from left to right: a letter for each stretch of speech (small where it is uncertain), `▪`
 * where a side speaks and nobody looks at how.
 */
export function drawSides(sides: readonly Side[], durationSec: number, labels: readonly string[]): string {
  const stepSec = STEPS_SEC.find((step) => durationSec / step <= 4 * COLUMNS) ?? STEPS_SEC.at(-1)!;
  const columns = Math.ceil(durationSec / stepSec);
  const letters = lettersOf(labels);
  const width = Math.max(...sides.map(({ name }) => name.length), clock(durationSec).length);
  const rows: string[] = [];
  for (let first = 0; first < columns; first += COLUMNS) {
    rows.push(`${clock(first * stepSec).padEnd(width)}  ${'╌'.repeat(Math.min(COLUMNS, columns - first))}`);
    for (const { name, stretches } of sides) {
      const marks = Array.from({ length: Math.min(COLUMNS, columns - first) }, (_, i) => {
        const atSec = (first + i + 0.5) * stepSec;
        const said = stretches.find(({ startSec, endSec }) => startSec <= atSec && atSec < endSec);
        return said === undefined ? ' ' : markOf(said, letters);
      });
      rows.push(`${name.padEnd(width)}  ${marks.join('')}`.trimEnd());
    }
  }
  return rows.join('\n');
}

function markOf(said: Segment | Talk, letters: ReadonlyMap<string, string>): string {
  if (!('verdict' in said)) return '▪';
  if (said.emotion === null) return ' ';
  const letter = letters.get(said.emotion) ?? '?';
  return said.verdict === 'emotion' ? letter : letter.toLowerCase();
}

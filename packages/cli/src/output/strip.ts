import type { Segment } from '@mars/core';
import { plain, type Paint } from './colours.ts';
import { clock } from './text.ts';

/** Seconds that a column of the strip may stand for. */
const STEPS_SEC = [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** A recording takes one row as long as a column is a second at most; then up to so many. */
const MOST_ROWS = 6;

const SILENCE = '·';

/**
 * A recording from left to right, as text: a letter per stretch of time, on its emotion's colour. Capitals are certain,
 * small letters uncertain, dots are pauses. Of all that is said in a stretch, it shows what takes the most time.
 *
 * @param letters of the labels: see `lettersOf` of @mars/core
 * @param width columns that there are for time
 */
export function drawStrip(
  segments: readonly Segment[],
  durationSec: number,
  {
    letters,
    width,
    paint = plain,
  }: { letters: ReadonlyMap<string, string>; width: number; paint?: Paint | undefined },
): { rows: string[]; stepSec: number } {
  const stepSec =
    STEPS_SEC.find((step) => Math.ceil(durationSec / step) <= width * (step < 1 ? 1 : MOST_ROWS)) ??
    durationSec / (width * MOST_ROWS);
  const cells = Math.ceil(durationSec / stepSec - 1e-9);
  const rows: string[] = [];
  const timeWidth = clock(durationSec).length;
  for (let first = 0; first < cells; first += width) {
    const columns = Array.from({ length: Math.min(width, cells - first) }, (_, i) => {
      const startSec = (first + i) * stepSec;
      return cellOf(loudest(segments, startSec, startSec + stepSec), letters);
    });
    // What is painted alike is painted at once: the row has fewer codes than letters.
    const row = runs(columns)
      .map(({ emotion, text }) => (emotion === undefined ? text : paint(emotion, text)))
      .join('');
    rows.push(`${clock(first * stepSec).padStart(timeWidth)}  ${row}`);
  }
  return { rows, stepSec };
}

/** A letter, and the emotion whose colour it stands on. */
interface Cell {
  readonly emotion: string | undefined;
  readonly text: string;
}

function cellOf(said: Segment | undefined, letters: ReadonlyMap<string, string>): Cell {
  if (!said?.emotion) return { emotion: undefined, text: SILENCE };
  const letter = letters.get(said.emotion) ?? '?';
  return said.verdict === 'emotion'
    ? { emotion: said.emotion, text: letter }
    : { emotion: undefined, text: letter.toLowerCase() };
}

function runs(cells: readonly Cell[]): Cell[] {
  const joined: Cell[] = [];
  for (const { emotion, text } of cells) {
    const last = joined.at(-1);
    if (last?.emotion === emotion && last) joined[joined.length - 1] = { emotion, text: last.text + text };
    else joined.push({ emotion, text });
  }
  return joined;
}

/** What takes the most of the time from `startSec` to `endSec`; undefined where nobody speaks. */
function loudest(segments: readonly Segment[], startSec: number, endSec: number): Segment | undefined {
  const seconds = new Map<string, { sum: number; segment: Segment }>();
  for (const segment of segments) {
    const overlap = Math.min(segment.endSec, endSec) - Math.max(segment.startSec, startSec);
    if (overlap <= 1e-9 || segment.verdict === 'no-speech') continue;
    const key = `${segment.verdict} ${segment.emotion}`;
    seconds.set(key, { sum: (seconds.get(key)?.sum ?? 0) + overlap, segment });
  }
  return [...seconds.values()].toSorted((a, b) => b.sum - a.sum)[0]?.segment;
}

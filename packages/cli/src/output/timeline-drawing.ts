import type { Segment } from '@mars/core';
import { colour, html, type Markup } from '@mars/training/report';
import { clock, percent } from './text.ts';

/** Seconds that a row may stand for. */
const ROWS_SEC = [10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600];

/** An utterance of two seconds is then wide enough for its letter, and a phone shows half a minute. */
const PIXELS_PER_SEC = 11;

/** More would be a long way to scroll. */
const MOST_ROWS = 60;

const TIME_WIDTH = 46;
const BAR_HEIGHT = 26;
const ROW_HEIGHT = 52;

/** A letter stands on bars of so many pixels: on less, neighbours' letters would touch. */
const LETTER_WIDTH = 7;

/**
 * A recording as rows of bars: as long as the speech, as high as the confidence, in the colour of the emotion and with its
 * letter above; hollow where the verdict is uncertain.
 *
 * @param width pixels
 * @param title what one would see, for who cannot
 * @param className `wide` or `narrow`: the page shows one of the two
 */
export function drawTimeline(
  { segments, durationSec }: { segments: readonly Segment[]; durationSec: number },
  {
    letters,
    width,
    title,
    className,
  }: { letters: ReadonlyMap<string, string>; width: number; title: string; className: string },
): Markup {
  const least = Math.min(durationSec, (width - TIME_WIDTH) / PIXELS_PER_SEC);
  const rowSec =
    ROWS_SEC.find((seconds) => seconds >= least && Math.ceil(durationSec / seconds) <= MOST_ROWS) ??
    Math.ceil(durationSec / MOST_ROWS);
  const rows = Math.max(1, Math.ceil(durationSec / rowSec));
  const pixels = (seconds: number): number => ((width - TIME_WIDTH) * seconds) / rowSec;

  const bars = segments.flatMap((segment) => {
    const first = Math.floor(segment.startSec / rowSec);
    const last = Math.min(rows - 1, Math.floor(segment.endSec / rowSec));
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const row = first + i;
      const from = Math.max(segment.startSec, row * rowSec) - row * rowSec;
      const to = Math.min(segment.endSec, (row + 1) * rowSec) - row * rowSec;
      const place = { x: TIME_WIDTH + pixels(from), width: pixels(to - from), floor: floorOf(row) };
      return drawBar(segment, place, segment.emotion === null ? '' : (letters.get(segment.emotion) ?? '?'));
    });
  });
  const lines = Array.from({ length: rows }, (_, row) => {
    const end = TIME_WIDTH + pixels(Math.min(rowSec, durationSec - row * rowSec));
    const y = floorOf(row) + 0.5;
    return html`<text x="${TIME_WIDTH - 8}" y="${y}" text-anchor="end" fill="${colour('soft')}"
        >${clock(row * rowSec)}</text
      ><path d="M${TIME_WIDTH} ${y}H${round(end)}" stroke="${colour('rule')}" />`;
  });
  return html`<svg
    class="${className}"
    role="img"
    aria-label="${title}"
    viewBox="0 0 ${width} ${rows * ROW_HEIGHT}"
    width="${width}"
    height="${rows * ROW_HEIGHT}"
    font-size="12"
  >
    ${lines}${bars}
  </svg>`;
}

function floorOf(row: number): number {
  return row * ROW_HEIGHT + ROW_HEIGHT - 8;
}

function drawBar(
  { startSec, endSec, verdict, emotion, confidence }: Segment,
  { x, width, floor }: { x: number; width: number; floor: number },
  letter: string,
): Markup | false {
  if (emotion === null) return false;
  const isSure = verdict === 'emotion';
  const height = Math.max(4, BAR_HEIGHT * confidence);
  // A hair of space between neighbours, and a hollow bar's line within its own width.
  const [left, wide] = [x + 0.75, Math.max(1, width - 1.5)];
  const paint = isSure
    ? html`fill="${colour(emotion)}"`
    : html`fill="none" stroke="${colour(emotion)}" stroke-width="1.5"`;
  const moment = `${clock(startSec, 1)} to ${clock(endSec, 1)}`;
  const label = isSure ? letter : letter.toLowerCase();
  return html`<g
    ><title>${moment}: ${emotion}${!isSure && ', uncertain'}, ${percent(confidence)}</title
    ><rect
      x="${round(left)}"
      y="${round(floor - height)}"
      width="${round(wide)}"
      height="${round(height)}"
      ${paint}
    />${
      width >= LETTER_WIDTH &&
      html`<text
        x="${round(x + width / 2)}"
        y="${round(floor - height - 4)}"
        text-anchor="middle"
        fill="${colour('ink')}"
        >${label}</text
      >`
    }</g
  >`;
}

function round(pixels: number): number {
  return Math.round(10 * pixels) / 10;
}

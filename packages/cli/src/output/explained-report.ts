import type { ExplainedVerdict, Explanation } from '@mars/core';
import { clipTable } from './clip-report.ts';
import type { Report } from './outcome.ts';
import { percent, steps } from './text.ts';

/** Where a number begins that {@link percent} shows: less makes no difference that could be read. */
const LEAST = 0.005;

/**
 * For people: the table of `clipTable` and, below the row of a file, what its score rests on.
 *
 * @param columns width of the terminal (80 where that is not known)
 */
export function explainedTable(
  files: readonly string[],
  labels: readonly string[],
  { columns = 80, ...options }: { top: number; notes?: readonly string[]; columns?: number | undefined },
): Report<ExplainedVerdict> {
  const table = clipTable(files, labels, options);
  return {
    header: table.header,
    lines(outcome) {
      const rows = table.lines(outcome);
      if ('error' in outcome) return rows;
      const { explanation } = outcome;
      const reasons = explanation ? explain(explanation, columns) : ['nobody speaks: nothing to explain'];
      return [...rows, ...reasons.map((line) => `  ${line}`)];
    },
  };
}

/** What there is to say of time, or of frequency. */
interface Reason {
  readonly name: string;
  readonly strip: string;
  readonly range: string;
  readonly most: string;
}

function explain({ score, stretches, bands }: Explanation, columns: number): string[] {
  const reasons = [
    reasonOf('time', stretches, score, {
      from: ({ startSec }) => startSec,
      to: ({ endSec }) => endSec,
      extent: (from, to) => `${short(from)} … ${short(to)} s`,
      span: (from, to) => `${from.toFixed(2)}–${to.toFixed(2)} s`,
    }),
    reasonOf('frequency', bands, score, {
      from: ({ lowHz }) => lowHz,
      to: ({ highHz }) => highHz,
      extent: (from, to) => `${short(from / 1000)} … ${short(to / 1000)} kHz`,
      span: (from, to) =>
        to < 1000
          ? `${from.toFixed(0)}–${to.toFixed(0)} Hz`
          : `${(from / 1000).toFixed(1)}–${(to / 1000).toFixed(1)} kHz`,
    }),
  ];
  const widthOf = (key: keyof Reason): number => Math.max(...reasons.map((reason) => reason[key].length));
  const [names, strips, ranges] = [widthOf('name'), widthOf('strip'), widthOf('range')];
  // Words that do not fit beside the strips stand below them.
  const fit = 2 + names + 2 + strips + 2 + ranges + 2 + widthOf('most') <= columns;
  return reasons.flatMap(({ name, strip, range, most }) => {
    const words = `${range.padEnd(fit ? ranges : 0)}  ${most}`;
    const [first, below] = [`${name.padEnd(names)}  ${strip}`, ' '.repeat(names + 2)];
    return fit ? [`${first.padEnd(names + 2 + strips)}  ${words}`] : [first, `${below}${words}`];
  });
}

/** Of parts that follow one another: a strip, scaled to the part that does most, and which that is. */
function reasonOf<Part extends { readonly contribution: number }>(
  name: string,
  parts: readonly Part[],
  score: number,
  {
    from,
    to,
    extent,
    span,
  }: {
    from: (part: Part) => number;
    to: (part: Part) => number;
    extent: (from: number, to: number) => string;
    span: (from: number, to: number) => string;
  },
): Reason {
  const most = parts.reduce((best, part) => (part.contribution > best.contribution ? part : best));
  const { contribution } = most;
  const matters = contribution >= LEAST;
  return {
    name,
    strip: steps(parts.map((part) => (matters ? part.contribution / contribution : 0))),
    range: extent(from(parts[0]), to(parts.at(-1)!)),
    most: matters
      ? `most: ${span(from(most), to(most))}, without it ${percent(score - contribution)}`
      : 'none raises the score by itself',
  };
}

/** 3.2, and 8 rather than 8.0 */
function short(number: number): string {
  return String(Number(number.toFixed(1)));
}

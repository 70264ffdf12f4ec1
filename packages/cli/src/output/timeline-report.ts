import { lettersOf, type Segment, type Timeline } from '@mars/core';
import type { Paint } from './colours.ts';
import { byLabel, csvRow } from './csv.ts';
import type { Report } from './outcome.ts';
import { segmentTable } from './segment-table.ts';
import { drawStrip } from './strip.ts';
import { summaryText } from './summary-text.ts';
import { clock, duration, percent } from './text.ts';
import { describeKnownVoice } from './voice.ts';

/** A row per segment, a column per label in the model's order; files in which nobody speaks have no row. */
export function timelineCsv(labels: readonly string[]): Report<Timeline> {
  const heard = ['file', 'startSec', 'endSec', 'verdict', 'emotion', 'confidence'];
  const blank = [...heard.slice(1), ...labels].map(() => '');
  return {
    header: [csvRow([...heard, ...labels, 'errorCode', 'errorMessage'])],
    lines(outcome) {
      const { file } = outcome;
      if ('error' in outcome) return [csvRow([file, ...blank, outcome.error.code, outcome.error.message])];
      return outcome.segments.map(({ startSec, endSec, verdict, emotion, confidence, scores }) =>
        csvRow([
          file,
          startSec,
          endSec,
          verdict,
          emotion ?? '',
          confidence,
          ...byLabel(labels, scores),
          '',
          '',
        ]),
      );
    },
  };
}

/**
 * For people: of each file a line about it, a strip of it over time, a table of its segments, and what they sum up to.
 *
 * @param columns width of the terminal (80 where that is not known)
 */
export function timelineView(
  labels: readonly string[],
  { columns = 80, paint }: { columns?: number | undefined; paint: Paint },
): Report<Timeline> {
  const table = segmentTable(labels, paint);
  const strip = stripWithLegend(labels, { columns, paint });
  let isFirst = true;

  const view = ({ durationSec, segments, summary }: Timeline): string[] => {
    const { speechSec } = summary;
    const voice = describeKnownVoice(segments.at(-1)?.knownVoice);
    const timeWidth = clock(durationSec, 1).length;
    return [
      `${duration(durationSec)}, of which speech ${duration(speechSec)} (${percent(speechSec / durationSec)})`,
      ...(voice === undefined ? [] : [voice]),
      '',
      ...strip(segments, durationSec),
      '',
      table.title(timeWidth),
      ...segments.map((segment) => table.row(segment, timeWidth)),
      '',
      ...summaryText(summary, table.nameWidth),
    ];
  };

  return {
    header: [],
    lines(outcome) {
      const gap = isFirst ? [] : [''];
      isFirst = false;
      const { file } = outcome;
      if ('error' in outcome) return [...gap, `${file}  ${outcome.error.code}: ${outcome.error.message}`];
      const { segments, durationSec } = outcome;
      if (segments.length === 0) return [...gap, `${file}  ${duration(durationSec)}, nobody speaks`];
      const [about, ...rest] = view(outcome);
      return [...gap, `${file}  ${about}`, ...rest.map((line) => (line === '' ? '' : `  ${line}`))];
    },
  };
}

function stripWithLegend(
  labels: readonly string[],
  { columns, paint }: { columns: number; paint: Paint },
): (segments: readonly Segment[], durationSec: number) => string[] {
  const letters = lettersOf(labels);
  return (segments, durationSec) => {
    const indent = clock(durationSec).length + 2;
    const width = Math.max(10, columns - 2 - indent);
    const { rows, stepSec } = drawStrip(segments, durationSec, { letters, width, paint });
    const said = labels.filter((label) => segments.some(({ emotion }) => emotion === label));
    const legend = said.map((label) => `${paint(label, letters.get(label)!)} ${label}`).join('  ');
    const scale = `a column is ${stepSec} s; small letters are uncertain, dots are pauses`;
    return [...rows, `${' '.repeat(indent)}${legend}`, `${' '.repeat(indent)}${scale}`];
  };
}

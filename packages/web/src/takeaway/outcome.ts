import type { Segment, Verdict } from '@mars/core';
import type { Analysis } from '../engine/engine.ts';

/** What came of one recording, as far as it can be taken away. */
export interface Outcome {
  readonly name: string;
  readonly analysis?: Analysis | undefined;
  readonly failure?: { readonly code: string; readonly message: string } | undefined;
}

/** The outcome as `mars classify --json --timeline` prints it: one object on one line. */
export function jsonLine({ name, analysis, failure }: Outcome): string {
  const file = name;
  return JSON.stringify(analysis ? { file, ...analysis.timeline } : { file, error: failure });
}

/** All outcomes, one line each. */
export function jsonLines(outcomes: readonly Outcome[]): string {
  return outcomes.map((outcome) => `${jsonLine(outcome)}\n`).join('');
}

/** As `mars classify --csv --timeline`: a row per segment, a column per label in the model's order. */
export function segmentCsv(outcomes: readonly Outcome[], labels: readonly string[]): string {
  const columns = ['startSec', 'endSec', 'verdict', 'emotion', 'confidence'];
  return csv(columns, labels, outcomes, ({ timeline }) =>
    timeline.segments.map((segment) => [segment.startSec, segment.endSec, ...heard(segment, labels)]),
  );
}

/** As `mars classify --csv`: a row per recording. */
export function recordingCsv(outcomes: readonly Outcome[], labels: readonly string[]): string {
  const columns = ['durationSec', 'verdict', 'emotion', 'confidence'];
  return csv(columns, labels, outcomes, ({ durationSec, verdict }) => [
    [durationSec, ...heard(verdict, labels)],
  ]);
}

type Field = string | number;

function csv(
  columns: readonly string[],
  labels: readonly string[],
  outcomes: readonly Outcome[],
  rowsOf: (analysis: Analysis) => Field[][],
): string {
  const header = ['file', ...columns, ...labels, 'errorCode', 'errorMessage'];
  const blank = [...columns, ...labels].map(() => '');
  const rows = outcomes.flatMap(({ name, analysis, failure }) =>
    analysis
      ? rowsOf(analysis).map((row) => [name, ...row, '', ''])
      : [[name, ...blank, failure?.code ?? '', failure?.message ?? '']],
  );
  return [header, ...rows].map((row) => `${row.map(csvField).join(',')}\n`).join('');
}

function heard(
  {
    verdict,
    emotion,
    confidence,
    scores,
  }: Pick<Verdict | Segment, 'verdict' | 'emotion' | 'confidence' | 'scores'>,
  labels: readonly string[],
): Field[] {
  const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
  return [verdict, emotion ?? '', confidence, ...labels.map((label) => scoreOf.get(label) ?? '')];
}

/** RFC 4180. */
function csvField(value: Field): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

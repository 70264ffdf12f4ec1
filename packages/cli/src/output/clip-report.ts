import type { Verdict } from '@mars/core';
import { byLabel, csvRow } from './csv.ts';
import type { Report } from './outcome.ts';
import { bar, BAR_WIDTH, duration, percent, shorten } from './text.ts';

/** A row per file, a column per label in the model's order. */
export function clipCsv(labels: readonly string[]): Report<Verdict> {
  const heard = ['file', 'durationSec', 'verdict', 'emotion', 'confidence'];
  const blank = [...heard.slice(1), ...labels].map(() => '');
  return {
    header: [csvRow([...heard, ...labels, 'errorCode', 'errorMessage'])],
    lines(outcome) {
      if ('error' in outcome) {
        const { code, message } = outcome.error;
        return [csvRow([outcome.file, ...blank, code, message])];
      }
      const { file, durationSec, verdict, emotion, confidence, scores } = outcome;
      return [
        csvRow([file, durationSec, verdict, emotion ?? '', confidence, ...byLabel(labels, scores), '', '']),
      ];
    },
  };
}

const MAX_FILE_WIDTH = 48;

/**
 * A table for people.
 *
 * @param files all that will be reported: they set the width of the first column
 * @param top labels to show, the recognised one among them
 * @param notes lines above the table
 */
export function clipTable(
  files: readonly string[],
  labels: readonly string[],
  { top, notes = [] }: { top: number; notes?: readonly string[] },
): Report<Verdict> {
  const longest = files.reduce((width, file) => Math.max(width, file.length), 4);
  const fileWidth = Math.min(MAX_FILE_WIDTH, longest);
  const labelWidth = Math.max(...[...labels, 'no speech', 'emotion'].map((label) => label.length)) + 1;
  const row = (file: string, length: string, emotion: string, rest: string) =>
    `${shorten(file, fileWidth).padEnd(fileWidth)}  ${length.padStart(8)}  ${emotion.padEnd(labelWidth)}  ${rest}`.trimEnd();
  const confidenceTitle = 'confidence'.padEnd(BAR_WIDTH + 5);
  return {
    header: [...notes, row('file', 'length', 'emotion', `${confidenceTitle}${top > 1 ? '  next' : ''}`)],
    lines(outcome) {
      if ('error' in outcome) {
        const { code, message } = outcome.error;
        return [`${shorten(outcome.file, fileWidth).padEnd(fileWidth)}  ${code}: ${message}`];
      }
      const { file, durationSec, verdict, emotion, confidence, scores } = outcome;
      const length = duration(durationSec);
      if (verdict === 'no-speech') return [row(file, length, 'no speech', '')];
      const next = scores.slice(1, top).map(({ label, score }) => `${label} ${percent(score)}`);
      const name = verdict === 'uncertain' ? `${emotion}?` : `${emotion}`;
      const sure = `${bar(confidence)} ${percent(confidence).padStart(4)}`;
      return [row(file, length, name, `${sure}  ${next.join(', ')}`)];
    },
  };
}

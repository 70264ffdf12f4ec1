import { type ErrorCode, MarsError, type Verdict } from '@mars/core';

/** What came of one file. */
export type Outcome =
  | ({ readonly file: string } & Verdict)
  | { readonly file: string; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Turns outcomes into the lines that a reader (or a program) gets. */
export interface Report {
  /** Printed once, before the first outcome. */
  readonly header?: string;
  readonly line: (outcome: Outcome) => string;
}

/** One JSON object per line and file. */
export function jsonReport(): Report {
  return { line: (outcome) => JSON.stringify(outcome) };
}

/** Comma-separated values (RFC 4180): a column per label, in the model's order. */
export function csvReport(labels: readonly string[]): Report {
  const columns = [
    'file',
    'durationSec',
    'verdict',
    'emotion',
    'confidence',
    ...labels,
    'errorCode',
    'errorMessage',
  ];
  return {
    header: columns.map(csvField).join(','),
    line(outcome) {
      if ('error' in outcome) {
        const blank = labels.map(() => '');
        const { code, message } = outcome.error;
        return [outcome.file, '', '', '', '', ...blank, code, message].map(csvField).join(',');
      }
      const { file, durationSec, verdict, emotion, confidence, scores } = outcome;
      const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
      const byLabel = labels.map((label) => scoreOf.get(label) ?? '');
      return [file, durationSec, verdict, emotion ?? '', confidence, ...byLabel, '', '']
        .map(csvField)
        .join(',');
    },
  };
}

function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const BAR_WIDTH = 10;
const MAX_FILE_WIDTH = 48;

/**
 * A table for people.
 *
 * @param files all that will be reported: they set the width of the first column
 * @param top labels to show, the recognised one among them
 */
export function tableReport(files: readonly string[], labels: readonly string[], top: number): Report {
  const fileWidth = Math.min(MAX_FILE_WIDTH, Math.max(4, ...new Set(files.map((file) => file.length))));
  const labelWidth = Math.max(...[...labels, 'no speech', 'emotion'].map((label) => label.length)) + 1;
  const row = (file: string, length: string, emotion: string, rest: string) =>
    `${shorten(file, fileWidth).padEnd(fileWidth)}  ${length.padStart(8)}  ${emotion.padEnd(labelWidth)}  ${rest}`.trimEnd();
  return {
    header: row(
      'file',
      'length',
      'emotion',
      `${'confidence'.padEnd(BAR_WIDTH + 5)}${top > 1 ? '  next' : ''}`,
    ),
    line(outcome) {
      if ('error' in outcome) {
        const { code, message } = outcome.error;
        return `${shorten(outcome.file, fileWidth).padEnd(fileWidth)}  ${code}: ${message}`;
      }
      const { file, durationSec, verdict, emotion, confidence, scores } = outcome;
      const length = duration(durationSec);
      if (verdict === 'no-speech') return row(file, length, 'no speech', '');
      const next = scores.slice(1, top).map(({ label, score }) => `${label} ${percent(score)}`);
      const name = verdict === 'uncertain' ? `${emotion}?` : `${emotion}`;
      return row(
        file,
        length,
        name,
        `${bar(confidence)} ${percent(confidence).padStart(4)}  ${next.join(', ')}`,
      );
    },
  };
}

/** Eighths of a block, so that ten characters show eighty steps. */
function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  const partial = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
  return ('█'.repeat(Math.floor(eighths / 8)) + partial).padEnd(BAR_WIDTH, '·');
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** 2.4 s, 12:05, 1:00:00 */
function duration(durationSec: number): string {
  if (durationSec < 60) return `${durationSec.toFixed(1)} s`;
  const total = Math.round(durationSec);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const clock = `${minutes}:${String(seconds).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${clock.padStart(5, '0')}` : clock;
}

/** Keeps both ends of a long path: the folder it is from, and the name. */
function shorten(path: string, width: number): string {
  if (path.length <= width) return path;
  const tail = Math.ceil((width - 1) * 0.7);
  return `${path.slice(0, width - 1 - tail)}…${path.slice(-tail)}`;
}

/** The outcome of a file that could not be worked on. A fault of MARS itself must not stop the other files either. */
export function failure(file: string, error: unknown): Outcome {
  if (error instanceof MarsError) return { file, error: { code: error.code, message: error.message } };
  const said = error instanceof Error ? error.message : String(error);
  return {
    file,
    error: {
      code: 'INTERNAL',
      message: `MARS itself failed (${said}). Please report it, with the recording.`,
    },
  };
}

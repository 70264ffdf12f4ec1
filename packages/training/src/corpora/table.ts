import { readFile } from 'node:fs/promises';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { MarsError } from '@mars/core';
import { UNKNOWN_SPEAKER, type Clip } from './clip.ts';
import { findLabelMap, resolveLabels } from './labels.ts';

const REQUIRED = ['file', 'emotion', 'speaker'] as const;

/** What else a table may say; further columns are its own affair. */
const OPTIONAL = ['intensity', 'statement', 'repetition', 'channel', 'gender', 'corpus'] as const;

type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number];

/** One row, with the line it stands on; an empty cell is ''. */
interface Row {
  readonly line: number;
  readonly cells: Readonly<Record<Column, string>>;
}

const CHANNELS: Readonly<Record<string, Clip['channel']>> = { '': undefined, speech: 'speech', song: 'song' };
const GENDERS: Readonly<Record<string, Clip['gender']>> = {
  '': undefined,
  female: 'female',
  f: 'female',
  male: 'male',
  m: 'male',
};

/** Whether a path is a table by its name: .csv, .jsonl or .ndjson. */
export function isTable(path: string): boolean {
  return /^\.(csv|jsonl|ndjson)$/i.test(extname(path));
}

/**
 * The clips that a table lists, in the order of their ids. Columns (CSV with a header line) or keys (one JSON object per
 * line): file, emotion, speaker, and where known intensity, statement, repetition, channel, gender, corpus. Paths are
 * relative to the table. An empty speaker means that nobody knows who speaks (`UNKNOWN_SPEAKER`). Labels that are none of
 * the eight emotions need a label map (labels.json beside the table, or `labels`).
 *
 * Errors: `CORPUS_INVALID` naming table and line; `CONFIG_INVALID` for a broken label map.
 *
 * @example
 * const clips = await readTable('mine', '/data/mine.csv');
 * clips[0].id; // 'clips/a.wav'
 */
export async function readTable(
  name: string,
  table: string,
  { labels }: { labels?: string } = {},
): Promise<Clip[]> {
  const path = resolve(table);
  const folder = dirname(path);
  const rows = await readRows(path);
  if (rows.length === 0) throw invalid(path, 'it has no rows; at least one clip was expected.');
  const map = await findLabelMap(folder, labels);
  const emotionOf = resolveLabels(
    rows.map(({ cells }) => cells.emotion),
    map,
    path,
  );

  const lineOf = new Map<string, number>();
  const clips: Clip[] = [];
  for (const { line, cells } of rows) {
    if (cells.file === '') throw invalid(path, `line ${line} names no file.`);
    const file = resolve(folder, cells.file);
    if (lineOf.has(file)) {
      throw invalid(path, `lines ${lineOf.get(file)} and ${line} name the same file, ${cells.file}.`);
    }
    lineOf.set(file, line);
    const channel = choice(CHANNELS, cells.channel, path, line, 'channel', 'speech or song');
    const gender = choice(GENDERS, cells.gender, path, line, 'gender', 'female or male');
    const emotion = emotionOf(cells.emotion);
    if (emotion === null) continue;
    clips.push({
      file,
      id: relative(folder, file).split(sep).join('/'),
      corpus: cells.corpus || name,
      speaker: cells.speaker || UNKNOWN_SPEAKER,
      emotion,
      intensity: cells.intensity || undefined,
      statement: cells.statement || undefined,
      repetition: wholeNumber(cells.repetition, path, line),
      channel,
      gender,
    });
  }
  if (clips.length === 0) throw invalid(path, 'its label map leaves every clip out.');
  return clips.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function readRows(path: string): Promise<Row[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'it does not exist.' : `it cannot be read (${code}).`;
    throw invalid(path, what, cause);
  }
  return /\.csv$/i.test(path) ? parseCsv(path, text) : parseJsonLines(path, text);
}

async function parseCsv(path: string, text: string): Promise<Row[]> {
  const { parse } = await import('csv-parse/sync');
  let records: { record: Record<string, string>; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      columns: checkColumns(path),
      info: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (cause) {
    if (cause instanceof MarsError) throw cause;
    throw invalid(path, `it is no CSV: ${(cause as Error).message}.`, cause);
  }
  return records.map(({ record, info }) => ({ line: info.lines, cells: toCells(record) }));
}

/** Column names of any case, so that `File,Emotion` is as good. */
function checkColumns(path: string): (header: string[]) => string[] {
  return (header) => {
    const columns = header.map((column) => column.trim().toLowerCase());
    const missing = REQUIRED.filter((column) => !columns.includes(column));
    if (missing.length > 0) {
      throw invalid(
        path,
        `its first line (${header.join(', ')}) lacks ${missing.join(', ')}. Columns: ${REQUIRED.join(', ')}, and where ` +
          `known ${OPTIONAL.join(', ')}. Leave the cells of speaker empty where nobody knows who speaks.`,
      );
    }
    return columns;
  };
}

function parseJsonLines(path: string, text: string): Row[] {
  const rows: Row[] = [];
  for (const [index, content] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    let record: unknown;
    try {
      record = JSON.parse(content);
    } catch (cause) {
      throw invalid(path, `line ${line} is no JSON: ${(cause as Error).message}.`, cause);
    }
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw invalid(path, `line ${line} is no JSON object.`);
    }
    const missing = REQUIRED.filter((key) => !Object.hasOwn(record, key));
    if (missing.length > 0) {
      throw invalid(
        path,
        `line ${line} lacks ${missing.join(', ')}; a speaker that nobody knows is "" or null.`,
      );
    }
    rows.push({ line, cells: toCells(record as Record<string, unknown>) });
  }
  return rows;
}

function toCells(record: Record<string, unknown>): Row['cells'] {
  const cell = (column: Column) => {
    const value = record[column] ?? '';
    return typeof value === 'string' ? value.trim() : JSON.stringify(value);
  };
  return Object.fromEntries(
    [...REQUIRED, ...OPTIONAL].map((column) => [column, cell(column)]),
  ) as Row['cells'];
}

function choice<Value>(
  values: Readonly<Record<string, Value>>,
  cell: string,
  path: string,
  line: number,
  column: Column,
  expected: string,
): Value {
  const key = cell.toLowerCase();
  if (Object.hasOwn(values, key)) return values[key];
  throw invalid(path, `line ${line} has the ${column} "${cell}"; ${expected} was expected, or nothing.`);
}

function wholeNumber(cell: string, path: string, line: number): number | undefined {
  if (cell === '') return undefined;
  if (/^[1-9]\d*$/.test(cell)) return Number(cell);
  throw invalid(
    path,
    `line ${line} has the repetition "${cell}"; a whole number from 1 was expected, or nothing.`,
  );
}

function invalid(path: string, what: string, cause?: unknown): MarsError {
  return new MarsError('CORPUS_INVALID', `The table ${path} cannot be used: ${what}`, { cause });
}

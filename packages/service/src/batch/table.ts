import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { MarsError } from '@mars/core';
import { isUrl } from './download.ts';
import type { PlannedRecording } from './manifest.ts';

/** A row as it was read, with the line it stands on. */
interface Row {
  readonly line: number;
  readonly cells: Readonly<Record<string, unknown>>;
}

/** Whether a path is a table by its name: .csv, .jsonl or .ndjson. */
export function isTable(path: string): boolean {
  return !isUrl(path) && /\.(csv|jsonl|ndjson)$/i.test(path);
}

/**
 * The recordings that a table lists, in its order: CSV with a header line, or one JSON object per line. Columns: `id` (a cell may be empty), and
 * `file` (relative to the table) or `url`; others are its own affair, and come back by joining the result on the id.
 *
 * @throws MarsError `BATCH_INVALID` naming table and line
 *
 * @example
 * await readTable('calls.csv'); // [{ id: '17', file: 'a.wav', path: 'data/a.wav' }, …]
 */
export async function readTable(table: string): Promise<PlannedRecording[]> {
  let text: string;
  try {
    text = (await readFile(table, 'utf8')).replace(/^\uFEFF/, '');
  } catch (cause) {
    throw invalid(table, `it cannot be read (${(cause as Error).message}).`, cause);
  }
  const rows = /\.csv$/i.test(table) ? await parseCsv(table, text) : parseJsonLines(table, text);
  if (rows.length === 0) throw invalid(table, 'it has no rows; at least one recording was expected.');
  return rows.map((row) => toRecording(table, row));
}

function toRecording(table: string, { line, cells }: Row): PlannedRecording {
  const [id, file, url] = ['id', 'file', 'url'].map((column) => text(table, line, cells, column));
  if (!('id' in cells)) throw invalid(table, `line ${line} has no id.`);
  if (url !== undefined && file !== undefined) {
    throw invalid(table, `line ${line} has a file and a url; one of the two was expected.`);
  }
  if (url !== undefined && !isUrl(url)) {
    throw invalid(table, `line ${line} has the url ${url}; one with http: or https: was expected.`);
  }
  const named = url ?? file;
  if (named === undefined) throw invalid(table, `line ${line} has neither a file nor a url.`);
  const path = isUrl(named) || isAbsolute(named) ? named : join(dirname(table), named);
  return { file: named, ...(path !== named && { path }), ...(id !== undefined && { id }) };
}

function text(table: string, line: number, cells: Row['cells'], column: string): string | undefined {
  const cell = cells[column];
  if (cell === undefined || cell === null || cell === '') return undefined;
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number' && column === 'id') return String(cell);
  throw invalid(table, `line ${line} has ${JSON.stringify(cell)} as its ${column}; a text was expected.`);
}

async function parseCsv(table: string, content: string): Promise<Row[]> {
  const { parse } = await import('csv-parse/sync');
  let records: { record: Record<string, string>; info: { lines: number } }[];
  try {
    records = parse(content, {
      columns: (header: string[]) => header.map((column) => column.trim().toLowerCase()),
      info: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (cause) {
    throw invalid(table, `it is no CSV: ${(cause as Error).message}.`, cause);
  }
  return records.map(({ record, info }) => ({ line: info.lines, cells: record }));
}

function parseJsonLines(table: string, content: string): Row[] {
  return content.split('\n').flatMap((each, index) => {
    if (each.trim() === '') return [];
    const line = index + 1;
    let cells: unknown;
    try {
      cells = JSON.parse(each);
    } catch (cause) {
      throw invalid(table, `line ${line} is no JSON: ${(cause as Error).message}.`, cause);
    }
    if (typeof cells !== 'object' || cells === null || Array.isArray(cells)) {
      throw invalid(table, `line ${line} is no JSON object.`);
    }
    return [{ line, cells: cells as Row['cells'] }];
  });
}

function invalid(table: string, what: string, cause?: unknown): MarsError {
  return new MarsError(
    'BATCH_INVALID',
    `The table ${table}: ${what} Columns: id, and file (a path, relative to the table) or url.`,
    { cause },
  );
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type Json } from '@duckdb/node-api';
import { MarsError } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLocally } from '../src/batch/local.ts';
import { planBatch } from '../src/batch/plan.ts';
import { readTable } from '../src/batch/table.ts';
import { pretendToHear, readLines, TEST_MODEL, type Line } from './batch-fixture.ts';

/** The queries of docs/batch.md, asked of a result. */
const guide = await readFile(join(import.meta.dirname, '../../../docs/batch.md'), 'utf8');
const queries = [...guide.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql);

const TOPICS = ['billing', 'delivery', 'returns'];
const DAYS = ['2026-03-02', '2026-03-03'];

const folder = await mkdtemp(join(tmpdir(), 'mars-queries-'));
afterAll(() => rm(folder, { recursive: true }));
const calls = Array.from({ length: 120 }, (_, index) => ({
  id: `call-${index}`,
  file: `${index}.wav`,
  topic: TOPICS[index % 3],
  day: DAYS[index % 2],
}));
let lines: Line[];

beforeAll(async () => {
  const table = join(folder, 'calls.csv');
  const rows = calls.map(({ id, file, topic, day }) => `${id},${file},${topic},${day}`);
  await writeFile(table, `id,file,topic,day\n${rows.join('\n')}\n`);
  const result = join(folder, 'result');
  const manifest = await planBatch(result, {
    inputs: [table],
    recordings: await readTable(table),
    base: folder,
    model: TEST_MODEL,
    shardSize: 25,
  });
  const hear = pretendToHear();
  await runLocally({
    folder: result,
    manifest,
    async classify(recording, signal) {
      if (recording.file === '7.wav') throw new MarsError('FILE_NOT_FOUND', 'There is no such file.');
      const heard = await hear(recording, signal);
      if ('channels' in heard) return heard;
      // Spread over some minutes.
      const shift = (sec: number) => sec * 37;
      const segments = heard.segments.map((each) => ({
        ...each,
        startSec: shift(each.startSec),
        endSec: shift(each.startSec) + 1.5,
      }));
      return { ...heard, segments };
    },
  });
  lines = await readLines(result);
});

async function ask(sql: string): Promise<Record<string, Json>[]> {
  const here = sql
    .replaceAll("'result/", `'${folder}/result/`)
    .replaceAll("'calls.csv'", `'${folder}/calls.csv'`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(here);
    return reader.getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test('there are three', () => {
  expect(queries).toHaveLength(3);
});

test('the share of each emotion by topic and day', async () => {
  const rows = await ask(queries[0]);
  const length = (some: readonly Line[]) =>
    some.reduce((sum, line) => sum + Number(line['end_sec']) - Number(line['start_sec']), 0);
  for (const topic of TOPICS) {
    for (const day of DAYS) {
      const ids = new Set(
        calls.filter((call) => call.topic === topic && call.day === day).map(({ id }) => id),
      );
      const spoken = lines.filter(({ id, verdict }) => ids.has(String(id)) && verdict === 'emotion');
      const shares = Object.fromEntries(
        [...Map.groupBy(spoken, ({ emotion }) => String(emotion))].map(([emotion, some]) => [
          emotion,
          expect.closeTo(length(some) / length(spoken), 9) as number,
        ]),
      );
      const found = rows.filter((row) => row['topic'] === topic && row['day'] === day);
      expect(Object.fromEntries(found.map((row) => [row['emotion'], row['share']]))).toEqual(shares);
    }
  }
});

test('the ten angriest minutes', async () => {
  const rows = await ask(queries[1]);
  const minutes = Map.groupBy(
    lines.filter(({ verdict }) => verdict === 'emotion'),
    (line) => `${line.file} ${Math.floor(Number(line['start_sec']) / 60)}`,
  );
  const angriest = [...minutes]
    .map(([minute, some]) => ({
      minute,
      sec: some.reduce(
        (sum, line) =>
          sum + Number(line['score_angry']) * (Number(line['end_sec']) - Number(line['start_sec'])),
        0,
      ),
    }))
    .sort((a, b) => b.sec - a.sec)
    .slice(0, 10);
  expect(rows.map((row) => `${row['file'] as string} ${row['minute'] as number}`)).toEqual(
    angriest.map(({ minute }) => minute),
  );
  expect(rows.map((row) => row['angry_sec'])).toEqual(
    angriest.map(({ sec }) => expect.closeTo(sec, 5) as number),
  );
});

test('what failed, and why', async () => {
  const failed = lines.filter(({ error_code: code }) => code === 'AUDIO_UNREADABLE');
  const [example] = failed.map(({ file }) => file).sort();
  expect(await ask(queries[2])).toEqual([
    {
      error_code: 'AUDIO_UNREADABLE',
      recordings: String(failed.length),
      example,
      message: `${example} is noise; a recording was expected.`,
    },
    { error_code: 'FILE_NOT_FOUND', recordings: '1', example: '7.wav', message: 'There is no such file.' },
  ]);
});

test('which model heard it stands in the file', async () => {
  const rows = await ask(
    "SELECT DISTINCT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('result/parts/00000/*.parquet') WHERE decode(key) LIKE 'mars.model%' ORDER BY key",
  );
  expect(rows).toEqual([
    { key: 'mars.model', value: TEST_MODEL.name },
    { key: 'mars.model.sha256', value: TEST_MODEL.sha256 },
  ]);
});

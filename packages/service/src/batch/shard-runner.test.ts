import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMOTIONS, MarsError } from '@mars/core';
import { parquetReadObjects } from 'hyparquet';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { planNames, pretendToHear, readLines, timelineOf, type Line } from '../../test/batch-fixture.ts';
import { runLocally } from './local.ts';
import { completeShards, readReceipts, type Manifest } from './manifest.ts';
import { runShard } from './shard-runner.ts';
import { findDamage, readStatus } from './status.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-shard-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

async function readParquet(shard: string): Promise<Line[]> {
  const bytes = await readFile(join(folder, 'parts', shard, 'segments.parquet'));
  return (await parquetReadObjects({ file: new Uint8Array(bytes).buffer })) as Line[];
}

/** Floats of 32 bits, as Parquet has the scores. */
function rounded(line: Line): Line {
  const short = ([name]: [string, unknown]) => name === 'confidence' || name.startsWith('score_');
  return Object.fromEntries(
    Object.entries(line).map((entry) =>
      short(entry) && typeof entry[1] === 'number' ? [entry[0], Math.fround(entry[1])] : entry,
    ),
  ) as Line;
}

test('a row per segment, at least one per recording, the same in both files', async () => {
  const manifest = await planNames(folder, 60);
  expect(await runShard(0, { folder, manifest, classify: pretendToHear() })).toBe(true);
  const lines = await readLines(folder);
  expect(await readParquet('00000')).toEqual(lines.map(rounded));

  const expected = Array.from({ length: 60 }, (_, index) => `${index}.wav`).flatMap((file): object[] => {
    const heard = timelineOf(file);
    if (heard === undefined)
      return [{ file, error_code: 'AUDIO_UNREADABLE', verdict: null, start_sec: null }];
    const whole = { file, duration_sec: heard.durationSec, error_code: null };
    if (heard.segments.length === 0) {
      return [{ ...whole, verdict: 'no-speech', emotion: null, start_sec: 0, end_sec: heard.durationSec }];
    }
    return heard.segments.map(({ startSec, endSec, emotion, scores }) => ({
      ...whole,
      start_sec: startSec,
      end_sec: endSec,
      emotion,
      ...Object.fromEntries(scores.map(({ label, score }) => [`score_${label}`, score])),
    }));
  });
  expect(lines).toMatchObject(expected);
  expect(Object.keys(lines[0]).join(' ')).toBe(
    'id file channel start_sec end_sec duration_sec verdict emotion confidence ' +
      `${EMOTIONS.map((label) => `score_${label}`).join(' ')} error_code error_message`,
  );
  const failed = lines.filter(({ error_code: code }) => code !== null).length;
  expect(failed).toBeGreaterThan(0);
  expect(await readReceipts(folder)).toMatchObject([
    {
      recordings: 60,
      rows: lines.length,
      failed,
      errors: { AUDIO_UNREADABLE: failed },
      audioSec: (60 - failed) * 8,
    },
  ]);
});

test('two sides of a call, and the id of its table', async () => {
  const manifest = await planNames(folder, 1, { recordings: [{ file: 'call.wav', id: '17' }] });
  const silent = { ...timelineOf('1.wav')!, segments: [] };
  const spoken = timelineOf(
    ['2.wav', '3.wav', '4.wav', '5.wav'].find((file) => timelineOf(file)?.segments.length)!,
  )!;
  await runShard(0, { folder, manifest, classify: async () => ({ channels: [silent, spoken] }) });
  const lines = await readLines(folder);
  expect(lines.map(({ id, channel, verdict }) => [id, channel, verdict])).toEqual([
    ['17', 1, 'no-speech'],
    ...spoken.segments.map(() => ['17', 2, 'emotion']),
  ]);
  expect((await readReceipts(folder))[0].audioSec).toBe(8);
});

test('many recordings at a time come out in the order of the plan', async () => {
  const manifest = await planNames(folder, 20);
  let [running, most] = [0, 0];
  await runShard(0, {
    folder,
    manifest,
    concurrency: 5,
    async classify(recording, signal) {
      most = Math.max(most, ++running);
      try {
        const delayMs = 20 - Number.parseInt(recording.file);
        return await pretendToHear({ delayMs })(recording, signal);
      } finally {
        running--;
      }
    },
  });
  expect(most).toBe(5);
  const files = (await readLines(folder)).map(({ file }) => Number.parseInt(file));
  expect(files).toEqual([...files].sort((a, b) => a - b));
  expect(new Set(files).size).toBe(20);
});

test('of several at one shard, the first is kept; nothing unfinished is left', async () => {
  const manifest = await planNames(folder, 6);
  const runs = [3, 1, 2].map((delayMs) =>
    runShard(0, { folder, manifest, classify: pretendToHear({ delayMs }) }),
  );
  expect((await Promise.all(runs)).filter(Boolean)).toHaveLength(1);
  expect(await readdir(join(folder, 'parts'))).toEqual(['00000']);
  expect(await readdir(join(folder, 'unfinished'))).toEqual([]);

  expect(await findDamage(folder)).toEqual([]);
  // Nobody hears again what is there.
  const heard: string[] = [];
  expect(
    await runShard(0, { folder, manifest, classify: pretendToHear({ heard: (file) => heard.push(file) }) }),
  ).toBe(false);
  expect(heard).toEqual([]);
});

test('a fault of MARS itself is a row, too', async () => {
  const manifest = await planNames(folder, 1);
  const classify = async () => {
    throw new TypeError('x is not a function');
  };
  await runShard(0, { folder, manifest, classify });
  expect(await readLines(folder)).toMatchObject([{ error_code: 'INTERNAL' }]);
});

test('what every recording would have ends the work, and writes nothing', async () => {
  const manifest = await planNames(folder, 10, { shardSize: 5 });
  const heard: string[] = [];
  const classify = async ({ file }: { file: string }) => {
    heard.push(file);
    throw new MarsError('CONFIG_INVALID', 'hopSec is 99.');
  };
  await expect(runLocally({ folder, manifest, classify, concurrency: 2 })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
  expect(heard.length).toBeLessThanOrEqual(2);
  expect((await completeShards(folder)).size).toBe(0);
});

test('stopped in the middle, it goes on with the shard it was at', async () => {
  const manifest = await planNames(folder, 40, { shardSize: 5 });
  const heard: string[] = [];
  const stop = new AbortController();
  const hear = (file: string) => {
    if (heard.push(file) === 23) stop.abort();
  };
  const options = { folder, manifest, concurrency: 1 };
  await expect(
    runLocally({ ...options, classify: pretendToHear({ heard: hear }), signal: stop.signal }),
  ).rejects.toThrow(/abort/i);
  expect(await readStatus(folder)).toMatchObject({
    shards: { done: 4 },
    recordings: { done: 20 },
    isDone: false,
  });
  await runLocally({ ...options, classify: pretendToHear({ heard: (file) => heard.push(file) }) });
  await expectAll(manifest);
  // Those of its shard again, and no others.
  expect(heard).toHaveLength(40 + 3);
});

async function expectAll(manifest: Manifest): Promise<void> {
  const files = new Set((await readLines(folder)).map(({ file }) => file));
  expect(files.size).toBe(manifest.recordings);
  expect((await readStatus(folder)).isDone).toBe(true);
}

test('a status of nothing, of half, of all', async () => {
  const manifest = await planNames(folder, 20, { shardSize: 10 });
  expect(await readStatus(folder)).toMatchObject({
    rows: 0,
    leftSec: null,
    recordingsPerSec: null,
    isDone: false,
  });
  await runShard(1, { folder, manifest, classify: pretendToHear({ delayMs: 5 }) });
  const half = await readStatus(folder);
  expect(half).toMatchObject({ recordings: { total: 20, done: 10 }, shards: { total: 2, done: 1 } });
  // As many are left as are done.
  expect(half.leftSec).toBeCloseTo(half.workedSec, 6);
  await runShard(0, { folder, manifest, classify: pretendToHear({ delayMs: 5 }) });
  expect(await readStatus(folder)).toMatchObject({ isDone: true, leftSec: 0 });
});

test('damage is found', async () => {
  const manifest = await planNames(folder, 4, { shardSize: 2 });
  await runLocally({ folder, manifest, classify: pretendToHear() });
  const path = join(folder, 'parts/00001/segments.jsonl');
  await writeFile(path, 'x', { flag: 'a' });
  await rm(join(folder, 'parts/00000/segments.parquet'));
  expect((await findDamage(folder)).sort()).toEqual([join(folder, 'parts/00000/segments.parquet'), path]);
});

test('a disk that takes nothing is said, and no part is there', async () => {
  const manifest = await planNames(folder, 1);
  await rm(join(folder, 'unfinished'), { recursive: true, force: true });
  await writeFile(join(folder, 'unfinished'), 'a file where a folder should be');
  await expect(runShard(0, { folder, manifest, classify: pretendToHear() })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('cannot be written'),
  });
  expect((await completeShards(folder)).size).toBe(0);
});

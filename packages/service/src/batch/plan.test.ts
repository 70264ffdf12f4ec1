import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { planNames, TEST_MODEL } from '../../test/batch-fixture.ts';
import { missingShards, readManifest, readShard } from './manifest.ts';
import { checkPlan, planBatch } from './plan.ts';

let folder: string;
beforeEach(async () => {
  const parent = await mkdtemp(join(tmpdir(), 'mars-plan-'));
  folder = join(parent, 'out');
  onTestFinished(() => rm(parent, { recursive: true }));
});

const BASE = { inputs: ['x'], base: '/calls', model: TEST_MODEL };

test('every recording is in one shard, in the order in which it came', async () => {
  const manifest = await planNames(folder, 7, { shardSize: 3 });
  expect(manifest.shards.map(({ recordings }) => recordings)).toEqual([3, 3, 1]);
  const shards = await Promise.all([0, 1, 2].map((shard) => readShard(folder, manifest, shard)));
  expect(shards.flat().map(({ file }) => file)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `${n}.wav`));
  expect(await missingShards(folder, manifest)).toEqual([0, 1, 2]);
});

test('a plan is made once: later ones get the first, or are refused', async () => {
  const [one, other] = await Promise.all([planNames(folder, 5), planNames(folder, 5)]);
  expect(one).toEqual(other);
  // The inputs have changed on the disk meanwhile: nobody looks there.
  expect(await planNames(folder, 6)).toEqual(one);
  expect(await readManifest(folder)).toEqual(one);
  await expect(planNames(folder, 5, { options: { hopSec: 1 } })).rejects.toMatchObject({
    code: 'BATCH_INVALID',
  });
});

test.each([
  [{ inputs: ['y'] }, 'the inputs x, and y'],
  [{ modelSha256: 'f00' }, 'the model none'],
  [{ options: { hopSec: 1 } }, 'hopSec (not given), and 1'],
  [{ options: { channels: 'mix' as const } }, 'channels split, and mix'],
  [{ shardSize: 3 }, 'shards of 2, and 3'],
])('%j is not what was planned', async (asked, message) => {
  const manifest = await planNames(folder, 5, {
    inputs: ['x'],
    shardSize: 2,
    options: { channels: 'split' },
  });
  expect(() => checkPlan(folder, manifest, asked)).toThrow(message);
  expect(() => checkPlan(folder, manifest, asked)).toThrow('begin anew with another --out');
});

test('what is not said is as it was planned', async () => {
  const manifest = await planNames(folder, 5, { options: { channels: 'split' } });
  const same = { inputs: [], options: { channels: 'split' as const }, modelSha256: TEST_MODEL.sha256 };
  for (const asked of [{}, { options: {} }, same])
    expect(() => checkPlan(folder, manifest, asked)).not.toThrow();
});

test('a recording counts once, however it is spelt', async () => {
  const recordings = ['a.wav', './a.wav', '/calls/a.wav', 'b.wav', 'https://x/a.wav', 'https://x/a.wav'];
  const manifest = await planBatch(folder, { ...BASE, recordings: recordings.map((file) => ({ file })) });
  expect((await readShard(folder, manifest, 0)).map(({ file }) => file)).toEqual([
    'a.wav',
    'b.wav',
    'https://x/a.wav',
  ]);
});

test.each([
  [
    [
      { file: 'a.wav', id: '1' },
      { file: './a.wav', id: '2' },
    ],
  ],
  [[{ file: 'a.wav' }, { file: 'a.wav', id: '2' }]],
  [
    [
      { file: 'a.wav', path: 'x/a.wav', id: '1' },
      { file: 'a.wav', path: 'y/a.wav', id: '2' },
    ],
  ],
])('%j has two rows for one key', async (recordings) => {
  await expect(planBatch(folder, { ...BASE, recordings })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('nothing, and shards of nothing', async () => {
  await expect(planBatch(folder, { ...BASE, recordings: [] })).rejects.toMatchObject({ code: 'NO_INPUT' });
  await expect(planNames(folder, 1, { shardSize: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(planNames(folder, 1, { shardSize: 2001 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a plan that was written to is none', async () => {
  const manifest = await planNames(folder, 2);
  await writeFile(join(folder, 'plan/00000.jsonl'), '{"file":"other.wav"}\n');
  await expect(readShard(folder, manifest, 0)).rejects.toMatchObject({ code: 'BATCH_INVALID' });
  const text = await readFile(join(folder, 'plan/manifest.json'), 'utf8');
  await writeFile(join(folder, 'plan/manifest.json'), text.replace('"version": 1', '"version": 2'));
  await expect(readManifest(folder)).rejects.toMatchObject({ code: 'BATCH_INVALID' });
  await expect(readManifest(join(folder, 'plan'))).rejects.toThrow('is no batch');
});

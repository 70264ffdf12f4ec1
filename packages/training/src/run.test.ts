import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { LABELS, tinyConfig } from '../test/synthetic-corpus.ts';
import type { Clip } from './corpora/clip.ts';
import { describeRun, RunFolder, type EpochRecord } from './run.ts';

const root = await mkdtemp(join(tmpdir(), 'mars-run-'));
afterAll(() => rm(root, { recursive: true }));

let count = 0;
let folder: RunFolder;
beforeEach(() => {
  folder = new RunFolder(join(root, `run ${count++}`));
});

const clip = (id: string, contentHash = `content of ${id}`): Clip => ({
  file: `/${id}`,
  id,
  corpus: 'ravdess',
  speaker: 'Actor_01',
  emotion: 'calm',
  contentHash,
});
const fold = { name: 'seed', train: [clip('a'), clip('b')], validation: [clip('c')], test: [clip('d')] };
const description = describeRun(tinyConfig(), 'seed', fold, 7, LABELS, 2);
const record = (epoch: number): EpochRecord => ({
  epoch,
  learningRate: 0.1,
  trainLoss: 1,
  trainAccuracy: 0.5,
  seconds: 1,
});

describe('claim', () => {
  test('a new folder says what it is', async () => {
    await folder.claim(description, { resume: false });
    expect(await folder.description()).toEqual(description);
    expect(description.clips).toEqual({
      train: ['ravdess/a', 'ravdess/b'],
      validation: ['ravdess/c'],
      test: ['ravdess/d'],
    });
  });

  test('a folder in use is taken up only when asked', async () => {
    await folder.claim(description, { resume: true });
    await expect(folder.claim(description, { resume: false })).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining('--resume'),
    });
    await folder.claim(description, { resume: true });
  });

  test('the number of threads, and how an older version ordered the keys, make no other training', async () => {
    await folder.claim(describeRun(tinyConfig(), 'seed', fold, 7, LABELS, 1), { resume: false });
    await folder.claim(description, { resume: true });
    const { threads: _, config, ...rest } = description;
    const reversed = Object.fromEntries(Object.entries(config).reverse());
    await folder.writeJson('run.json', { config: reversed, ...rest });
    await expect(folder.claim(description, { resume: true })).resolves.toBeUndefined();
  });

  test.each([
    ['configuration', describeRun(tinyConfig({ epochs: 4 }), 'seed', fold, 7, LABELS)],
    ['seed', describeRun(tinyConfig(), 'seed', fold, 8, LABELS)],
    ['split', describeRun(tinyConfig(), 'seed', { ...fold, train: fold.test, test: fold.train }, 7, LABELS)],
    [
      'corpus of the same names',
      describeRun(tinyConfig(), 'seed', { ...fold, test: [clip('d', 'other')] }, 7, LABELS),
    ],
  ])('another %s is another training', async (_, other) => {
    await folder.claim(description, { resume: false });
    await expect(folder.claim(other, { resume: true })).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining('holds another training'),
    });
    expect(await folder.description()).toEqual(description);
  });

  test.each(['file', 'file/below'])('where a file lies no run can be: %s', async (path) => {
    await writeFile(join(root, 'file'), 'of someone');
    const blocked = new RunFolder(join(root, path));
    await expect(blocked.claim(description, { resume: false })).rejects.toMatchObject({
      code: 'RUN_INVALID',
    });
    await expect(blocked.create()).rejects.toMatchObject({ code: 'RUN_INVALID' });
    expect(await readFile(join(root, 'file'), 'utf8')).toBe('of someone');
  });

  test('a folder without run.json is no run', async () => {
    await expect(folder.description()).rejects.toMatchObject({ code: 'RUN_INVALID' });
  });
});

test('a checkpoint comes back bit for bit, and no temporary file stays', async () => {
  await folder.create();
  expect(await folder.checkpoint()).toBeUndefined();
  const checkpoint = {
    epoch: 12,
    state: {
      step: 345,
      vectors: { parameters: Float32Array.of(0.1, -2, 3e-30), buffers: new Float32Array(0) },
    },
    normaliser: {
      mean: Float32Array.of(1, 2),
      std: Float32Array.of(3, 4),
      projection: Float32Array.of(5, 6, 7, 8),
    },
  };
  await folder.saveCheckpoint({ ...checkpoint, epoch: 11 });
  await folder.saveCheckpoint(checkpoint);
  expect(await folder.checkpoint()).toEqual(checkpoint);
  expect(await readdir(folder.path)).toEqual(['checkpoint.safetensors']);
});

test('two who sum up a run in the same moment both get through, and leave one whole file', async () => {
  await folder.create();
  const reports = Array.from({ length: 20 }, (_, number) => ({ number, filling: 'x'.repeat(10_000) }));
  await Promise.all(reports.map((report) => folder.writeJson('report.json', report)));
  expect(reports).toContainEqual(await folder.readJson('report.json'));
  expect(await readdir(folder.path)).toEqual(['report.json']);
});

describe('history', () => {
  test('epochs after the checkpoint are forgotten: they will be done again', async () => {
    await folder.create();
    for (const epoch of [1, 2, 3]) await folder.appendHistory(record(epoch));
    await folder.trimHistory(2);
    await folder.appendHistory(record(3));
    expect((await folder.history()).map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  });

  test('a line that a kill cut off is dropped, for good', async () => {
    await folder.create();
    for (const epoch of [1, 2]) await folder.appendHistory(record(epoch));
    await appendFile(join(folder.path, 'history.jsonl'), '{"epoch":3,"learn');
    expect(await folder.history()).toEqual([record(1), record(2)]);
    await folder.trimHistory(2);
    await folder.appendHistory(record(3));
    expect(await folder.history()).toEqual([record(1), record(2), record(3)]);
  });

  test('a new folder has none', async () => {
    expect(await folder.history()).toEqual([]);
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOTIONS, encodeWav } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCorpus } from '../src/corpora/corpora.ts';
import type { Clip } from '../src/corpora/clip.ts';
import { testModel, type Prediction } from '../src/evaluate.ts';
import { runExperiment } from '../src/experiment.ts';
import { exportRun } from '../src/run-export.ts';
import { RunFolder } from '../src/run.ts';
import { openWorkshop, sing, tinyConfig, type Workshop } from './synthetic-corpus.ts';

/** Emotions of the corpus that is tested, by their place among all. */
const SCORED = [3, 4, 5];
const labels = SCORED.map((number) => EMOTIONS[number - 1]);

let workshop: Workshop;
let clips: Clip[];
let model: Uint8Array;
let card: string;
const run = () => join(workshop.folder, 'run');

/** A table of three speakers, whose files are called the same in each speaker's folder. */
async function writeTable(dir: string): Promise<string> {
  const rows = ['file,emotion,speaker'];
  for (const speaker of ['anna', 'bert', 'cleo']) {
    await mkdir(join(dir, speaker), { recursive: true });
    for (const number of SCORED) {
      const file = `${speaker}/${number}.wav`;
      await writeFile(join(dir, file), encodeWav(sing(file, speaker.length, number)));
      rows.push(`${file},${EMOTIONS[number - 1]},${speaker}`);
    }
  }
  const table = join(dir, 'mine.csv');
  await writeFile(table, rows.join('\n'));
  return table;
}

beforeAll(async () => {
  workshop = await openWorkshop();
  clips = [...workshop.clips, ...(await readCorpus('mine', await writeTable(join(workshop.folder, 'mine'))))];
  await runExperiment({
    config: tinyConfig({ epochs: 2 }),
    protocol: 'cross',
    splitOptions: { testCorpus: 'mine' },
    clips,
    seeds: [1],
    out: run(),
    cacheDir: workshop.cacheDir,
    threads: 1,
  });
  ({ model, card } = await exportRun(run()));
});
afterAll(() => workshop[Symbol.asyncDispose]());

test('a model that knows eight emotions chooses among the three of the corpus it is tested on', async () => {
  const folder = new RunFolder(join(run(), 'cross-mine-seed1'));
  const predictions = await folder.readLines<Prediction>('predictions.jsonl');
  expect(predictions).toHaveLength(9);
  for (const { predicted, scores } of predictions) {
    expect(labels).toContain(predicted);
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 9);
    expect(scores.filter((score) => score > 0)).toHaveLength(3);
  }
});

test('tested from its file it says the same, whether one corpus is asked for or all', async () => {
  const folder = new RunFolder(join(run(), 'cross-mine-seed1'));
  const expected = (await folder.readLines<Prediction>('predictions.jsonl')).map(
    ({ predicted }) => predicted,
  );
  for (const testCorpus of ['mine', undefined]) {
    const { fold, predictions } = await testModel(model, 'cross', clips, { testCorpus });
    expect(fold).toBe('cross-mine');
    expect(predictions.map(({ predicted }) => predicted)).toEqual(expected);
  }
});

test('its card says what was trained on, and what the figure is for', () => {
  expect(card).toMatch(/### Protocol `cross`: .*, trained on ravdess\n/);
  expect(card).toContain('`cross` tests a corpus on models that heard none of it');
});

test.each([
  ['without the test corpus', ({ corpus }: Clip) => corpus !== 'mine', 'CORPUS_INVALID'],
  ['without one of its speakers', ({ speaker }: Clip) => speaker !== 'bert', 'TEST_LEAK'],
  [
    'without an emotion to train on',
    ({ corpus, emotion }: Clip) => corpus === 'mine' || emotion !== 'happy',
    'TEST_LEAK',
  ],
] as const)('it is not tested %s', async (_, keep, code) => {
  await expect(testModel(model, 'cross', clips.filter(keep))).rejects.toMatchObject({ code });
});

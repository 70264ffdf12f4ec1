import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS, openWorkshop, tinyConfig, type Workshop } from '../test/synthetic-corpus.ts';
import type { TrainConfig } from './config.ts';
import { extractFeatures } from './features/extract.ts';
import type { FeatureSet } from './features/feature-set.ts';
import { RunFolder, type Checkpoint } from './run.ts';
import type { Fold } from './splits/fold.ts';
import { splitSeed } from './splits/seed.ts';
import { train, type TrainOptions, type TrainProgress } from './train.ts';

let workshop: Workshop;
let fold: Fold;
let features: FeatureSet;
let heldOut: FeatureSet;
const config = tinyConfig();

beforeAll(async () => {
  workshop = await openWorkshop();
  [fold] = splitSeed(workshop.clips);
  const { cacheDir } = workshop;
  features = await extractFeatures(fold.train, config.features, { variants: config.variants, cacheDir });
  heldOut = await extractFeatures(fold.validation, config.features, { cacheDir });
});
afterAll(() => workshop[Symbol.asyncDispose]());

let count = 0;
async function newFolder(): Promise<RunFolder> {
  const folder = new RunFolder(join(workshop.folder, `run ${count++}`));
  await folder.create();
  return folder;
}

/** Trains the tiny recipe in a folder (a new one by default) and returns the folder. */
async function trainTiny(
  options: Partial<TrainOptions> & { changes?: Partial<TrainConfig>; on?: Fold } = {},
): Promise<RunFolder> {
  const { changes, folder = await newFolder(), on = fold, ...rest } = options;
  await train(on, {
    config: tinyConfig(changes),
    labels: LABELS,
    features,
    heldOut,
    seed: 1,
    folder,
    threads: 1,
    ...rest,
  });
  return folder;
}

async function checkpointOf(folder: RunFolder): Promise<Checkpoint> {
  return (await folder.checkpoint())!;
}

describe('the same seed gives the same training', () => {
  let reference: RunFolder;
  beforeAll(async () => {
    reference = await trainTiny();
  });

  test('bit for bit', async () => {
    const again = await trainTiny();
    expect(await checkpointOf(again)).toEqual(await checkpointOf(reference));
  });

  test('and another seed another one', async () => {
    const other = await trainTiny({ seed: 2 });
    const { parameters } = (await checkpointOf(other)).state.vectors;
    expect(parameters).not.toEqual((await checkpointOf(reference)).state.vectors['parameters']);
  });

  test('interrupted in the middle of an epoch and taken up, too', async () => {
    const folder = await newFolder();
    const interruption = new AbortController();
    const onProgress = ({ epoch, step }: TrainProgress) => {
      if (epoch === 2 && step === 4) interruption.abort(new Error('enough'));
    };
    await expect(trainTiny({ folder, onProgress, signal: interruption.signal })).rejects.toThrow('enough');
    expect((await checkpointOf(folder)).epoch).toBe(1);

    const epochs = new Set<number>();
    await trainTiny({ folder, onProgress: ({ epoch }) => epochs.add(epoch) });
    expect([...epochs]).toEqual([2, 3]);
    expect(await checkpointOf(folder)).toEqual(await checkpointOf(reference));
    const losses = async (run: RunFolder) => (await run.history()).map(({ trainLoss }) => trainLoss);
    expect(await losses(folder)).toEqual(await losses(reference));
  });

  test('what is done is not done again', async () => {
    const before = await checkpointOf(reference);
    const steps: TrainProgress[] = [];
    await trainTiny({ folder: reference, onProgress: (progress) => steps.push(progress) });
    expect(steps).toEqual([]);
    expect(await checkpointOf(reference)).toEqual(before);
  });
});

test('it learns: the loss falls, and validation clips are recognised far above chance', async () => {
  const seen: TrainProgress[] = [];
  const folder = await trainTiny({
    changes: { epochs: 12 },
    onProgress: (progress) => seen.push(progress),
  });
  const history = await folder.history();
  expect(history).toHaveLength(12);
  expect(history[11].trainLoss).toBeLessThan(history[0].trainLoss / 3);
  expect(history[11].validationAccuracy).toBeGreaterThan(0.6);
  expect(history[11].learningRate).toBeLessThan(history[1].learningRate / 20);

  // Every step is told, and the time left is that of the steps to come: none after the last.
  const { steps } = seen[0];
  expect(steps).toBe(Math.floor((2 * fold.train.length) / config.batchSize));
  expect(seen.filter(({ record }) => !record)).toHaveLength(12 * steps);
  const left = seen.filter(({ record }) => record).map(({ secondsLeft }) => secondsLeft);
  expect(Math.min(...left.slice(0, -1))).toBeGreaterThan(0);
  expect(left.at(-1)).toBe(0);
});

test('without a validation part nothing is validated', async () => {
  const folder = await trainTiny({ changes: { epochs: 1 }, on: { ...fold, validation: [] } });
  const [record] = await folder.history();
  expect(record.trainLoss).toBeGreaterThan(0);
  expect(record).not.toHaveProperty('validationLoss');
});

test('a training part that does not fill one batch is refused', async () => {
  await expect(trainTiny({ changes: { batchSize: 500 } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/12\d examples.*one batch takes 500/),
  });
});

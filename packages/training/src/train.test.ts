import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createRandom, initialiseParameters } from '@mars/autograd';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS, openWorkshop, tinyConfig, type Workshop } from '../test/synthetic-corpus.ts';
import { buildNetwork } from './architectures/networks.ts';
import type { TrainConfig } from './config.ts';
import { exportTraining, writeModel } from './export.ts';
import { extractFeatures } from './features/extract.ts';
import type { FeatureSet } from './features/feature-set.ts';
import { featureWidth } from './features/settings.ts';
import { refit } from './kernel-training.ts';
import { finalWeights, describeRun, RunFolder, type Checkpoint } from './run.ts';
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
  await folder.claim(describeRun(tinyConfig(changes), 'seed', on, 1, LABELS), { resume: true });
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

describe('a kernel machine', () => {
  const changes: Partial<TrainConfig> = {
    features: { kind: 'yamnet', sampleRate: 16_000, layer: 4, means: true, topDb: 35 },
    frames: 1,
    projection: { components: 6, ridge: 0.3, examples: 1000, gradients: 50 },
    variants: [{ kind: 'original' }],
    network: { kind: 'kernel', centres: 20, ridge: 0.3, sharpness: 10 },
    epochs: 1,
  };
  let all: FeatureSet;
  let fitted: RunFolder;
  beforeAll(async () => {
    all = await extractFeatures([...fold.train, ...fold.validation], changes.features!, {
      cacheDir: workshop.cacheDir,
    });
    fitted = await trainTiny({ changes, features: all, heldOut: all });
  });

  test('is fitted at once, and recognises validation clips far above chance', async () => {
    const [record, ...more] = await fitted.history();
    expect(more).toEqual([]);
    expect(record.trainAccuracy).toBeGreaterThan(0.9);
    expect(record.validationUar).toBeGreaterThan(0.5);
    const again = await trainTiny({ changes, features: all, heldOut: all });
    expect(await checkpointOf(again)).toEqual(await checkpointOf(fitted));
  });

  test('of several ridges takes the one that loses least on the validating clips, also when it is fitted anew', async () => {
    const network = (ridge: number | number[]) => ({ ...changes.network, ridge }) as TrainConfig['network'];
    const choosing = { ...changes, network: network([300, 0.3]) };
    const folder = await trainTiny({ changes: choosing, features: all, heldOut: all });
    expect((await folder.history())[0].ridge).toBe(0.3);
    expect((await checkpointOf(folder)).state).toEqual((await checkpointOf(fitted)).state);
    const options = { labels: LABELS, features: all, seed: 1, threads: 1 };
    await refit(fold, { ...options, folder, config: tinyConfig(choosing) });
    const alone = await trainTiny({ changes, features: all, heldOut: all });
    await refit(fold, { ...options, folder: alone, config: tinyConfig(changes) });
    expect((await checkpointOf(folder)).state).toEqual((await checkpointOf(alone)).state);
  });

  test('that also knows how voices sound under a profile is another one', async () => {
    const knowing = { ...changes, simulatedProfiles: [4] };
    const other = await trainTiny({ changes: knowing, features: all, heldOut: all });
    const { state, normaliser } = await checkpointOf(other);
    expect(state).not.toEqual((await checkpointOf(fitted)).state);
    expect(normaliser).toEqual((await checkpointOf(fitted)).normaliser);
    expect((await other.history())[0].validationUar).toBeGreaterThan(0.5);
  });

  test('fitted anew, on the validating clips too, it is another one; once more, the same', async () => {
    const before = await checkpointOf(fitted);
    const options = {
      config: tinyConfig(changes),
      labels: LABELS,
      features: all,
      seed: 1,
      folder: fitted,
      threads: 1,
    };
    await refit(fold, options);
    const after = await checkpointOf(fitted);
    expect(after.normaliser).not.toEqual(before.normaliser);
    expect(after.state).not.toEqual(before.state);
    await refit(fold, options);
    expect(await checkpointOf(fitted)).toEqual(after);
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

describe('patience', () => {
  const changes = { epochs: 40, patience: 3 };
  let run: RunFolder;
  let checkpoint: Checkpoint;
  beforeAll(async () => {
    run = await trainTiny({ changes });
    checkpoint = await checkpointOf(run);
  });

  test('ends the training when validation UAR has not risen for so many epochs', async () => {
    const uars = (await run.history()).map(({ validationUar }) => validationUar!);
    const best = checkpoint.best!;
    expect(uars.length).toBeLessThan(changes.epochs);
    expect(uars).toHaveLength(best.epoch + changes.patience);
    // The first of the highest.
    expect(best.epoch).toBe(1 + uars.indexOf(Math.max(...uars)));
    expect(best.validationUar).toBe(Math.fround(Math.max(...uars)));
  });

  test('the model is that of the best epoch', async () => {
    const { best, normaliser } = checkpoint;
    // What a training without patience holds after that epoch.
    const interruption = new AbortController();
    const patient = await newFolder();
    const stopped = trainTiny({
      folder: patient,
      changes: { epochs: changes.epochs },
      signal: interruption.signal,
      onProgress: ({ epoch }) => epoch > best!.epoch && interruption.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    const { epoch, state } = await checkpointOf(patient);
    expect(epoch).toBe(best!.epoch);
    const { parameters, buffers } = state.vectors;
    expect(finalWeights(checkpoint, tinyConfig(changes))).toEqual({ parameters, buffers });
    expect(checkpoint.state.vectors['parameters']).not.toEqual(parameters);

    const { bytes, metadata } = await exportTraining(run, 'tiny');
    const expected = writeModel(tinyConfig(changes), { parameters, buffers }, normaliser, metadata);
    expect(Buffer.from(bytes).equals(expected)).toBe(true);
  });

  test.each([0, 1])('interrupted %d epochs after the best and taken up: the same', async (after) => {
    const folder = await newFolder();
    const interruption = new AbortController();
    const onProgress = ({ epoch, step, record }: TrainProgress) => {
      if (epoch === checkpoint.best!.epoch + after + 1 && step === 2 && !record)
        interruption.abort(new Error('enough'));
    };
    await expect(trainTiny({ folder, changes, onProgress, signal: interruption.signal })).rejects.toThrow(
      'enough',
    );
    expect((await checkpointOf(folder)).best!.epoch).toBe(checkpoint.best!.epoch);

    await trainTiny({ folder, changes });
    expect(await checkpointOf(folder)).toEqual(checkpoint);
    const uars = async (of: RunFolder) => (await of.history()).map(({ validationUar }) => validationUar);
    expect(await uars(folder)).toEqual(await uars(run));
  });

  test('what has ended early is not done again', async () => {
    const onProgress = () => {
      throw new Error('nothing is left to train');
    };
    await expect(trainTiny({ folder: run, changes, onProgress })).resolves.toBe(run);
  });

  test('needs somebody who validates', async () => {
    await expect(trainTiny({ changes, on: { ...fold, validation: [] } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('patience'),
    });
  });
});

/** The weights of a tiny network by name. */
function weightsOf(parameters: Float32Array, changes: Partial<TrainConfig> = {}): Record<string, number[]> {
  const { network, features: settings } = tinyConfig(changes);
  const specs = buildNetwork(network, featureWidth(settings), LABELS.length).parameters;
  let offset = 0;
  const named = Object.entries(specs).map(([name, { shape }]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, [...parameters.subarray(offset, (offset += size))]];
  });
  return Object.fromEntries(named) as Record<string, number[]>;
}

/** Before the first step, with seed 1. */
function firstWeights(changes: Partial<TrainConfig> = {}): Float32Array {
  const { network, features: settings } = tinyConfig(changes);
  return initialiseParameters(
    buildNetwork(network, featureWidth(settings), LABELS.length),
    createRandom(1).fork('initialise'),
  );
}

test('averageDecay: the weights are the moving average, and it is what validates', async () => {
  // One step: the average is that of the first weights and those after it.
  const changes = { epochs: 1, batchSize: 100, warmup: 0 };
  const plain = await trainTiny({ changes });
  const averaged = await trainTiny({ changes: { ...changes, averageDecay: 0.9 } });
  const { parameters } = (await checkpointOf(plain)).state.vectors;
  const checkpoint = await checkpointOf(averaged);
  expect(checkpoint.state.vectors['parameters']).toEqual(parameters);

  const first = firstWeights();
  const { parameters: final } = finalWeights(checkpoint, tinyConfig({ averageDecay: 0.9 }));
  const furthest = final.map((value, i) => Math.abs(value - (0.9 * first[i] + 0.1 * parameters[i])));
  expect(Math.max(...furthest)).toBeLessThan(1e-6);
  expect(Math.max(...parameters.map((value, i) => Math.abs(value - first[i])))).toBeGreaterThan(1e-3);
  const [[{ validationLoss }], [{ validationLoss: ofAverage }]] = [
    await plain.history(),
    await averaged.history(),
  ];
  expect(ofAverage).not.toBeCloseTo(validationLoss!, 4);
});

describe('startFrom', () => {
  /** A rate that is 0 in single precision: the weights stay where they start. */
  const still = { epochs: 1, learningRate: 1e-50 };
  const half = () => ({ ...fold, train: fold.train.filter((_, i) => i % 2 === 0) });
  let start: RunFolder;
  let given: Checkpoint;
  beforeAll(async () => {
    start = await trainTiny({ on: half() });
    given = await checkpointOf(start);
  });

  test('takes weights and normalisation of the other training', async () => {
    const { state, normaliser } = await checkpointOf(await trainTiny({ startFrom: start, changes: still }));
    expect(state.vectors['parameters']).toEqual(given.state.vectors['parameters']);
    expect(normaliser).toEqual(given.normaliser);
    const alone = await checkpointOf(await trainTiny({ changes: still }));
    expect(alone.state.vectors['parameters']).toEqual(firstWeights());
    expect(alone.normaliser).not.toEqual(given.normaliser);
  });

  test('where a layer has another size, it stays as drawn', async () => {
    const network = { ...config.network, channels: [12, 20] } as TrainConfig['network'];
    const changes = { ...still, network };
    const { state } = await checkpointOf(await trainTiny({ startFrom: start, changes }));
    const reached = weightsOf(state.vectors['parameters'], changes);
    const drawn = weightsOf(firstWeights(changes), changes);
    const copied = weightsOf(given.state.vectors['parameters']);
    for (const [name, values] of Object.entries(reached)) {
      const fits = copied[name].length === values.length;
      expect(fits).toBe(!/^(conv2|norm2|gru.weight_ih)/.test(name));
      expect(values, name).toEqual(fits ? copied[name] : drawn[name]);
    }
  });

  test('with other features the normalisation is its own', async () => {
    const settings = { ...config.features, nMfcc: 10 } as TrainConfig['features'];
    const { cacheDir } = workshop;
    const narrow = await extractFeatures(fold.train, settings, { variants: config.variants, cacheDir });
    const { normaliser } = await checkpointOf(
      await trainTiny({
        startFrom: start,
        features: narrow,
        on: { ...fold, validation: [] },
        changes: { ...still, features: settings },
      }),
    );
    expect(normaliser.mean).toHaveLength(10);
  });

  test('begins its moving average there', async () => {
    const changes = { ...still, averageDecay: 0.5 };
    const { state } = await checkpointOf(await trainTiny({ startFrom: start, changes }));
    const far = state.vectors['average'].map((value, i) =>
      Math.abs(value - given.state.vectors['parameters'][i]),
    );
    expect(Math.max(...far)).toBeLessThan(1e-6);
  });

  test('does not undo what was done when it is taken up', async () => {
    const reference = await trainTiny({ startFrom: start });
    const folder = await newFolder();
    const interruption = new AbortController();
    const onProgress = ({ epoch }: TrainProgress) => epoch === 2 && interruption.abort(new Error('enough'));
    const signal = interruption.signal;
    await expect(trainTiny({ folder, startFrom: start, onProgress, signal })).rejects.toThrow('enough');
    await trainTiny({ folder, startFrom: start });
    expect(await checkpointOf(folder)).toEqual(await checkpointOf(reference));
  });

  test('a training that has not ended is nothing to start from', async () => {
    const unfinished = await newFolder();
    await unfinished.claim(describeRun(config, 'seed', fold, 1, LABELS), { resume: false });
    await expect(trainTiny({ startFrom: unfinished })).rejects.toMatchObject({ code: 'RUN_INVALID' });
  });
});

describe('corpora that label other emotions', () => {
  const LABELLED: Record<string, readonly string[]> = {
    ravdess: ['neutral', 'calm', 'happy', 'sad'],
    mine: ['sad', 'angry', 'fearful'],
  };
  /** Each recording stands in each corpus that has its emotion. */
  const twoCorpora = (): Fold => {
    const part = (clips: Fold['train']) =>
      Object.entries(LABELLED).flatMap(([corpus, emotions]) =>
        clips.filter(({ emotion }) => emotions.includes(emotion)).map((clip) => ({ ...clip, corpus })),
      );
    return { ...fold, train: part(fold.train), validation: part(fold.validation) };
  };
  /** Weights and bias of one output. */
  const outputOf = (parameters: Float32Array, label: string) => {
    const { 'output.weight': weight, 'output.bias': bias } = weightsOf(parameters);
    const row = LABELS.indexOf(label);
    const width = weight.length / LABELS.length;
    return [...weight.slice(row * width, (row + 1) * width), bias[row]];
  };

  test('train together', async () => {
    const run = await trainTiny({ on: twoCorpora(), changes: { epochs: 12 } });
    const history = await run.history();
    expect(history[11].trainLoss).toBeLessThan(history[0].trainLoss / 3);
    expect(history[11].validationUar).toBeGreaterThan(0.6);
  });

  test('validate among what each labels', async () => {
    const changes = { epochs: 1, learningRate: 1e-50 };
    const on = twoCorpora();
    const together = (clips: Fold['train']) => clips.map((clip) => ({ ...clip, corpus: 'one' }));
    const [masked] = await (await trainTiny({ on, changes })).history();
    const asOne = { ...on, train: together(on.train), validation: together(on.validation) };
    const [open] = await (await trainTiny({ on: asOne, changes })).history();
    // Of eight answers two are taken away, or three: about ln(8/6) and ln(8/5) of an untrained network's loss.
    const gain = open.validationLoss! - masked.validationLoss!;
    expect(gain).toBeGreaterThan(Math.log(8 / 6) / 2);
    expect(gain).toBeLessThan(Math.log(8 / 5) * 2);
  });

  test.each([
    ['ravdess', 'mine'],
    ['mine', 'ravdess'],
  ])('clips of %s say nothing of what %s labels alone', async (drawn, other) => {
    const changes = { epochs: 2, samplingWeights: { [drawn]: 1, [other]: 0 } };
    const { state } = await checkpointOf(await trainTiny({ on: twoCorpora(), changes }));
    const first = firstWeights();
    const untouched = LABELS.filter((label) =>
      isDeepStrictEqual(outputOf(state.vectors['parameters'], label), outputOf(first, label)),
    );
    const open = LABELLED[other].filter((label) => !LABELLED[drawn].includes(label));
    expect(untouched.toSorted()).toEqual(open.toSorted());
  });

  test('what no corpus labels is learnt to be no answer', async () => {
    const on = { ...fold, train: fold.train.filter(({ emotion }) => LABELLED['mine'].includes(emotion)) };
    const { state } = await checkpointOf(await trainTiny({ on, changes: { epochs: 4 } }));
    const { 'output.bias': bias } = weightsOf(state.vectors['parameters']);
    const [answers, others] = [true, false].map((known) =>
      bias.filter((_, k) => LABELLED['mine'].includes(LABELS[k]) === known),
    );
    expect(Math.max(...others)).toBeLessThan(Math.min(...answers));
  });

  test.each([
    ['all of weight 0', { ravdess: 0, mine: 0 }],
    ['a weight for a corpus that is not there', { ravdes: 1 }],
  ])('%s: refused', async (_, samplingWeights) => {
    const changes = { samplingWeights };
    await expect(trainTiny({ on: twoCorpora(), changes })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('samplingWeights'),
    });
  });
});

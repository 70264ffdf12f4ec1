import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRandom,
  float32,
  initialiseParameters,
  Session,
  vectorSize,
  writeEvaluationGraph,
} from '@mars/autograd';
import { EMOTIONS, encodeWav, loadRecogniser, type ModelMetadata } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyConfig } from '../test/synthetic-corpus.ts';
import { buildNetwork } from './architectures/networks.ts';
import { networkWidth, type TrainConfig } from './config.ts';
import { Dataset, fitNormaliser, type Example, type Normaliser } from './dataset.ts';
import { writeModel } from './export.ts';
import { computeTask } from './features/compute.ts';
import { featureSettings, featureWidth, resolveVariants } from './features/settings.ts';
import { quantiseColumns, restoreColumns } from './pretrained/quantise.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A glide in a little noise: so many samples, another for every name. */
function glide(samples: number, name = 'glide'): Float32Array {
  const random = createRandom(name);
  const pitch = random.uniform(0.03, 0.2);
  return new Float32Array(samples).map(
    (_, i) => 0.3 * Math.sin(pitch * i + 4 * Math.sin(i / 900)) + 0.01 * random.normal(),
  );
}

/** A configuration with weights as a training leaves them. */
function trained(config: TrainConfig) {
  const width = networkWidth(config);
  const network = buildNetwork(config.network, width, EMOTIONS.length);
  const random = createRandom('export');
  const weights = {
    parameters: initialiseParameters(network, random),
    // Running means and variances: none 0, none 1, all variances positive.
    buffers: new Float32Array(vectorSize(network.buffers)).map(() => random.uniform(0.2, 1.5)),
  };
  const metadata: ModelMetadata = {
    name: 'tiny',
    labels: EMOTIONS,
    sampleRate: config.features.sampleRate,
    windowSec: 0.64,
    trainedOn: 'nothing',
    licence: 'MIT',
    card: 'for tests',
    calibration: null,
    labelMeans: null,
    split: { protocol: 'seed', fold: 'seed', testHash: 'of no clip' },
  };
  return { config, network, weights, metadata };
}

/** What training sees of a waveform: the features of its file. */
async function featuresOf(samples: Float32Array, { features }: TrainConfig) {
  const { sampleRate } = features;
  const file = join(folder, 'clip.wav');
  await writeFile(file, encodeWav({ samples, sampleRate }, { format: 'float32' }));
  const task = { clip: { file, id: 'clip' }, variants: resolveVariants([{ kind: 'original' }]) };
  const result = await computeTask(task, { settings: features, augmentationSeed: 0 });
  if ('error' in result) throw new Error(result.error.message);
  const [{ data, shape }] = result.tensors;
  return { data, frames: shape[0] };
}

/** The scores as training sees them: a data set's rows through the evaluation graph, softmax by hand. */
async function scoresInTraining(
  { config, network, weights }: ReturnType<typeof trained>,
  examples: readonly Example[],
  normaliser: Normaliser,
): Promise<number[][]> {
  const frames = Math.max(config.frames, ...examples.map(({ features }) => features.frames));
  const { rows } = new Dataset(examples, normaliser, frames);
  const shape = [examples.length, frames, networkWidth(config)];
  const session = await Session.create(writeEvaluationGraph(network, ['batch', ...shape.slice(1)]));
  const { logits } = await session.run({
    parameters: float32(weights.parameters, [weights.parameters.length]),
    buffers: float32(weights.buffers, [weights.buffers.length]),
    x: float32(Float32Array.from(rows), shape),
  });
  await session.dispose();
  return examples.map((_, row) => {
    const width = EMOTIONS.length;
    const powers = Array.from(logits.data as Float32Array)
      .slice(row * width, (row + 1) * width)
      .map(Math.exp);
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  });
}

/** Scores of a batch of equally long waveforms: by the model file, and as training sees them. */
async function bothWays(model: ReturnType<typeof trained>, waveforms: readonly Float32Array[]) {
  const examples: Example[] = [];
  for (const samples of waveforms) {
    examples.push({ features: await featuresOf(samples, model.config), label: 0 });
  }
  const { mean, std } = fitNormaliser(examples, featureWidth(model.config.features));
  // Over a few clips a deviation can be so small that it magnifies rounding.
  const normaliser = {
    mean,
    std: std.map((value) => Math.max(value, 0.1)),
    ...projectionOf(model.config, mean.length),
  };
  const expected = await scoresInTraining(model, examples, normaliser);
  const bytes = writeModel(model.config, model.weights, normaliser, model.metadata);
  const session = await Session.create(bytes);
  const values = Float32Array.from(waveforms.flatMap((samples) => [...samples]));
  const outputs = await session.run({
    waveform: float32(values, [waveforms.length, values.length / waveforms.length]),
  });
  await session.dispose();
  return { outputs, expected, frames: examples[0].features.frames };
}

function projectionOf({ projection }: TrainConfig, width: number): Pick<Normaliser, 'projection'> {
  if (!projection) return {};
  const random = createRandom('projection');
  const values = Float32Array.from({ length: width * projection.components }, () =>
    random.uniform(-0.02, 0.02),
  );
  // Rounded, as what is fitted is.
  return { projection: restoreColumns(quantiseColumns(values, projection.components)) };
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-4) {
  expect(actual.length).toBe(expected.length);
  const distances = expected.map((value, k) => Math.abs(value - actual[k]));
  expect(Math.max(...distances)).toBeLessThan(tolerance);
}

describe('a model file makes of a waveform the scores that training sees', () => {
  const model = trained(tinyConfig());
  const { frames: window } = model.config;

  test.each([
    ['of one sample', 1, 1],
    ['shorter than a frame of 512', 300, 3],
    ['shorter than the window', 3000, 24],
    ['equal to it', 128 * (window - 1), window],
    ['longer by an odd number of frames', 128 * (window + 6) + 17, window + 7],
    ['of five windows', 128 * 5 * window, 5 * window + 1],
  ])('of a clip %s', async (_, samples, frames) => {
    const both = await bothWays(model, [glide(samples)]);
    expect(both.frames).toBe(frames);
    const { scores, attention } = both.outputs;
    expectClose(scores.data as Float32Array, both.expected[0]);
    const shares = Array.from(attention.data as Float32Array);
    expect(attention.dims).toEqual([1, Math.floor(Math.max(frames, window) / 4)]);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });

  test.each([1500, 128 * (window + 9)])('of three clips of %i samples at once', async (samples) => {
    const waveforms = ['one', 'two', 'three'].map((name) => glide(samples, name));
    const { outputs, expected } = await bothWays(model, waveforms);
    expect(outputs['scores'].dims).toEqual([3, EMOTIONS.length]);
    expectClose(outputs['scores'].data as Float32Array, expected.flat());
    expect(expected[0]).not.toEqual(expected[1]);
  });

  test.each([
    [
      'log-mel frames, mean pooling',
      {
        features: { kind: 'logMel', sampleRate: 8000, nMels: 26, nFft: 512, hopLength: 128 },
        network: { ...tinyConfig().network, pooling: 'mean' },
      },
      ['scores'],
    ],
    [
      'YAMNet’s vectors and a head',
      {
        features: { kind: 'yamnet', layer: 5 },
        frames: 1,
        network: { kind: 'head', hiddenSize: 16, dropoutRate: 0.5 },
      },
      ['scores', 'embedding', 'hidden', 'logits'],
    ],
    [
      'YAMNet’s vectors, projected, and a kernel machine',
      {
        features: { kind: 'yamnet', layer: 5, deviationsOf: [4, 5] },
        projection: { components: 7, ridge: 1, examples: 9, gradients: 9 },
        frames: 1,
        network: { kind: 'kernel', centres: 11, ridge: 1, sharpness: 9 },
      },
      ['scores', 'embedding', 'hidden', 'logits'],
      // The centres are rounded to 8 bits.
      1e-3,
    ],
  ] as const)('with %s', async (_, { features, ...changes }, names, tolerance: number = 1e-4) => {
    const config = tinyConfig({ features: featureSettings.parse(features), ...changes });
    const waveforms = ['one', 'two'].map((name) => glide(9000, name));
    const { outputs, expected } = await bothWays(trained(config), waveforms);
    expect(Object.keys(outputs)).toEqual(names);
    expectClose(outputs['scores'].data as Float32Array, expected.flat(), tolerance);
  });
});

test('at several speeds, a model file averages the scores of each', async () => {
  const model = trained(
    tinyConfig({
      features: featureSettings.parse({ kind: 'yamnet', layer: 4 }),
      frames: 1,
      network: { kind: 'head', hiddenSize: 16, dropoutRate: 0.5 },
    }),
  );
  const waveforms = ['one', 'two', 'three'].map((name) => glide(9000, name));
  const scoresAt = async (testSpeeds: number[]) => {
    const { outputs } = await bothWays({ ...model, config: { ...model.config, testSpeeds } }, waveforms);
    expect(outputs['scores'].dims).toEqual([3, EMOTIONS.length]);
    return Array.from(outputs['scores'].data as Float32Array);
  };
  const [slow, plain, fast] = [await scoresAt([0.9]), await scoresAt([1]), await scoresAt([1.1])];
  const mean = plain.map((score, k) => (slow[k] + score + fast[k]) / 3);
  expectClose(await scoresAt([0.9, 1, 1.1]), mean);
  expect(Math.max(...plain.map((score, k) => Math.abs(score - mean[k])))).toBeGreaterThan(0.01);
});

test('MFCCs at another speed are CONFIG_INVALID', () => {
  const { config, weights, metadata } = trained(tinyConfig({ testSpeeds: [1.1] }));
  const normaliser = { mean: new Float32Array(13), std: new Float32Array(13).fill(1) };
  expect(() => writeModel(config, weights, normaliser, metadata)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('testSpeeds') }),
  );
});

test('what a model says of itself is what was written into it', async () => {
  const { config, weights, metadata } = trained(tinyConfig());
  const normaliser = { mean: new Float32Array(13), std: new Float32Array(13).fill(1) };
  await using recogniser = await loadRecogniser(writeModel(config, weights, normaliser, metadata));
  expect(recogniser.metadata).toEqual(metadata);
});

import {
  createRandom,
  float32,
  initialiseParameters,
  Session,
  vectorSize,
  writeEvaluationGraph,
} from '@mars/autograd';
import { EMOTIONS, loadRecogniser, mfcc, resample, type ModelMetadata } from '@mars/core';
import { describe, expect, test } from 'vitest';
import { sing, TINY_FEATURES, tinyConfig } from '../test/synthetic-corpus.ts';
import { Dataset, type Normaliser } from './dataset.ts';
import { buildNetwork } from './architectures/networks.ts';
import { writeModel } from './export.ts';

const config = tinyConfig();
const { nMfcc, sampleRate } = TINY_FEATURES;
const network = buildNetwork(config.network, nMfcc, EMOTIONS.length);
const random = createRandom('export');
const weights = {
  parameters: initialiseParameters(network, random),
  // Running means and variances as a training leaves them: none 0, none 1, all variances positive.
  buffers: new Float32Array(vectorSize(network.buffers)).map(() => random.uniform(0.2, 1.5)),
};
const normaliser: Normaliser = {
  mean: new Float32Array(nMfcc).map((_, k) => (k === 0 ? -300 : random.uniform(-20, 20))),
  std: new Float32Array(nMfcc).map(() => random.uniform(5, 80)),
};
const metadata: ModelMetadata = {
  name: 'tiny',
  labels: EMOTIONS,
  sampleRate,
  features: { kind: 'mfcc', ...omitRate(TINY_FEATURES) },
  windowSec: 0.64,
  trainedOn: 'nothing',
  licence: 'MIT',
  card: 'for tests',
  calibration: null,
  split: { protocol: 'seed', fold: 'seed', testHash: 'of no clip' },
};
const model = writeModel(config, weights, normaliser, metadata);

function omitRate({ nMfcc, nMels, nFft, hopLength }: typeof TINY_FEATURES) {
  return { nMfcc, nMels, nFft, hopLength };
}

/** MFCCs of the right size, time-major: one clip of so many frames. */
function someFeatures(frames: number, label = 0) {
  const stream = createRandom(`clip ${frames} ${label}`);
  const data = new Float32Array(frames * nMfcc).map(
    (_, i) => normaliser.mean[i % nMfcc] + normaliser.std[i % nMfcc] * stream.normal(),
  );
  return { data, frames };
}

/** The scores as training sees them: a data set's rows through the evaluation graph, softmax by hand. */
async function scoresInTraining(clips: readonly { data: Float32Array; frames: number }[], frames: number) {
  const rows = new Dataset(
    clips.map((features) => ({ features, label: 0 })),
    normaliser,
    frames,
  ).batch([...clips.keys()], EMOTIONS.length);
  const session = await Session.create(writeEvaluationGraph(network, ['batch', frames, nMfcc]));
  const { logits } = await session.run({
    parameters: float32(weights.parameters, [weights.parameters.length]),
    buffers: float32(weights.buffers, [weights.buffers.length]),
    x: float32(rows.x, [clips.length, frames, nMfcc]),
  });
  await session.dispose();
  return clips.map((_, row) => {
    const width = EMOTIONS.length;
    const powers = Array.from(logits.data as Float32Array)
      .slice(row * width, (row + 1) * width)
      .map(Math.exp);
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  });
}

function expectClose(actual: readonly number[], expected: readonly number[]) {
  const distances = actual.map((value, k) => Math.abs(value - expected[k]));
  expect(Math.max(...distances)).toBeLessThan(1e-5);
}

describe('a model file gives the scores that training sees', () => {
  test.each([
    ['shorter than the window', config.frames - 17],
    ['one frame', 1],
    ['equal to it', config.frames],
    ['longer by an odd number', config.frames + 7],
    ['five windows', 5 * config.frames],
  ])('for a clip %s', async (_, frames) => {
    const clip = someFeatures(frames);
    const [expected] = await scoresInTraining([clip], Math.max(frames, config.frames));
    const session = await Session.create(model);
    const { scores, attention } = await session.run({ mfcc: float32(clip.data, [1, frames, nMfcc]) });
    await session.dispose();
    expectClose(Array.from(scores.data as Float32Array), expected);
    const shares = Array.from(attention.data as Float32Array);
    expect(attention.dims).toEqual([1, Math.floor(Math.max(frames, config.frames) / 4)]);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });

  test.each([12, config.frames + 9])('for three clips of %i frames at once', async (frames) => {
    const clips = [1, 2, 3].map((label) => someFeatures(frames, label));
    const expected = await scoresInTraining(clips, Math.max(frames, config.frames));
    const x = Float32Array.from(clips.flatMap(({ data }) => [...data]));
    const session = await Session.create(model);
    const { scores } = await session.run({ mfcc: float32(x, [3, frames, nMfcc]) });
    await session.dispose();
    expect(scores.dims).toEqual([3, EMOTIONS.length]);
    expectClose(Array.from(scores.data as Float32Array), expected.flat());
    expect(expected[0]).not.toEqual(expected[1]);
  });

  test('for a recording at another rate, through the recogniser', async () => {
    const audio = sing('a clip', 1, 5);
    const samples = resample(audio.samples, audio.sampleRate, 22_050);
    await using recogniser = await loadRecogniser(model);
    const { scores } = await recogniser.classify({ samples, sampleRate: 22_050 });

    const { data, shape } = mfcc(resample(samples, 22_050, sampleRate), {
      sr: sampleRate,
      ...omitRate(TINY_FEATURES),
    });
    const frames = shape[1];
    const timeMajor = data.map((_, i) => data[(i % nMfcc) * frames + Math.floor(i / nMfcc)]);
    const [expected] = await scoresInTraining([{ data: timeMajor, frames }], Math.max(frames, config.frames));
    expectClose(
      EMOTIONS.map((emotion) => scores.find(({ label }) => label === emotion)!.score),
      expected,
    );
  });
});

test('what a model says of itself is what was written into it', async () => {
  await using recogniser = await loadRecogniser(model);
  expect(recogniser.metadata).toEqual(metadata);
});

import {
  constant,
  indices,
  input,
  operations,
  scalar,
  writeInferenceGraph,
  type Shape,
  type Tensor,
  type Weights,
} from '@mars/autograd';
import { MarsError, type Calibration, type ModelMetadata } from '@mars/core';
import { buildNetwork } from './architectures/networks.ts';
import type { TrainConfig } from './config.ts';
import { CORPUS_CATALOGUE, type CorpusEntry } from './corpora/catalogue.ts';
import type { Normaliser } from './dataset.ts';
import { featureWidth } from './features/settings.ts';
import { frontEnd } from './front-end/front-end.ts';
import { sizeAlong } from './front-end/kernels.ts';
import { finalWeights, isFinished, type RunDescription, type RunFolder } from './run.ts';
import { hashTestPart } from './splits/fold.ts';

/**
 * The trained network as the bytes of a model file: `waveform` [batch, samples] in, mono at `metadata.sampleRate`, of any
 * length; `scores` [batch, labels] (softmax, the mean over the configuration's test speeds) and, where the network has
 * one, `attention` [batch, time] out. Features, normalisation and the padding of short clips are inside the graph; a
 * long clip is read whole, not cut.
 *
 * Errors: `CONFIG_INVALID` for features that cannot be computed inside a graph.
 */
export function writeModel(
  { features, frames, network, testSpeeds }: TrainConfig,
  weights: Weights,
  normaliser: Normaliser,
  metadata: ModelMetadata,
): Uint8Array {
  const layers = buildNetwork(network, featureWidth(features), metadata.labels.length);
  const speeds = testSpeeds.length;
  return writeInferenceGraph(layers, weights, {
    x: input('waveform', ['batch', 'samples']),
    preprocess: (waveform) => {
      const versions = testSpeeds.map((speed) => frontEnd(waveform, features, { speed }));
      return padToAtLeast(normalise(stack(versions), normaliser), frames);
    },
    build: ({ output, exposed: { attention } }) => ({
      scores: meanOfVersions(operations.softmax(output), speeds, ['batch', metadata.labels.length]),
      ...(attention && { attention: meanOfVersions(attention, speeds, ['batch', 'time']) }),
    }),
    weightType: network.kind === 'head' ? 'float16' : 'float32',
    name: metadata.name,
    metadata: Object.fromEntries(
      Object.entries(metadata)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  });
}

/**
 * The model of a finished training, with its calibration where that has been fitted.
 *
 * Errors: `RUN_INVALID` when the training has not ended.
 */
export async function exportTraining(
  folder: RunFolder,
  name: string,
): Promise<{ bytes: Uint8Array; metadata: ModelMetadata; description: RunDescription }> {
  const description = await folder.description();
  const { config } = description;
  const checkpoint = await folder.checkpoint();
  if (!checkpoint || !isFinished(checkpoint, config)) {
    throw new MarsError(
      'RUN_INVALID',
      `The training in ${folder.path} has done ${checkpoint?.epoch ?? 0} of ${config.epochs} epochs. ` +
        'Let it end first: mars train … --resume.',
    );
  }
  const calibration = await folder.readJson<Calibration>('calibration.json');
  const metadata = { ...describeModel(name, description), calibration: calibration ?? null };
  const bytes = writeModel(config, finalWeights(checkpoint, config), checkpoint.normaliser, metadata);
  return { bytes, metadata, description };
}

function describeModel(
  name: string,
  { config, labels, protocol, fold, seed, clips }: RunDescription,
): Omit<ModelMetadata, 'calibration'> {
  const corpora = trainingCorpora(clips.train);
  return {
    name,
    labels,
    sampleRate: config.features.sampleRate,
    windowSec: windowSec(config),
    trainedOn:
      `${corpora.map(({ name, title, clips: count }) => `${title ?? name} (${count} clips)`).join(', ')}, each clip in ` +
      `${config.variants.length} versions; protocol ${protocol}, fold ${fold}, seed ${seed}`,
    licence: licenceOf(corpora, config),
    card: CARD_NOTICE,
    split: { protocol, fold, testHash: hashTestPart(clips.test) },
  };
}

export interface TrainingCorpus extends Partial<CorpusEntry> {
  readonly name: string;
  /** Clips that were trained on. */
  readonly clips: number;
}

/** The corpora of a training part and, where MARS knows them by name, what there is to know of them. */
export function trainingCorpora(train: readonly string[]): TrainingCorpus[] {
  const counts = Map.groupBy(train, (clip) => clip.slice(0, clip.indexOf('/')));
  return [...counts].map(([name, clips]) => ({
    ...CORPUS_CATALOGUE.find((entry) => entry.name === name),
    name,
    clips: clips.length,
  }));
}

/** A model may be used as all of its corpora may, and its trunk. */
function licenceOf(corpora: readonly TrainingCorpus[], { features }: TrainConfig): string {
  const terms = corpora.map(
    ({ name, title, licence = 'the terms of its owner' }) => `${title ?? name}: ${licence}`,
  );
  const commercial = terms.some((term) => / BY-NC/.test(term)) ? ' (non-commercial use)' : '';
  const trunk = features.kind === 'yamnet' ? '; YAMNet: Apache-2.0, see NOTICE' : '';
  return `as what it was trained on${commercial}: ${terms.join('; ')}${trunk}`;
}

/** A vector stands for a whole clip: then it is what the clips of acted corpora last, about. */
function windowSec({ features, frames }: TrainConfig): number {
  if (features.kind === 'yamnet') return 4;
  return Number(((frames * features.hopLength) / features.sampleRate).toFixed(3));
}

/** What every user must know, short enough to travel inside the file; `card.md` says the rest. */
const CARD_NOTICE =
  'Recognises emotions as actors play them in two English sentences; it does not see inner feelings. No lie detector, ' +
  'no diagnosis. Inferring emotions at work or in education is prohibited in the EU (AI Act, Art. 5(1)(f)); people ' +
  'must be told that it is used (Art. 50).';

/** Versions of the same batch, one behind the other along the batch's axis: the network runs once. */
function stack(versions: readonly Tensor[]): Tensor {
  return versions.length === 1 ? versions[0] : operations.concat(versions, 0);
}

/** (versions · batch, n) → (batch, n) */
function meanOfVersions(x: Tensor, versions: number, shape: Shape): Tensor {
  if (versions === 1) return operations.operator('Identity', [x], [shape])[0];
  const each = operations.operator('Split', [x], Array<Shape>(versions).fill(shape), { axis: 0 });
  return operations.operator('Mean', each, [shape])[0];
}

function normalise(x: Tensor, { mean, std }: Normaliser): Tensor {
  const row = (values: Float32Array) => constant(values, [1, 1, values.length]);
  return operations.div(operations.sub(x, row(mean)), row(std));
}

/** Zeros after the last frame until there are `frames`; more frames stay as they are. */
function padToAtLeast(x: Tensor, frames: number): Tensor {
  const { operator, concat, sub } = operations;
  const missing = sub(indices([frames]), sizeAlong(1, x));
  const [after] = operator('Max', [missing, indices([0])], [[1]]);
  const widths = concat([indices([0, 0, 0, 0]), after, indices([0])], 0);
  return operator('Pad', [x, widths, scalar(0)], [['batch', 'padded', x.shape[2]]])[0];
}

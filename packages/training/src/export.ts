import {
  constant,
  indices,
  input,
  operations,
  scalar,
  writeInferenceGraph,
  type Tensor,
  type Weights,
} from '@mars/autograd';
import { encodeFloat16, MarsError, type Calibration, type ModelMetadata } from '@mars/core';
import { buildNetwork } from './architectures/networks.ts';
import { learntFrom, networkWidth, type TrainConfig } from './config.ts';
import { CORPUS_CATALOGUE, type CorpusEntry } from './corpora/catalogue.ts';
import type { Normaliser } from './dataset.ts';
import { isTrunk, trunksOf } from './features/settings.ts';
import { frontEnd } from './front-end/front-end.ts';
import { layOut, sizeAlong } from './front-end/kernels.ts';
import { timesSixBits } from './front-end/packed.ts';
import { packSixBits, quantiseColumns } from './pretrained/quantise.ts';
import { TRUNKS } from './pretrained/trunks.ts';
import { finalWeights, isFinished, type RunDescription, type RunFolder } from './run.ts';
import { hashTestPart } from './splits/fold.ts';

/**
 * The trained network as the bytes of a model file: `waveform` [batch, samples] in, mono at `metadata.sampleRate`, of any
 * length; `scores` [batch, labels] out, softmax. Features, normalisation and the padding of short clips are inside the
 * graph; a long clip is read whole, not cut.
 *
 * A network on frames gives its `attention` [batch, time], where it has one. A network on one vector per clip hears the
 * clip at each of the configuration's test speeds, its versions; `scores` are their mean, and what a profile acts on comes
 * out too: `embedding` [batch, versions, width], `hidden` [batch, versions, hiddenSize] and `logits`
 * [batch, versions, labels].
 *
 * Errors: `CONFIG_INVALID` for features that cannot be computed inside a graph.
 */
export function writeModel(
  config: TrainConfig,
  weights: Weights,
  normaliser: Normaliser,
  metadata: ModelMetadata,
): Uint8Array {
  const { features, frames, network, testSpeeds } = config;
  const width = networkWidth(config);
  const labels = metadata.labels.length;
  const layers = buildNetwork(network, width, labels);
  let embedding: Tensor | undefined;
  return writeInferenceGraph(layers, weights, {
    x: input('waveform', ['batch', 'samples']),
    preprocess: (waveform) => {
      if (!isTrunk(features)) {
        return padToAtLeast(
          normalise(frontEnd(waveform, features, { speed: testSpeeds[0] }), normaliser),
          frames,
        );
      }
      const versions = testSpeeds.map((speed) => frontEnd(waveform, features, { speed }));
      embedding = normalise(operations.concat(versions, 1), normaliser);
      return layOut(embedding, [-1, 1, width]);
    },
    build: ({ output, exposed: { attention, hidden } }): Record<string, Tensor> => {
      if (embedding === undefined)
        return { scores: operations.softmax(output), ...(attention && { attention }) };
      const perVersion = (x: Tensor) => layOut(x, [-1, testSpeeds.length, Number(x.shape[1])]);
      const logits = perVersion(output);
      const [scores] = operations.operator('ReduceMean', [operations.softmax(logits)], [['batch', labels]], {
        axes: [1],
        keepdims: 0,
      });
      return { scores, embedding, hidden: perVersion(hidden), logits };
    },
    weightTypeOf: (name) =>
      network.kind === 'seed' ? 'float32' : name === 'kernel.weight' ? 'int8' : 'float16',
    name: metadata.name,
    metadata: Object.fromEntries(
      Object.entries(metadata)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => [key, metadataText(value)]),
    ),
  });
}

/**
 * The model of a finished training, with its calibration where that has been fitted and none is given.
 *
 * Errors: `RUN_INVALID` when the training has not ended.
 */
export async function exportTraining(
  folder: RunFolder,
  name: string,
  given?: Calibration,
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
  const calibration = given ?? (await folder.readJson<Calibration>('calibration.json'));
  const metadata = {
    ...describeModel(name, description),
    calibration: calibration ?? null,
    labelMeans: checkpoint.labelMeans ?? null,
  };
  const bytes = writeModel(config, finalWeights(checkpoint, config), checkpoint.normaliser, metadata);
  return { bytes, metadata, description };
}

function describeModel(
  name: string,
  { config, labels, protocol, fold, seed, clips }: RunDescription,
): Omit<ModelMetadata, 'calibration' | 'labelMeans'> {
  const corpora = trainingCorpora(learntFrom(clips, config));
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

/** A model may be used as all of its corpora may, and its trunks. */
function licenceOf(corpora: readonly TrainingCorpus[], { features }: TrainConfig): string {
  const terms = corpora.map(
    ({ name, title, licence = 'the terms of its owner' }) => `${title ?? name}: ${licence}`,
  );
  const commercial = terms.some((term) => / BY-NC/.test(term)) ? ' (non-commercial use)' : '';
  const trunks = isTrunk(features)
    ? trunksOf(features).map(({ kind }) => `; ${TRUNKS[kind].name}: ${TRUNKS[kind].licence}, see NOTICE`)
    : [];
  return `as what it was trained on${commercial}: ${terms.join('; ')}${trunks.join('')}`;
}

/** A vector stands for a whole clip: then it is what the clips of acted corpora last, about. */
function windowSec({ features, frames }: TrainConfig): number {
  if (isTrunk(features)) return 4;
  return Number(((frames * features.hopLength) / features.sampleRate).toFixed(3));
}

/** What every user must know, short enough to travel inside the file; `card.md` says the rest. */
const CARD_NOTICE =
  'Recognises emotions as actors play them in two English sentences; it does not see inner feelings. No lie detector, ' +
  'no diagnosis. Inferring emotions at work or in education is prohibited in the EU (AI Act, Art. 5(1)(f)); people ' +
  'must be told that it is used (Art. 50).';

function metadataText(value: unknown): string {
  if (value instanceof Float32Array) return encodeFloat16(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Normalised, and projected where the training was. */
function normalise(x: Tensor, { mean, std, projection }: Normaliser): Tensor {
  const row = (values: Float32Array) => constant(values, [1, 1, values.length]);
  const normal = operations.div(operations.sub(x, row(mean)), row(std));
  return projection ? projected(normal, projection) : normal;
}

/** x (…, rows) times a matrix that has been rounded to 6 bits and is stored in them. */
function projected(x: Tensor, matrix: Float32Array): Tensor {
  const rows = Number(x.shape.at(-1));
  const columns = matrix.length / rows;
  const { values, scale } = quantiseColumns(matrix, columns);
  const packed = constant(packSixBits(values), [(3 * rows) / 4, columns], 'projection');
  return timesSixBits(x, packed, constant(scale, [columns], 'projection.scale'));
}

/** Zeros after the last frame until there are `frames`; more frames stay as they are. */
function padToAtLeast(x: Tensor, frames: number): Tensor {
  const { operator, concat, sub } = operations;
  const missing = sub(indices([frames]), sizeAlong(1, x));
  const [after] = operator('Max', [missing, indices([0])], [[1]]);
  const widths = concat([indices([0, 0, 0, 0]), after, indices([0])], 0);
  return operator('Pad', [x, widths, scalar(0)], [['batch', 'padded', x.shape[2]]])[0];
}

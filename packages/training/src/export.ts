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
import { MarsError, type ModelMetadata } from '@mars/core';
import { buildNetwork } from './architectures/networks.ts';
import type { TrainConfig } from './config.ts';
import type { Normaliser } from './dataset.ts';
import { featureWidth } from './features/settings.ts';
import type { RunDescription, RunFolder } from './run.ts';
import { hashTestPart } from './splits/fold.ts';

/**
 * The trained network as the bytes of a model file: raw MFCCs `mfcc` [batch, frames, nMfcc] of any length in, `scores`
 * [batch, labels] (softmax) and `attention` [batch, time] out. Normalisation and the padding of short clips are inside
 * the graph; a long clip is read whole, not cut.
 */
export function writeModel(
  config: TrainConfig,
  weights: Weights,
  normaliser: Normaliser,
  metadata: ModelMetadata,
): Uint8Array {
  const width = featureWidth(config.features);
  return writeInferenceGraph(buildNetwork(config.network, width, metadata.labels.length), weights, {
    x: input('mfcc', ['batch', 'frames', width]),
    preprocess: (mfcc) => padToAtLeast(normalise(mfcc, normaliser), config.frames),
    build: ({ output, exposed }) => ({
      scores: operations.softmax(output),
      ...('attention' in exposed && {
        attention: operations.operator('Identity', [exposed.attention], [['batch', 'time']])[0],
      }),
    }),
    name: metadata.name,
    metadata: Object.fromEntries(
      Object.entries(metadata)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  });
}

/**
 * The model of a finished training.
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
  if (checkpoint?.epoch !== config.epochs) {
    throw new MarsError(
      'RUN_INVALID',
      `The training in ${folder.path} has done ${checkpoint?.epoch ?? 0} of ${config.epochs} epochs. ` +
        'Let it end first: mars train … --resume.',
    );
  }
  const metadata = describeModel(name, description);
  const { parameters, buffers } = checkpoint.state.vectors;
  const bytes = writeModel(config, { parameters, buffers }, checkpoint.normaliser, metadata);
  return { bytes, metadata, description };
}

function describeModel(
  name: string,
  { config, labels, protocol, fold, seed, clips }: RunDescription,
): ModelMetadata {
  const { sampleRate, hopLength, nFft, nMels } = config.features;
  const nMfcc = featureWidth(config.features);
  return {
    name,
    labels,
    sampleRate,
    features: { kind: 'mfcc', nMfcc, nFft, hopLength, nMels },
    windowSec: Number(((config.frames * hopLength) / sampleRate).toFixed(3)),
    trainedOn:
      `RAVDESS (Livingstone & Russo 2018, doi:10.1371/journal.pone.0196391), ${clips.train.length} clips, each in ` +
      `${config.variants.length} versions; protocol ${protocol}, fold ${fold}, seed ${seed}`,
    licence: 'CC BY-NC-SA 4.0 (non-commercial use), as the corpus it was trained on',
    card: CARD_NOTICE,
    calibration: null,
    split: { protocol, fold, testHash: hashTestPart(clips.test) },
  };
}

/** What every user must know, short enough to travel inside the file; `card.md` says the rest. */
const CARD_NOTICE =
  'Recognises emotions as actors play them in two English sentences; it does not see inner feelings. No lie detector, ' +
  'no diagnosis. Inferring emotions at work or in education is prohibited in the EU (AI Act, Art. 5(1)(f)); people ' +
  'must be told that it is used (Art. 50).';

function normalise(mfcc: Tensor, { mean, std }: Normaliser): Tensor {
  const row = (values: Float32Array) => constant(values, [1, 1, values.length]);
  return operations.div(operations.sub(mfcc, row(mean)), row(std));
}

/** Zeros after the last frame until there are `frames`; more frames stay as they are. */
function padToAtLeast(x: Tensor, frames: number): Tensor {
  const { operator, concat } = operations;
  const [shape] = operator('Shape', [x], [[3]]);
  const [length] = operator('Gather', [shape, indices([1])], [[1]], { axis: 0 });
  const [missing] = operator('Sub', [indices([frames]), length], [[1]]);
  const [after] = operator('Max', [missing, indices([0])], [[1]]);
  const widths = concat([indices([0, 0, 0, 0]), after, indices([0])], 0);
  return operator('Pad', [x, widths, scalar(0)], [['batch', 'padded', x.shape[2]]])[0];
}

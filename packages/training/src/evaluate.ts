import { Session, float32 } from '@mars/autograd';
import { loadRecogniser, MarsError, type ModelMetadata } from '@mars/core';
import { readBytes, type Clip } from './corpora/clip.ts';
import type { FeatureSet } from './features/feature-set.ts';
import {
  argmax,
  classificationMetrics,
  expectedCalibrationError,
  type ClassificationMetrics,
} from './metrics.ts';
import { PROTOCOLS, type Protocol } from './splits.ts';

/** What a model says of one clip. */
export interface Prediction {
  readonly id: string;
  readonly speaker: string;
  readonly channel?: string;
  readonly emotion: string;
  readonly predicted: string;
  /** In the order of the labels. */
  readonly scores: readonly number[];
}

export interface Figures extends ClassificationMetrics {
  readonly ece: number;
}

/**
 * Classifies the recordings of a protocol's test part from their bytes, as `mars classify` would. A model that names
 * its split is tested on that fold's test part; one that does not, on every fold's.
 *
 * Errors: `TEST_LEAK` when the model was trained under another protocol, whose training part holds this one's test
 * clips; those of reading and decoding.
 */
export async function testModel(
  modelBytes: Uint8Array,
  protocol: Protocol,
  clips: readonly Clip[],
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<{ fold: string; predictions: Prediction[]; metadata: ModelMetadata }> {
  await using recogniser = await loadRecogniser(modelBytes);
  const { metadata } = recogniser;
  const { labels, split } = metadata;
  if (split && split.protocol !== protocol) {
    throw new MarsError(
      'TEST_LEAK',
      `The model "${metadata.name}" was trained under protocol ${split.protocol}, fold ${split.fold}: it has heard clips ` +
        `that protocol ${protocol} tests. Evaluate it with --protocol ${split.protocol}, or train one with ${protocol}.`,
    );
  }
  const folds = PROTOCOLS[protocol](clips).filter(({ name }) => !split || name === split.fold);
  const test = folds.flatMap((fold) => fold.test);
  const predictions: Prediction[] = [];
  for (const { file, id, speaker, channel, emotion } of test) {
    signal?.throwIfAborted();
    const { scores } = await recogniser.classify(await readBytes(file));
    const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
    const values = labels.map((label) => scoreOf.get(label) ?? 0);
    predictions.push({ id, speaker, channel, emotion, predicted: labels[argmax(values)], scores: values });
    onProgress?.(predictions.length, test.length);
  }
  return { fold: split?.fold ?? 'all', predictions, metadata };
}

/** Runs a model file's graph over clips one by one, each at its full length, as `mars classify` does. */
export async function predict(
  modelBytes: Uint8Array,
  labels: readonly string[],
  clips: readonly Clip[],
  features: FeatureSet,
): Promise<Prediction[]> {
  const session = await Session.create(modelBytes, { threads: 1 });
  try {
    const predictions: Prediction[] = [];
    for (const { id, speaker, channel, emotion, file } of clips) {
      const clip = clips[predictions.length];
      if (!features.has(clip)) throw new Error(`${file} has no features.`);
      const { data, frames } = features.get(clip);
      const { scores } = await session.run({ mfcc: float32(data, [1, frames, data.length / frames]) });
      const values = Array.from(scores.data as Float32Array);
      predictions.push({ id, speaker, channel, emotion, predicted: labels[argmax(values)], scores: values });
    }
    return predictions;
  } finally {
    await session.dispose();
  }
}

/** All figures of a list of predictions. Errors: `NO_INPUT` when it is empty. */
export function measure(predictions: readonly Prediction[], labels: readonly string[]): Figures {
  const yTrue = predictions.map(({ emotion }) => labels.indexOf(emotion));
  const yPred = predictions.map(({ predicted }) => labels.indexOf(predicted));
  return {
    ...classificationMetrics(yTrue, yPred, labels),
    ece: expectedCalibrationError(
      yTrue,
      predictions.map(({ scores }) => scores),
    ),
  };
}

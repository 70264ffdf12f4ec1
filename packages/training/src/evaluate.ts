import { Session, float32 } from '@mars/autograd';
import type { Clip } from './corpora/clip.ts';
import type { FeatureSet } from './features/feature-set.ts';
import {
  argmax,
  classificationMetrics,
  expectedCalibrationError,
  type ClassificationMetrics,
} from './metrics.ts';

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

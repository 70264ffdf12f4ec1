import { Session, float32 } from '@mars/autograd';
import { loadRecogniser, MarsError, type ModelMetadata, type Verdict } from '@mars/core';
import { readBytes, type Clip } from './corpora/clip.ts';
import type { FeatureFailure, FeatureSet } from './features/feature-set.ts';
import { argmax, classificationMetrics, type ClassificationMetrics } from './metrics.ts';
import {
  areaUnderRiskCoverage,
  brierScore,
  expectedCalibrationError,
  logLoss,
} from './probabilistic-metrics.ts';
import { hashTestPart } from './splits/fold.ts';
import { splitClips, type Protocol } from './splits/protocols.ts';

/** What a model says of one clip. */
export interface Prediction {
  readonly id: string;
  readonly speaker: string;
  readonly channel?: string;
  readonly gender?: string;
  /** Absent, as `intensity` and `statement` are, where the corpus does not say it or the run is an old one. */
  readonly corpus?: string;
  readonly intensity?: string;
  readonly statement?: string;
  readonly emotion: string;
  readonly predicted: string;
  /** In the order of the labels. */
  readonly scores: readonly number[];
  /** What the model's calibration makes of the scores; absent where a model without one was asked for its scores alone. */
  readonly verdict?: Verdict['verdict'];
}

export interface Figures extends ClassificationMetrics {
  /** Expected calibration error, in 15 bins. */
  readonly ece: number;
  /** Brier score, summed over classes: 0 to 2. */
  readonly brier: number;
  /** In nats. */
  readonly logLoss: number;
  /** Area under the risk-coverage curve. */
  readonly aurc: number;
  /** Share of the clips whose verdict names an emotion; absent where the predictions hold no verdicts. */
  readonly coverage?: number;
  /** Share of those clips whose emotion is named rightly; absent where there is none. */
  readonly selectiveAccuracy?: number;
}

/**
 * Classifies the recordings of a protocol's test part from their bytes, as `mars classify` would. A model that names
 * its split is tested on that fold's test part; one that does not, on every fold's. A recording that cannot be used
 * becomes one of the `failures`; the others are still done.
 *
 * Errors: `TEST_LEAK` when the model was trained under another protocol, whose training part holds this one's test
 * clips, or when these clips give another test part than those of its training; the signal's reason.
 */
export async function testModel(
  modelBytes: Uint8Array,
  protocol: Protocol,
  clips: readonly Clip[],
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<{
  fold: string;
  predictions: Prediction[];
  failures: FeatureFailure[];
  metadata: ModelMetadata;
}> {
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
  const folds = splitClips(clips, protocol).filter(({ name }) => !split || name === split.fold);
  const test = folds.flatMap((fold) => fold.test);
  // A random split depends on the list of clips: of a part of the corpus it would test clips that were trained on.
  if (split && hashTestPart(test.map(({ corpus, id }) => `${corpus}/${id}`)) !== split.testHash) {
    throw new MarsError(
      'TEST_LEAK',
      `Protocol ${protocol} divides these ${clips.length} clips otherwise than those that "${metadata.name}" was trained ` +
        `on: the test part of fold ${split.fold} may hold clips that it has heard. Give the whole corpus of its ` +
        `training (${metadata.trainedOn}).`,
    );
  }
  const predictions: Prediction[] = [];
  const failures: FeatureFailure[] = [];
  for (const clip of test) {
    signal?.throwIfAborted();
    try {
      const { scores, verdict } = await recogniser.classify(await readBytes(clip.file));
      const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
      const inOrder = labels.map((label) => scoreOf.get(label) ?? 0);
      predictions.push({ ...toPrediction(clip, labels, inOrder), verdict });
    } catch (error) {
      if (!isOfRecording(error)) throw error;
      failures.push({ clip, error });
    }
    onProgress?.(predictions.length + failures.length, test.length);
  }
  return { fold: split?.fold ?? 'all', predictions, failures, metadata };
}

/** Whether an error says something of a recording, and not of the model. */
function isOfRecording(error: unknown): error is MarsError {
  return error instanceof MarsError && /^(AUDIO|FILE)_/.test(error.code);
}

function toPrediction(
  { id, corpus, speaker, channel, gender, intensity, statement, emotion }: Clip,
  labels: readonly string[],
  scores: readonly number[],
): Prediction {
  const predicted = labels[argmax(scores)];
  return { id, corpus, speaker, channel, gender, intensity, statement, emotion, predicted, scores };
}

/**
 * Runs a model file's graph over clips one by one, each at its full length, as `mars classify` does.
 *
 * Errors: that of a clip that has no features; the signal's reason.
 */
export async function predict(
  modelBytes: Uint8Array,
  labels: readonly string[],
  clips: readonly Clip[],
  features: FeatureSet,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Prediction[]> {
  const session = await Session.create(modelBytes, { threads: 1 });
  try {
    const predictions: Prediction[] = [];
    for (const clip of clips) {
      signal?.throwIfAborted();
      const { data, frames } = features.get(clip);
      const { scores } = await session.run({ mfcc: float32(data, [1, frames, data.length / frames]) });
      predictions.push(toPrediction(clip, labels, Array.from(scores.data as Float32Array)));
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
  const scores = predictions.map((row) => row.scores);
  return {
    ...classificationMetrics(yTrue, yPred, labels),
    ece: expectedCalibrationError(yTrue, scores),
    brier: brierScore(yTrue, scores),
    logLoss: logLoss(yTrue, scores),
    aurc: areaUnderRiskCoverage(yTrue, scores),
    ...selection(predictions),
  };
}

function selection(predictions: readonly Prediction[]): Pick<Figures, 'coverage' | 'selectiveAccuracy'> {
  if (predictions.some(({ verdict }) => verdict === undefined)) return {};
  const named = predictions.filter(({ verdict }) => verdict === 'emotion');
  const coverage = named.length / predictions.length;
  if (coverage === 0) return { coverage };
  const right = named.filter(({ emotion, predicted }) => predicted === emotion);
  return { coverage, selectiveAccuracy: right.length / named.length };
}

import { loadRecogniser, MarsError, type ModelMetadata, type Recogniser, type Verdict } from '@mars/core';
import { readBytes, type Clip } from './corpora/clip.ts';
import type { FeatureFailure } from './features/feature-set.ts';
import { argmax, classificationMetrics, type ClassificationMetrics } from './metrics.ts';
import {
  areaUnderRiskCoverage,
  brierScore,
  expectedCalibrationError,
  logLoss,
} from './probabilistic-metrics.ts';
import { hashTestPart, type Fold } from './splits/fold.ts';
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
  /** What the model's calibration makes of the scores; absent in runs of an older MARS. */
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

export interface TestOptions {
  /** Under protocol `cross`, the one corpus to test. */
  readonly testCorpus?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
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
  { testCorpus, signal, onProgress }: TestOptions = {},
): Promise<{
  fold: string;
  predictions: Prediction[];
  failures: FeatureFailure[];
  metadata: ModelMetadata;
}> {
  await using recogniser = await loadRecogniser(modelBytes);
  const { metadata } = recogniser;
  const { split } = metadata;
  if (split && split.protocol !== protocol) {
    throw new MarsError(
      'TEST_LEAK',
      `The model "${metadata.name}" was trained under protocol ${split.protocol}, fold ${split.fold}: it has heard clips ` +
        `that protocol ${protocol} tests. Evaluate it with --protocol ${split.protocol}, or train one with ${protocol}.`,
    );
  }
  const folds = splitClips(clips, protocol, { testCorpus }).filter(
    ({ name }) => !split || name === split.fold,
  );
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
  for (const fold of folds) {
    const before = predictions.length + failures.length;
    const tested = await predictFold(recogniser, fold, {
      signal,
      onProgress: (done) => onProgress?.(before + done, test.length),
    });
    predictions.push(...tested.predictions);
    failures.push(...tested.failures);
  }
  return { fold: split?.fold ?? 'all', predictions, failures, metadata };
}

/**
 * What a model says of a fold's test part, from the bytes of the recordings, as `mars classify` would.
 *
 * Errors: the signal's reason.
 */
export async function predictFold(
  recogniser: Recogniser,
  { test, labels: scored }: Pick<Fold, 'test' | 'labels'>,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<{ predictions: Prediction[]; failures: FeatureFailure[] }> {
  const { labels } = recogniser.metadata;
  const predictions: Prediction[] = [];
  const failures: FeatureFailure[] = [];
  for (const clip of test) {
    signal?.throwIfAborted();
    try {
      const { scores, verdict } = await recogniser.classify(await readBytes(clip.file));
      const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
      const inOrder = labels.map((label) => scoreOf.get(label) ?? 0);
      predictions.push({ ...toPrediction(clip, labels, inOrder, scored), verdict });
    } catch (error) {
      if (!isOfRecording(error)) throw error;
      failures.push({ clip, error });
    }
    onProgress?.(predictions.length + failures.length);
  }
  return { predictions, failures };
}

/** Whether an error says something of a recording, and not of the model. */
function isOfRecording(error: unknown): error is MarsError {
  return error instanceof MarsError && /^(AUDIO|FILE)_/.test(error.code);
}

/**
 * The choice among the labels that a fold is scored on: their scores, summing to 1 again, and 0 for all others.
 *
 * @example
 * restrictScores([0.5, 0.3, 0.2], ['calm', 'sad', 'angry'], ['sad', 'angry']); // [0, 0.6, 0.4]
 */
export function restrictScores(
  scores: readonly number[],
  labels: readonly string[],
  scored: readonly string[] = labels,
): readonly number[] {
  if (labels.every((label) => scored.includes(label))) return scores;
  const kept = scores.map((score, k) => (scored.includes(labels[k]) ? Math.max(score, Number.MIN_VALUE) : 0));
  const total = kept.reduce((sum, score) => sum + score, 0);
  return kept.map((score) => score / total);
}

function toPrediction(
  { id, corpus, speaker, channel, gender, intensity, statement, emotion }: Clip,
  labels: readonly string[],
  allScores: readonly number[],
  scored?: readonly string[],
): Prediction {
  const scores = restrictScores(allScores, labels, scored);
  const predicted = labels[argmax(scores)];
  return { id, corpus, speaker, channel, gender, intensity, statement, emotion, predicted, scores };
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

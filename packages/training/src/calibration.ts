import { emotionVerdict, type Calibration } from '@mars/core';
import type { Prediction } from './evaluate.ts';
import { checkClass, checkSameLength, type Classes } from './metrics.ts';
import { riskCoverageCurve } from './probabilistic-metrics.ts';

/** Beyond these a temperature makes scores certain or equal: it says that there was too little to fit. */
const TEMPERATURES = { lowest: 0.05, highest: 20 };
/** The smallest score but 0 that a softmax in single precision gives without losing digits: 2 ** -126. */
const SMALLEST_SCORE = 2 ** -126;

export interface ThresholdOptions {
  /** Share of the clips above the threshold that should be named rightly. */
  targetAccuracy?: number;
  /** Share of the clips that must stay above the threshold, whatever the target. */
  minCoverage?: number;
}

/**
 * Temperature and threshold of a model from what it says of its validation clips; never from test clips.
 *
 * Errors: `NO_INPUT` without a prediction; `CONFIG_INVALID` for an emotion that is none of the labels.
 *
 * @param predictions with the scores of the uncalibrated model
 * @example
 * const calibration = fitCalibration(validationPredictions, EMOTIONS); // { temperature: 2.1, threshold: 0.41 }
 */
export function fitCalibration(
  predictions: readonly Prediction[],
  labels: readonly string[],
  options: ThresholdOptions = {},
): Calibration {
  const yTrue = predictions.map(({ emotion }) => labels.indexOf(emotion));
  const temperature = fitTemperature(
    yTrue,
    predictions.map(({ scores }) => scores),
  );
  const calibrated = calibrate(predictions, labels, { temperature, threshold: 0 });
  const threshold = fitThreshold(
    yTrue,
    calibrated.map(({ scores }) => scores),
    options,
  );
  return { temperature, threshold };
}

/**
 * The predictions as a model with this calibration gives them: scores and verdicts change, the named emotion does not.
 */
export function calibrate(
  predictions: readonly Prediction[],
  labels: readonly string[],
  calibration: Calibration,
): Prediction[] {
  return predictions.map((prediction) => {
    // Nothing was heard in it that a calibration could change.
    if (prediction.verdict === 'no-speech') return prediction;
    const { verdict, scores } = emotionVerdict(prediction.scores, labels, { durationSec: 0, calibration });
    const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
    return { ...prediction, scores: labels.map((label) => scoreOf.get(label) ?? 0), verdict };
  });
}

/**
 * The temperature T at which the scores `p ** (1 / T)`, summing to 1 again, have the least log loss (Guo et al. 2017,
 * section 4.2). Above 1 the model was too sure. It lies between 0.05, where every answer is right, and 20, where the
 * scores say nothing.
 *
 * The log loss is convex in 1 / T: its slope has one root, which is found by halving.
 *
 * @param scores [clips][classes], each row summing to 1
 * @example
 * fitTemperature([0, 0, 0, 1], [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]); // 2: from 0.9 to 0.75
 */
export function fitTemperature(yTrue: Classes, scores: readonly Classes[]): number {
  checkSameLength(yTrue, scores.length);
  const clips = scores.map((row, i) => ({
    logits: Array.from(row, (score) => Math.log(Math.max(score, SMALLEST_SCORE))),
    truth: checkClass(yTrue[i], row.length),
  }));
  /** Derivative of the log loss, times clips, by 1 / T: the expected logit less that of the truth. */
  const slope = (inverse: number) =>
    clips.reduce((total, { logits, truth }) => total + expectation(logits, inverse) - logits[truth], 0);
  let [low, high] = [1 / TEMPERATURES.highest, 1 / TEMPERATURES.lowest];
  // Equal scores stay equal at any temperature.
  if (slope(high) - slope(low) < 1e-9) return 1;
  if (slope(low) >= 0) return TEMPERATURES.highest;
  if (slope(high) <= 0) return TEMPERATURES.lowest;
  // Sixty halvings leave less than single numbers can tell apart.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return 2 / (low + high);
}

/** Mean of the logits, weighted by the softmax of logits × `inverse`. */
function expectation(logits: readonly number[], inverse: number): number {
  const highest = Math.max(...logits);
  let [weights, weighted] = [0, 0];
  for (const logit of logits) {
    const weight = Math.exp((logit - highest) * inverse);
    weights += weight;
    weighted += weight * logit;
  }
  return weighted / weights;
}

/**
 * The lowest confidence such that the clips from it upwards are named rightly at least a share of the time; a model
 * that is silent below it keeps as many clips as that promise allows.
 *
 * Few clips at the top of the curve are right or wrong by chance, so at least `minCoverage` of the clips stay. Where the
 * target is out of reach with so many, the threshold is that of the least risk among those that keep them. Half-way to
 * the next lower confidence, it does not hang on the last bit of a clip's score; 0 where nothing is to be held back.
 *
 * @param scores [clips][classes] of the calibrated model, as the threshold will be read by it
 * @example
 * // Right when surest, then wrong: silence below the third keeps two of three right.
 * fitThreshold([0, 0, 0], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], { targetAccuracy: 1 }); // 0.75
 */
export function fitThreshold(
  yTrue: Classes,
  scores: readonly Classes[],
  { targetAccuracy = 0.75, minCoverage = 0.5 }: ThresholdOptions = {},
): number {
  const points = riskCoverageCurve(yTrue, scores);
  const allowed = points.filter(({ coverage }) => coverage >= minCoverage);
  const kept =
    allowed.findLast(({ risk }) => 1 - risk >= targetAccuracy) ??
    allowed.reduce((best, point) => (point.risk <= best.risk ? point : best));
  const next = points[points.indexOf(kept) + 1];
  return next ? (kept.confidence + next.confidence) / 2 : 0;
}

import { MarsError } from '@mars/core';

/**
 * Figures of a classifier, as scikit-learn defines them (with zero_division=0). Classes are numbers from 0 into a list of
 * labels; `yTrue` and `yPred` hold one per clip. All throw `NO_INPUT` when there is no clip, and `CONFIG_INVALID` when
 * lengths or classes do not fit.
 */
type Classes = ArrayLike<number>;

export interface ClassMetrics {
  readonly label: string;
  /** Of the clips called this, the share that was. */
  readonly precision: number;
  /** Of the clips that were this, the share that was called so. */
  readonly recall: number;
  /** Harmonic mean of the two. */
  readonly f1: number;
  /** Clips that were this. */
  readonly support: number;
}

export interface ClassificationMetrics {
  readonly clips: number;
  /** Share of clips named rightly: weighted average recall, WA. */
  readonly accuracy: number;
  /** Unweighted average recall, UAR: the mean recall of the classes that occur in `yTrue`. */
  readonly uar: number;
  /** Mean F1 of the classes that occur in `yTrue` or `yPred`. */
  readonly macroF1: number;
  /** Mean F1 of the classes, weighted by support. */
  readonly weightedF1: number;
  readonly perClass: readonly ClassMetrics[];
  /** Rows are the true classes, columns the predicted. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * accuracy_score, balanced_accuracy_score, f1_score, classification_report and confusion_matrix of scikit-learn in one.
 *
 * @example
 * const { uar, perClass } = classificationMetrics([0, 0, 1], [0, 1, 1], ['calm', 'angry']);
 * uar; // 0.75
 */
export function classificationMetrics(
  yTrue: Classes,
  yPred: Classes,
  labels: readonly string[],
): ClassificationMetrics {
  const confusion = confusionMatrix(yTrue, yPred, labels.length);
  const clips = yTrue.length;
  const predicted = labels.map((_, column) => sum(confusion.map((row) => row[column])));
  const perClass = labels.map((label, k): ClassMetrics => {
    const support = sum(confusion[k]);
    const hits = confusion[k][k];
    return {
      label,
      precision: ratio(hits, predicted[k]),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, predicted[k] + support),
      support,
    };
  });
  const present = perClass.filter(({ support }) => support > 0);
  const occurring = perClass.filter(({ support }, k) => support > 0 || predicted[k] > 0);
  return {
    clips,
    accuracy: sum(confusion.map((row, k) => row[k])) / clips,
    uar: mean(present.map(({ recall }) => recall)),
    macroF1: mean(occurring.map(({ f1 }) => f1)),
    weightedF1: sum(perClass.map(({ f1, support }) => f1 * support)) / clips,
    perClass,
    confusion,
  };
}

/** Counts of clips: rows are the true classes, columns the predicted. Shape [classes, classes]. */
export function confusionMatrix(yTrue: Classes, yPred: Classes, classes: number): number[][] {
  checkSameLength(yTrue, yPred.length);
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let i = 0; i < yTrue.length; i++) {
    counts[checkClass(yTrue[i], classes)][checkClass(yPred[i], classes)]++;
  }
  return counts;
}

/** Share of clips named rightly. */
export function accuracy(yTrue: Classes, yPred: Classes): number {
  checkSameLength(yTrue, yPred.length);
  let hits = 0;
  for (let i = 0; i < yTrue.length; i++) if (yTrue[i] === yPred[i]) hits++;
  return hits / yTrue.length;
}

/**
 * Expected calibration error (Guo et al. 2017, equation 3): over bins (0, 1/bins], (1/bins, 2/bins] … of the highest
 * score, the mean distance between accuracy and mean confidence, weighted by clips.
 *
 * @param scores [clips][classes], each row summing to 1
 * @example
 * expectedCalibrationError([0, 1], [[0.9, 0.1], [0.2, 0.8]]); // 0.15: right twice, but 0.85 sure
 */
export function expectedCalibrationError(yTrue: Classes, scores: readonly Classes[], bins = 15): number {
  checkSameLength(yTrue, scores.length);
  // Distance of the sums, signed within a bin: |hits - confidence| / clips is the bin's weighted gap.
  const gaps = new Float64Array(bins);
  for (const [i, row] of scores.entries()) {
    const best = argmax(row);
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(row[best] * bins) - 1));
    gaps[bin] += (yTrue[i] === best ? 1 : 0) - row[best];
  }
  return sum([...gaps].map(Math.abs)) / yTrue.length;
}

/** Index of the highest score; the first of equals. */
export function argmax(scores: Classes): number {
  let best = 0;
  for (let k = 1; k < scores.length; k++) if (scores[k] > scores[best]) best = k;
  return best;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** scikit-learn's zero_division=0. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function checkSameLength(yTrue: Classes, predictions: number): void {
  if (yTrue.length !== predictions) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${yTrue.length} true classes and ${predictions} predictions came; one prediction per clip was expected.`,
    );
  }
  if (yTrue.length === 0) {
    throw new MarsError('NO_INPUT', 'There is no clip to measure on; at least one was expected.');
  }
}

function checkClass(value: number, classes: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= classes) {
    throw new MarsError(
      'CONFIG_INVALID',
      `Class ${value} came; a whole number below ${classes} was expected.`,
    );
  }
  return value;
}

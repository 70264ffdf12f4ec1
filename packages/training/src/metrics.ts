import { MarsError } from '@mars/core';

/**
 * Figures of a classifier, as scikit-learn defines them (with zero_division=0). Classes are numbers from 0 into a list of
 * labels; `yTrue` and `yPred` hold one per clip. All throw `NO_INPUT` when there is no clip, and `CONFIG_INVALID` when
 * lengths or classes do not fit.
 */
export type Classes = ArrayLike<number>;

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
  return confusionMetrics(confusionMatrix(yTrue, yPred, labels.length), labels);
}

/**
 * The same from the counts alone. Shape of `confusion` [classes, classes], the rows being the true classes. Errors:
 * `NO_INPUT` when it counts no clip.
 */
export function confusionMetrics(
  confusion: readonly (readonly number[])[],
  labels: readonly string[],
): ClassificationMetrics {
  const clips = sum(confusion.map(sum));
  checkAnyClip(clips);
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

/** Index of the highest score; the first of equals. */
export function argmax(scores: Classes): number {
  let best = 0;
  for (let k = 1; k < scores.length; k++) if (scores[k] > scores[best]) best = k;
  return best;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** scikit-learn's zero_division=0. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

/** Errors: `CONFIG_INVALID` when the lengths differ, `NO_INPUT` when they are 0. */
export function checkSameLength(yTrue: Classes, predictions: number): void {
  if (yTrue.length !== predictions) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${yTrue.length} true classes and ${predictions} predictions came; one prediction per clip was expected.`,
    );
  }
  checkAnyClip(yTrue.length);
}

function checkAnyClip(clips: number): void {
  if (clips > 0) return;
  throw new MarsError('NO_INPUT', 'There is no clip to measure on; at least one was expected.');
}

/** Errors: `CONFIG_INVALID` for what is no class. */
export function checkClass(value: number, classes: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= classes) {
    throw new MarsError(
      'CONFIG_INVALID',
      `Class ${value} came; a whole number below ${classes} was expected.`,
    );
  }
  return value;
}

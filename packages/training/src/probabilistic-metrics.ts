import { argmax, checkClass, checkSameLength, sum, type Classes } from './metrics.ts';

/**
 * Figures of what a classifier says beside the name of a class: how sure it is, and whether that may be believed.
 * `scores` is [clips][classes], each row summing to 1; a clip's confidence is its highest score. Errors as in `metrics.ts`.
 */
type Scores = readonly Classes[];

/**
 * Brier score: the squared distance of the scores from the truth, summed over classes (Brier 1950, equation 2) and
 * averaged over clips. 0 is certain and right, 2 certain and wrong, 1 − 1/classes equal scores. Of two classes it is
 * twice scikit-learn's brier_score_loss, which looks at one of them.
 *
 * @example
 * brierScore([0, 1], [[0.9, 0.1], [0.4, 0.6]]); // 0.17
 */
export function brierScore(yTrue: Classes, scores: Scores): number {
  return meanOverClips(yTrue, scores, (row, truth) =>
    sum(Array.from(row, (score, k) => (score - (k === truth ? 1 : 0)) ** 2)),
  );
}

/**
 * Log loss, or cross-entropy, in nats: scikit-learn's log_loss. A score of 0 counts as 2.2e-16.
 *
 * @example
 * logLoss([0, 1], [[0.9, 0.1], [0.4, 0.6]]); // 0.308
 */
export function logLoss(yTrue: Classes, scores: Scores): number {
  return meanOverClips(yTrue, scores, (row, truth) => -Math.log(Math.max(row[truth], Number.EPSILON)));
}

/** The clips whose confidence lies in (low, high]. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly clips: number;
  /** Mean of their confidences. */
  readonly confidence: number;
  /** Share of them that was named rightly: equal to `confidence` when the scores are calibrated. */
  readonly accuracy: number;
}

/**
 * The bars of a reliability diagram, of those bins that hold a clip: scikit-learn's calibration_curve of the confidence.
 *
 * @example
 * reliabilityBins([0, 1], [[0.9, 0.1], [0.2, 0.8]], 2); // [{ low: 0.5, high: 1, clips: 2, confidence: 0.85, accuracy: 1 }]
 */
export function reliabilityBins(yTrue: Classes, scores: Scores, bins = 15): ReliabilityBin[] {
  const answers = answersOf(yTrue, scores);
  // Scores in single precision may sum to a hair more than 1.
  const byBin = Map.groupBy(answers, ({ confidence }) =>
    Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1)),
  );
  return [...byBin.keys()]
    .sort((a, b) => a - b)
    .map((bin) => {
      const inside = byBin.get(bin)!;
      return {
        low: bin / bins,
        high: (bin + 1) / bins,
        clips: inside.length,
        confidence: sum(inside.map(({ confidence }) => confidence)) / inside.length,
        accuracy: inside.filter(({ right }) => right).length / inside.length,
      };
    });
}

/**
 * Expected calibration error (Guo et al. 2017, equation 3): the mean distance between accuracy and mean confidence in
 * the bins of `reliabilityBins`, weighted by clips. A test part of few clips makes it too high.
 *
 * @example
 * expectedCalibrationError([0, 1], [[0.9, 0.1], [0.2, 0.8]]); // 0.15: right twice, but 0.85 sure
 */
export function expectedCalibrationError(yTrue: Classes, scores: Scores, bins = 15): number {
  const gaps = reliabilityBins(yTrue, scores, bins).map(
    ({ clips, accuracy, confidence }) => clips * Math.abs(accuracy - confidence),
  );
  return sum(gaps) / yTrue.length;
}

/** What a classifier that is silent below a confidence answers, and how often it errs then. */
export interface RiskCoveragePoint {
  /** The lowest confidence that is still answered. */
  readonly confidence: number;
  /** Share of the clips that are answered. */
  readonly coverage: number;
  /** Share of the answers that are wrong. */
  readonly risk: number;
}

/**
 * The risk-coverage curve (El-Yaniv & Wiener 2010): one point per confidence that occurs, the surest first, so that the
 * last has coverage 1 and the classifier's error rate.
 */
export function riskCoverageCurve(yTrue: Classes, scores: Scores): RiskCoveragePoint[] {
  let [answered, wrong] = [0, 0];
  return levels(yTrue, scores).map(({ confidence, clips, errors }) => {
    answered += clips;
    wrong += errors;
    return { confidence, coverage: answered / yTrue.length, risk: wrong / answered };
  });
}

/**
 * Area under the risk-coverage curve, AURC: the mean risk of the surest 1, 2, … all clips (Geifman et al. 2019, "Bias-Reduced
 * Uncertainty Estimation", section 2). Equally sure clips come in the order of chance, on average over all orders.
 *
 * @example
 * areaUnderRiskCoverage([0, 0], [[0.9, 0.1], [0.2, 0.8]]); // 0.25: the surer clip is right, the other wrong
 */
export function areaUnderRiskCoverage(yTrue: Classes, scores: Scores): number {
  let [answered, wrong, area] = [0, 0, 0];
  for (const { clips, errors } of levels(yTrue, scores)) {
    for (let i = 1; i <= clips; i++) area += (wrong + (errors * i) / clips) / (answered + i);
    answered += clips;
    wrong += errors;
  }
  return area / yTrue.length;
}

/**
 * Accuracy over the surest share of the clips. Of equally sure clips at its edge, chance decides, on average.
 *
 * @example
 * accuracyAtCoverage([0, 0], [[0.9, 0.1], [0.2, 0.8]], 0.5); // 1: the surer clip is right
 */
export function accuracyAtCoverage(yTrue: Classes, scores: Scores, coverage: number): number {
  const wanted = Math.max(1, Math.round(coverage * yTrue.length));
  let [answered, right] = [0, 0];
  for (const { clips, errors } of levels(yTrue, scores)) {
    const taken = Math.min(clips, wanted - answered);
    right += (taken * (clips - errors)) / clips;
    answered += taken;
    if (answered === wanted) break;
  }
  return right / wanted;
}

/** The clips of each confidence that occurs, the highest first. */
function levels(yTrue: Classes, scores: Scores): { confidence: number; clips: number; errors: number }[] {
  const byConfidence = Map.groupBy(answersOf(yTrue, scores), ({ confidence }) => confidence);
  return [...byConfidence]
    .sort(([a], [b]) => b - a)
    .map(([confidence, answers]) => ({
      confidence,
      clips: answers.length,
      errors: answers.filter(({ right }) => !right).length,
    }));
}

function answersOf(yTrue: Classes, scores: Scores): { confidence: number; right: boolean }[] {
  checkSameLength(yTrue, scores.length);
  return scores.map((row, i) => {
    const best = argmax(row);
    return { confidence: row[best], right: checkClass(yTrue[i], row.length) === best };
  });
}

function meanOverClips(
  yTrue: Classes,
  scores: Scores,
  loss: (row: Classes, truth: number) => number,
): number {
  checkSameLength(yTrue, scores.length);
  return sum(scores.map((row, i) => loss(row, checkClass(yTrue[i], row.length)))) / scores.length;
}

import type { VoiceExtent } from './calibration.ts';
import type { Calibration } from './metadata.ts';

export interface Score {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/** What was heard in a recording. */
export interface Verdict {
  readonly durationSec: number;
  /** `uncertain`: below the model's calibrated threshold; `emotion` still names the best guess. */
  readonly verdict: 'emotion' | 'uncertain' | 'no-speech';
  /** `null` when the verdict is `no-speech`. */
  readonly emotion: string | null;
  /** The score of `emotion`; 0 when there is none. */
  readonly confidence: number;
  /** Every label of the model, highest score first; the scores sum to 1. */
  readonly scores: readonly Score[];
  /** Only where the verdict rests on what was known of the voice. */
  readonly knownVoice?: VoiceExtent;
}

/**
 * The verdict on a recording from the probabilities of its labels.
 *
 * The calibration's temperature divides the logits, which for probabilities is `p ** (1 / temperature)`, summing to 1
 * again (Guo et al. 2017, "On Calibration of Modern Neural Networks", eq. 9).
 *
 * @param probabilities one per label, in the order of `labels`
 *
 * @example
 * emotionVerdict([0.2, 0.8], ['calm', 'angry'], { durationSec: 3, calibration: null }).emotion; // 'angry'
 */
export function emotionVerdict(
  probabilities: ArrayLike<number>,
  labels: readonly string[],
  {
    durationSec,
    calibration,
    knownVoice,
  }: { durationSec: number; calibration: Calibration | null; knownVoice?: VoiceExtent | undefined },
): Verdict {
  const exponent = 1 / (calibration?.temperature ?? 1);
  const weights = labels.map((_, index) => probabilities[index] ** exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scores = labels
    .map((label, index) => ({ label, score: weights[index] / total }))
    .toSorted((a, b) => b.score - a.score);
  const [{ label: emotion, score: confidence }] = scores;
  const verdict = confidence < (calibration?.threshold ?? 0) ? 'uncertain' : 'emotion';
  return { durationSec, verdict, emotion, confidence, scores, ...(knownVoice && { knownVoice }) };
}

/** The verdict on a recording in which nobody speaks: no emotion, and no label likelier than another. */
export function noSpeechVerdict(labels: readonly string[], durationSec: number): Verdict {
  const scores = labels.map((label) => ({ label, score: 1 / labels.length }));
  return { durationSec, verdict: 'no-speech', emotion: null, confidence: 0, scores };
}

/**
 * The verdict on a shorter utterance is never certain: a word or less is far from the sentences that models learn from and
 * are calibrated on, so their confidence means nothing there.
 */
export const MIN_CERTAIN_SEC = 0.5;

/** The same verdict, but for its certainty. */
export function uncertain(verdict: Verdict): Verdict {
  return verdict.verdict === 'emotion' ? { ...verdict, verdict: 'uncertain' } : verdict;
}

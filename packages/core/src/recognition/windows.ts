import { noSpeechVerdict, type Verdict } from './verdict.ts';

/** From sample `start` up to, not including, sample `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** In samples. */
export interface WindowSize {
  readonly window: number;
  readonly hop: number;
}

/** A verdict and the part of the recording that it is about. */
export interface Measured {
  readonly startSec: number;
  readonly endSec: number;
  readonly verdict: Verdict;
}

/** Up to so many windows, an utterance is measured whole: a sentence said in one mood should get one verdict. */
const WHOLE_WINDOWS = 1.5;

export function isMeasuredWhole({ start, end }: Span, { window }: WindowSize): boolean {
  return end - start <= WHOLE_WINDOWS * window;
}

/**
 * What is measured of an utterance: all of it at once, or, when it is longer than 1.5 windows, windows that begin a hop
 * apart and a last one that ends with it. As the utterance grows, windows are only added (save the last).
 *
 * @example
 * windowSpans({ start: 0, end: 9 }, { window: 4, hop: 2 }); // 0 … 4, 2 … 6, 4 … 8, 5 … 9
 */
export function windowSpans(utterance: Span, size: WindowSize): Span[] {
  if (isMeasuredWhole(utterance, size)) return [utterance];
  const { start, end } = utterance;
  const { window, hop } = size;
  const count = 1 + Math.floor((end - start - window) / hop);
  const spans = Array.from({ length: count }, (_, i) => ({
    start: start + i * hop,
    end: start + i * hop + window,
  }));
  if (spans[count - 1].end < end) spans.push({ start: end - window, end });
  return spans;
}

/**
 * One verdict from several: the mean of their scores by weight. The mean may be `uncertain` where each was sure of
 * something else. Those that heard no speech have no vote, unless they have half the weight: then nobody speaks.
 *
 * @param threshold confidence below which the mean is `uncertain`
 */
export function combineVerdicts(
  verdicts: readonly Verdict[],
  weights: readonly number[],
  { durationSec, threshold }: { durationSec: number; threshold: number },
): Verdict {
  const weightOf = (wanted: (verdict: Verdict) => boolean): number =>
    verdicts.reduce((sum, verdict, i) => sum + (wanted(verdict) ? weights[i] : 0), 0);
  const isSpeech = ({ verdict }: Verdict): boolean => verdict !== 'no-speech';
  const latest = verdicts[verdicts.length - 1];
  if (verdicts.length === 1) return { ...latest, durationSec };
  const spoken = weightOf(isSpeech);
  if (2 * spoken <= weightOf(() => true)) {
    const labels = latest.scores.map(({ label }) => label);
    return { ...latest, ...noSpeechVerdict(labels, durationSec) };
  }

  const sums = new Map<string, number>();
  for (const [i, verdict] of verdicts.entries()) {
    if (!isSpeech(verdict)) continue;
    for (const { label, score } of verdict.scores) {
      sums.set(label, (sums.get(label) ?? 0) + weights[i] * score);
    }
  }
  const scores = Array.from(sums, ([label, sum]) => ({ label, score: sum / spoken })).toSorted(
    (a, b) => b.score - a.score,
  );
  const [{ label: emotion, score: confidence }] = scores;
  // A measurement can be unsure for other reasons than its confidence; most of them must be sure for the mean to be.
  const sure = weightOf(({ verdict }) => verdict === 'emotion');
  // To rounding: the mean of equal confidences at the threshold is not below it.
  const isSure = 2 * sure > spoken && confidence >= threshold - 1e-9;
  return { ...latest, durationSec, verdict: isSure ? 'emotion' : 'uncertain', emotion, confidence, scores };
}

/**
 * The verdicts of an utterance over time: it is divided into equal cells, about a hop long; each has the mean of the
 * windows that overlap it, by overlap; and neighbours that say the same are one.
 *
 * @param windows the measurements of one utterance, in order; together they cover it
 * @returns segments that follow each other without a gap from the utterance's start to its end
 */
export function smoothWindows(
  windows: readonly Measured[],
  { hopSec, threshold }: { hopSec: number; threshold: number },
): Measured[] {
  if (windows.length === 1) return [...windows];
  const { startSec } = windows[0];
  const { endSec } = windows[windows.length - 1];
  const count = Math.max(1, Math.round((endSec - startSec) / hopSec));
  const edge = (i: number): number => (i === count ? endSec : startSec + (i * (endSec - startSec)) / count);

  const segments: Measured[] = [];
  let run: Measured[] = [];
  const endRun = (): void => {
    if (run.length > 0) segments.push(join(run, threshold));
    run = [];
  };
  for (let i = 0; i < count; i++) {
    const cell = over({ startSec: edge(i), endSec: edge(i + 1) }, windows, threshold);
    if (run.length > 0 && kind(run[0].verdict) !== kind(cell.verdict)) endRun();
    run.push(cell);
  }
  endRun();
  return segments;
}

function over(cell: Omit<Measured, 'verdict'>, windows: readonly Measured[], threshold: number): Measured {
  const overlap = (window: Measured): number =>
    Math.min(window.endSec, cell.endSec) - Math.max(window.startSec, cell.startSec);
  const there = windows.filter((window) => overlap(window) > 1e-6);
  const verdict = combineVerdicts(
    there.map((window) => window.verdict),
    there.map(overlap),
    { durationSec: cell.endSec - cell.startSec, threshold },
  );
  return { ...cell, verdict };
}

function join(run: readonly Measured[], threshold: number): Measured {
  const { startSec } = run[0];
  const { endSec } = run[run.length - 1];
  const verdict = combineVerdicts(
    run.map((cell) => cell.verdict),
    run.map((cell) => cell.endSec - cell.startSec),
    { durationSec: endSec - startSec, threshold },
  );
  return { startSec, endSec, verdict };
}

/** Two verdicts of a kind make one segment: doubts are one, whatever their best guesses are. */
function kind({ verdict, emotion }: Verdict): string {
  return verdict === 'emotion' ? `emotion ${emotion}` : verdict;
}

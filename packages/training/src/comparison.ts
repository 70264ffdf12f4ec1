import { createRandom } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { bootstrapIntervals, type BootstrapOptions, type Interval } from './bootstrap.ts';
import type { Prediction } from './evaluate.ts';
import type { Tested } from './experiment-report.ts';

export interface CompareOptions extends BootstrapOptions {
  /** Sign patterns that the permutation test draws where all of them would be more. */
  permutations?: number;
}

/** Two runs on the same test clips. Every difference is `b` − `a`: positive when the second run is better. */
export interface Comparison {
  readonly clips: number;
  readonly a: RunFigures;
  readonly b: RunFigures;
  readonly difference: { readonly accuracy: number; readonly uar: number };
  /** 95 % of the differences when speakers are drawn anew (`bootstrapIntervals`); `null` for a single speaker. */
  readonly interval: { readonly accuracy: Interval; readonly uar: Interval } | null;
  /** Would the difference of UAR hold for other speakers? The test to report. */
  readonly permutation: PermutationTest;
  /** Would it hold for other clips? Only where one model of each run tested each clip, else `null`. */
  readonly mcnemar: McnemarTest | null;
  /** Each speaker's accuracy in both runs, in the order of the names. */
  readonly perSpeaker: readonly { name: string; clips: number; a: number; b: number }[];
}

export interface RunFigures {
  /** Models that tested a clip, on average: the number of seeds. */
  readonly modelsPerClip: number;
  /** Each clip counts by the share of the models that named it rightly: the mean over seeds. */
  readonly accuracy: number;
  readonly uar: number;
}

export interface PermutationTest {
  /** Two-sided. */
  readonly pValue: number;
  readonly speakers: number;
  /** Whether every pattern of signs was counted, and not a sample of them. */
  readonly exact: boolean;
}

export interface McnemarTest {
  /** Two-sided, from the binomial distribution. */
  readonly pValue: number;
  /** Clips that only the first run named rightly. */
  readonly onlyA: number;
  readonly onlyB: number;
}

/** One speaker's clips, counted per emotion. */
interface Tally {
  readonly name: string;
  readonly clips: number[];
  /** Clips named rightly by each run: sums of its models' shares. */
  readonly right: Readonly<Record<Run, number[]>>;
}

type Run = 'a' | 'b';

/**
 * Compares two runs clip by clip, on the clips that both tested.
 *
 * The permutation test swaps the two runs for whole speakers (paired sign flips; Good 2005, "Permutation, Parametric
 * and Bootstrap Tests of Hypotheses", chapter 3), because clips of one speaker resemble each other. Of n speakers its
 * p-value is never below 2 / 2 ** n: four can show nothing at 5 %. McNemar's exact test (Dietterich 1998, section 3.1)
 * takes clips for independent: it speaks of two models on these speakers' voices.
 *
 * Errors: `NO_INPUT` when a run has no predictions; `RUN_INVALID` when the runs tested different clips, or disagree on
 * what a clip's emotion is; `CONFIG_INVALID` for an emotion that is none of the labels.
 *
 * @param labels the emotions over which recall is averaged
 * @example
 * const { difference, interval, permutation } = compareRuns(testedWithGru, testedWithBiGru, EMOTIONS);
 */
export function compareRuns(
  a: readonly Tested[],
  b: readonly Tested[],
  labels: readonly string[],
  options: CompareOptions = {},
): Comparison {
  const predictions = { a: allPredictions(a, 'first'), b: allPredictions(b, 'second') };
  const keyOf = clipKey([...predictions.a, ...predictions.b]);
  const heard = { a: Map.groupBy(predictions.a, keyOf), b: Map.groupBy(predictions.b, keyOf) };
  checkSameClips(heard.a, heard.b);
  const tallies = tally(heard, labels);
  const figures = (run: Run): RunFigures => ({
    modelsPerClip: predictions[run].length / heard[run].size,
    ...figuresOf(tallies, run),
  });
  return {
    clips: heard.a.size,
    a: figures('a'),
    b: figures('b'),
    difference: differenceOf(tallies),
    interval: bootstrapIntervals(tallies, differenceOf, options),
    permutation: permutationTest(tallies, options),
    mcnemar: mcnemar(heard),
    perSpeaker: tallies.map(({ name, clips, right }) => ({
      name,
      clips: sum(clips),
      a: sum(right.a) / sum(clips),
      b: sum(right.b) / sum(clips),
    })),
  };
}

/** A comparison of two among several runs. */
export interface NamedComparison extends Comparison {
  /** Names of the two runs. */
  readonly runs: readonly [a: string, b: string];
  /** `permutation.pValue` after Holm's correction for the number of pairs. */
  readonly adjustedPValue: number;
}

/** Every pair of several runs, in the order given. Errors: those of `compareRuns`. */
export function compareAll(
  runs: readonly { readonly name: string; readonly tested: readonly Tested[] }[],
  labels: readonly string[],
  options: CompareOptions = {},
): NamedComparison[] {
  const pairs = runs.flatMap((a, i) => runs.slice(i + 1).map((b) => [a, b] as const));
  const comparisons = pairs.map(([a, b]) => compareRuns(a.tested, b.tested, labels, options));
  const adjusted = holm(comparisons.map(({ permutation }) => permutation.pValue));
  return comparisons.map((comparison, i) => ({
    ...comparison,
    runs: [pairs[i][0].name, pairs[i][1].name],
    adjustedPValue: adjusted[i],
  }));
}

/**
 * p-values corrected for being several: the chance of even one false alarm among them stays below the level at which
 * they are read (Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure").
 *
 * @example
 * holm([0.01, 0.04, 0.03]); // [0.03, 0.06, 0.06]
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = [...pValues];
  let highest = 0;
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i] - pValues[j]);
  for (const [rank, i] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * pValues[i]));
    adjusted[i] = highest;
  }
  return adjusted;
}

function allPredictions(run: readonly Tested[], which: string): Prediction[] {
  const predictions = run.flatMap((model) => model.predictions);
  if (predictions.length === 0) {
    throw new MarsError(
      'NO_INPUT',
      `The ${which} run tested no clip; there is nothing to compare. Let its trainings end first.`,
    );
  }
  return predictions;
}

/** A clip's name is unique within its corpus, which old runs did not write down. */
function clipKey(predictions: readonly Prediction[]): (prediction: Prediction) => string {
  const known = predictions.every(({ corpus }) => corpus !== undefined);
  return ({ corpus, id }) => (known ? `${corpus}/${id}` : id);
}

type Heard = ReadonlyMap<string, readonly Prediction[]>;

function checkSameClips(a: Heard, b: Heard): void {
  const onlyA = [...a.keys()].filter((key) => !b.has(key));
  const onlyB = [...b.keys()].filter((key) => !a.has(key));
  if (onlyA.length + onlyB.length > 0) {
    throw new MarsError(
      'RUN_INVALID',
      `The runs tested different clips: ${onlyA.length} of the first's ${a.size} and ${onlyB.length} of the second's ` +
        `${b.size} stand in that run alone (such as ${onlyA[0] ?? onlyB[0]}). A paired comparison needs the same ones: ` +
        'give runs of one protocol on the same corpora, with all their trainings done.',
    );
  }
  for (const [key, [first, ...others]] of a) {
    const other = [...others, ...b.get(key)!].find(({ emotion }) => emotion !== first.emotion);
    if (other) {
      throw new MarsError(
        'RUN_INVALID',
        `The runs disagree on ${key}: ${first.emotion} or ${other.emotion}. Train both with the same labels of the corpus.`,
      );
    }
  }
}

function tally(heard: Readonly<Record<Run, Heard>>, labels: readonly string[]): Tally[] {
  // Speakers of two corpora may share a name.
  const bySpeaker = Map.groupBy(heard.a, ([, [{ corpus = '', speaker }]]) => `${corpus}/${speaker}`);
  const tallies = [...bySpeaker.values()].map((answers): Tally => {
    const zeros = () => labels.map(() => 0);
    const [clips, right] = [zeros(), { a: zeros(), b: zeros() }];
    for (const [key, byA] of answers) {
      const k = labels.indexOf(byA[0].emotion);
      if (k < 0) {
        throw new MarsError(
          'CONFIG_INVALID',
          `The emotion of ${key} is ${byA[0].emotion}; one of ${labels.join(', ')} was expected.`,
        );
      }
      clips[k] += 1;
      right.a[k] += shareRight(byA);
      right.b[k] += shareRight(heard.b.get(key)!);
    }
    return { name: answers[0][1][0].speaker, clips, right };
  });
  return tallies.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Share of the models that named the clip rightly. */
function shareRight(answers: readonly Prediction[]): number {
  return answers.filter(({ emotion, predicted }) => predicted === emotion).length / answers.length;
}

function figuresOf(tallies: readonly Tally[], run: Run): { accuracy: number; uar: number } {
  const classes = tallies[0].clips.length;
  let [clips, right, recalls, present] = [0, 0, 0, 0];
  for (let k = 0; k < classes; k++) {
    const support = sumOf(tallies, (row) => row.clips[k]);
    const hits = sumOf(tallies, (row) => row.right[run][k]);
    clips += support;
    right += hits;
    if (support === 0) continue;
    recalls += hits / support;
    present += 1;
  }
  return { accuracy: right / clips, uar: recalls / present };
}

function differenceOf(tallies: readonly Tally[]): { accuracy: number; uar: number } {
  const [a, b] = [figuresOf(tallies, 'a'), figuresOf(tallies, 'b')];
  return { accuracy: b.accuracy - a.accuracy, uar: b.uar - a.uar };
}

/**
 * Both runs tested the same clips, so the difference of UAR is a sum with one term per speaker, and swapping the runs
 * for a speaker changes its sign.
 */
function permutationTest(
  tallies: readonly Tally[],
  { permutations = 10_000, seed = 0 }: CompareOptions,
): PermutationTest {
  const support = tallies[0].clips.map((_, k) => sumOf(tallies, ({ clips }) => clips[k]));
  const present = support.filter((count) => count > 0).length;
  const terms = tallies.map(({ right }) =>
    sum(support.map((count, k) => (count === 0 ? 0 : (right.b[k] - right.a[k]) / count / present))),
  );
  // Sums of the same terms in another order differ in the last bits; equal ones must count as reached.
  const reach = Math.abs(sum(terms)) * (1 - 1e-9) - 1e-12;
  const reached = (signs: (i: number) => boolean) =>
    Math.abs(sum(terms.map((term, i) => (signs(i) ? term : -term)))) >= reach ? 1 : 0;
  const speakers = terms.length;
  const exact = 2 ** speakers <= permutations;
  let extreme = 0;
  if (exact) {
    for (let pattern = 0; pattern < 2 ** speakers; pattern++)
      extreme += reached((i) => (pattern >> i) % 2 === 1);
    return { pValue: extreme / 2 ** speakers, speakers, exact };
  }
  const random = createRandom(seed);
  for (let draw = 0; draw < permutations; draw++) extreme += reached(() => random.next() < 0.5);
  // The observed pattern is one of those that were possible (Phipson & Smyth 2010): p is never 0.
  return { pValue: (extreme + 1) / (permutations + 1), speakers, exact };
}

function mcnemar(heard: Readonly<Record<Run, Heard>>): McnemarTest | null {
  let [onlyA, onlyB] = [0, 0];
  for (const [key, byA] of heard.a) {
    const byB = heard.b.get(key)!;
    if (byA.length > 1 || byB.length > 1) return null;
    const [a, b] = [shareRight(byA), shareRight(byB)];
    if (a > b) onlyA += 1;
    if (b > a) onlyB += 1;
  }
  return { pValue: signTest(onlyA, onlyB), onlyA, onlyB };
}

/** Two-sided probability of so uneven a division, or a more uneven one, of so many coins: scipy's binomtest at 0.5. */
function signTest(heads: number, tails: number): number {
  const tosses = heads + tails;
  let tail = 0;
  // In logarithms: 2 ** -tosses alone would be 0 from 1075 on.
  let logTerm = -tosses * Math.LN2;
  for (let k = 0; k <= Math.min(heads, tails); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((tosses - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}

function sumOf<Row>(rows: readonly Row[], value: (row: Row) => number): number {
  let total = 0;
  for (const row of rows) total += value(row);
  return total;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

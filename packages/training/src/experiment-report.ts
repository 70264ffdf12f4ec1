import { bootstrapIntervals, type Interval } from './bootstrap.ts';
import { compareRuns } from './comparison.ts';
import { measure, type Figures, type Prediction } from './evaluate.ts';
import { confusionMetrics } from './metrics.ts';
import { accuracyAtCoverage, expectedCalibrationError } from './probabilistic-metrics.ts';
import { profileEffect, withoutProfiles, type ProfileEffect } from './profile-effect.ts';
import type { Protocol } from './splits/protocols.ts';

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly sd: number;
}

/** Figures that every report has. */
const FIGURES = ['accuracy', 'uar', 'macroF1', 'weightedF1', 'ece'] as const;
/** Absent from old reports; the last two also where the predictions hold no verdicts, or none that names an emotion. */
const FURTHER_FIGURES = ['brier', 'logLoss', 'aurc', 'coverage', 'selectiveAccuracy'] as const;
const ALL_FIGURES = [...FIGURES, ...FURTHER_FIGURES];
/** Those that follow from the counts of right and wrong names alone. */
const COUNTED_FIGURES = ['accuracy', 'uar', 'macroF1', 'weightedF1'] as const;

type Figure = (typeof FIGURES)[number];
type FurtherFigure = (typeof FURTHER_FIGURES)[number];
type CountedFigure = (typeof COUNTED_FIGURES)[number];
type FigureTable<Value> = Readonly<Record<Figure, Value> & Partial<Record<FurtherFigure, Value>>>;

export type GroupFigures = { readonly name: string; readonly clips: number } & FigureTable<number>;

/** By which of a clip's facts the test clips are grouped. */
type GroupKey = 'channel' | 'gender' | 'speaker';
/** Absent from old reports. */
type FurtherGroupKey = 'intensity' | 'statement' | 'corpus';

/** What an experiment gave: `report.json` of a run. */
export interface ExperimentReport {
  readonly preset: string;
  readonly protocol: Protocol;
  readonly labels: readonly string[];
  /** The corpora that the training parts are of; absent from old reports and of models whose training is not at hand. */
  readonly trainedOn?: readonly string[];
  readonly trainings: readonly ({ training: string; fold: string; seed: number } & FigureTable<number>)[];
  /** Over seeds, each seed's figure being the mean over its folds. */
  readonly overSeeds: FigureTable<Spread>;
  /** Over all trainings. */
  readonly overTrainings: FigureTable<Spread>;
  /**
   * What takes more clips than one training tests: over seeds, each seed's figure being that of all its test clips
   * together, each as the model of its fold hears it. Of the few clips of one training an ECE comes out too high, however
   * well it is calibrated. Absent from old reports.
   */
  readonly overClips?: {
    readonly ece: Spread;
    /** Accuracy of the surest 80 %. */
    readonly accuracyAt80: Spread;
  };
  /**
   * 95 % of the figures when the test speakers are drawn anew (`bootstrapIntervals`). The figure of a draw is the mean
   * over seeds of the figure over all clips of the speakers drawn, whichever fold tested them. `null` for a single
   * speaker; absent from old reports.
   */
  readonly overSpeakers?: Readonly<Record<CountedFigure, Interval>> | null;
  /** Parts of the test clips, all trainings' together: speech and song, women and men, each speaker and so on. */
  readonly groups: Readonly<
    Record<GroupKey, readonly GroupFigures[]> & Partial<Record<FurtherGroupKey, readonly GroupFigures[]>>
  >;
  /** Summed over all trainings: rows are the true emotions. */
  readonly confusion: readonly (readonly number[])[];
  /** Under the `enrol` protocols: all figures here are those with profiles, and these say what they would be without. */
  readonly profiles?: ProfileEffect;
  /** What becomes of the verdicts where recordings go through something; absent where that was not tested. */
  readonly changes?: readonly ChangeFigures[];
  /** Recordings that could not be used and were left out. */
  readonly failures: number;
}

/** What one change of the recordings does, over the test clips of all trainings. */
export interface ChangeFigures {
  readonly change: string;
  /** Share of the clips that keep their emotion. */
  readonly kept: number;
  /** The same of those whose verdict names an emotion both times; absent where there is none. */
  readonly keptOfSure?: number;
  /** Of the changed recordings. */
  readonly accuracy: number;
}

/** What one model made of its test part. */
export interface Tested {
  readonly fold: string;
  readonly seed: number;
  readonly predictions: readonly Prediction[];
}

/** The report of a list of tested models, for which so many recordings could not be used. Errors: `NO_INPUT` when there is none. */
export function sumUp(
  preset: string,
  protocol: Protocol,
  labels: readonly string[],
  tested: readonly Tested[],
  failures = 0,
): ExperimentReport {
  const report = sumUpAnswers(preset, protocol, labels, tested, failures);
  const unaided = withoutProfiles(tested);
  if (unaided === undefined) return report;
  const without = sumUpAnswers(preset, protocol, labels, unaided, failures);
  const predictions = tested.flatMap((model) => model.predictions);
  const unlearnt = predictions.filter((row) => row.withoutProfile === null).map(speakerName(predictions));
  const comparison = compareRuns(unaided, tested, labels);
  const profiles = profileEffect({ without, with: report }, comparison, [...new Set(unlearnt)].sort());
  return { ...report, profiles };
}

function sumUpAnswers(
  preset: string,
  protocol: Protocol,
  labels: readonly string[],
  tested: readonly Tested[],
  failures: number,
): ExperimentReport {
  const predictions = tested.flatMap((model) => model.predictions);
  const trainings = tested.map(({ fold, seed, predictions: rows }) => ({
    training: trainingName(fold, seed),
    fold,
    seed,
    ...pick(measure(rows, labels)),
  }));
  const bySeed = [...Map.groupBy(trainings, ({ seed }) => seed).values()];
  const perSeed = bySeed.map((rows) => tabulate(ALL_FIGURES, rows, average));
  const nameOf = speakerName(predictions);
  return {
    preset,
    protocol,
    labels,
    trainings,
    overSeeds: tabulate(ALL_FIGURES, perSeed, spread),
    overTrainings: tabulate(ALL_FIGURES, trainings, spread),
    overClips: overClips(tested, labels),
    overSpeakers: overSpeakers(tested, labels, nameOf),
    groups: {
      channel: groupBy(predictions, ({ channel }) => channel, labels),
      gender: groupBy(predictions, ({ gender }) => gender, labels),
      intensity: groupBy(predictions, ({ intensity }) => intensity, labels),
      statement: groupBy(predictions, ({ statement }) => statement, labels),
      corpus: groupBy(predictions, ({ corpus }) => corpus, labels),
      speaker: groupBy(predictions, nameOf, labels),
    },
    confusion: measure(predictions, labels).confusion,
    changes: changeFigures(predictions),
    failures,
  };
}

function changeFigures(predictions: readonly Prediction[]): ChangeFigures[] | undefined {
  const changes = Object.keys(predictions[0].changed ?? {});
  if (changes.length === 0) return undefined;
  return changes.map((change) => {
    const pairs = predictions.map((row) => {
      const after = row.changed![change];
      return {
        kept: Number(after.predicted === row.predicted),
        sure: row.verdict === 'emotion' && after.verdict === 'emotion',
        right: Number(after.predicted === row.emotion),
      };
    });
    const sure = pairs.filter((pair) => pair.sure);
    return {
      change,
      kept: average(pairs.map(({ kept }) => kept)),
      ...(sure.length > 0 && { keptOfSure: average(sure.map(({ kept }) => kept)) }),
      accuracy: average(pairs.map(({ right }) => right)),
    };
  });
}

function overClips(
  tested: readonly Tested[],
  labels: readonly string[],
): NonNullable<ExperimentReport['overClips']> {
  const perSeed = [...Map.groupBy(tested, ({ seed }) => seed).values()].map((models) => {
    const predictions = models.flatMap((model) => model.predictions);
    const yTrue = predictions.map(({ emotion }) => labels.indexOf(emotion));
    const scores = predictions.map((row) => row.scores);
    return {
      ece: expectedCalibrationError(yTrue, scores),
      accuracyAt80: accuracyAtCoverage(yTrue, scores, 0.8),
    };
  });
  return {
    ece: spread(perSeed.map(({ ece }) => ece)),
    accuracyAt80: spread(perSeed.map(({ accuracyAt80 }) => accuracyAt80)),
  };
}

/** Figures of each group, in the order of the names; predictions without a name are in none. */
function groupBy(
  predictions: readonly Prediction[],
  nameOf: (prediction: Prediction) => string | undefined,
  labels: readonly string[],
): GroupFigures[] {
  const groups = [...Map.groupBy(predictions, nameOf)].flatMap(([name, rows]) =>
    name === undefined ? [] : [{ name, clips: rows.length, ...pick(measure(rows, labels)) }],
  );
  return groups.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A speaker's name is unique within the corpus: of several corpora each name takes its corpus before it. */
function speakerName(predictions: readonly Prediction[]): (prediction: Prediction) => string {
  const corpora = new Set(predictions.map(({ corpus }) => corpus));
  return ({ corpus, speaker }) => (corpora.size > 1 ? `${corpus}/${speaker}` : speaker);
}

/** Intervals of the figures over speakers, of whom each brings one confusion matrix per seed. */
function overSpeakers(
  tested: readonly Tested[],
  labels: readonly string[],
  nameOf: (prediction: Prediction) => string,
): Record<CountedFigure, Interval> | null {
  const bySeed = [...Map.groupBy(tested, ({ seed }) => seed).values()].map((models) =>
    Map.groupBy(
      models.flatMap(({ predictions }) => predictions),
      nameOf,
    ),
  );
  const names = new Set(bySeed.flatMap((bySpeaker) => [...bySpeaker.keys()]));
  const speakers = [...names].sort().map((name) =>
    bySeed.map((bySpeaker) => {
      const predictions = bySpeaker.get(name);
      return predictions ? [measure(predictions, labels).confusion] : [];
    }),
  );
  return bootstrapIntervals(speakers, (sample) => {
    // A seed whose trainings are not all done may not have heard any of these speakers.
    const perSeed = bySeed
      .map((_, seed) => sample.flatMap((speaker) => speaker[seed]))
      .filter((matrices) => matrices.length > 0)
      .map((matrices) => confusionMetrics(addUp(matrices), labels));
    return tabulate(COUNTED_FIGURES, perSeed, average);
  });
}

function addUp(matrices: readonly (readonly (readonly number[])[])[]): number[][] {
  return matrices[0].map((row, i) =>
    row.map((_, k) => matrices.reduce((total, matrix) => total + matrix[i][k], 0)),
  );
}

function pick(figures: Figures): FigureTable<number> {
  return tabulate(ALL_FIGURES, [figures], ([value]) => value);
}

/** Each figure's values in the rows that have it, made one; a figure that no row has is left out. */
function tabulate<Name extends string, Value>(
  figures: readonly Name[],
  rows: readonly Readonly<Partial<Record<Name, number>>>[],
  summarise: (values: readonly number[]) => Value,
): Record<Name, Value> {
  const entries = figures.map((figure) => [figure, rows.flatMap((row) => row[figure] ?? [])] as const);
  return Object.fromEntries(
    entries.filter(([, values]) => values.length > 0).map(([figure, values]) => [figure, summarise(values)]),
  ) as Record<Name, Value>;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean and sample standard deviation. */
export function spread(values: readonly number[]): Spread {
  const mean = average(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** The parts of the test clips that a short text names. Two hundred words (TESS) are too many for it, one corpus too few. */
export function readableParts({
  channel,
  gender,
  intensity = [],
  statement = [],
  corpus = [],
}: ExperimentReport['groups']): GroupFigures[] {
  const called = (kind: string, groups: readonly GroupFigures[]) =>
    groups.map((group) => ({ ...group, name: `${kind} ${group.name}` }));
  return [
    ...channel,
    ...gender,
    ...called('intensity', intensity),
    ...(statement.length <= 12 ? called('statement', statement) : []),
    ...(corpus.length > 1 ? called('corpus', corpus) : []),
  ];
}

/** Name of a training, and of its folder in the run's. */
export function trainingName(fold: string, seed: number): string {
  return `${fold}-seed${seed}`;
}

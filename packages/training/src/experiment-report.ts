import { measure, type Figures, type Prediction } from './evaluate.ts';
import type { Protocol } from './splits/protocols.ts';

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly sd: number;
}

type Figure = 'accuracy' | 'uar' | 'macroF1' | 'weightedF1' | 'ece';
const FIGURES: readonly Figure[] = ['accuracy', 'uar', 'macroF1', 'weightedF1', 'ece'];

export type GroupFigures = { readonly name: string } & Pick<Figures, Figure | 'clips'>;

/** What an experiment gave: `report.json` of a run. */
export interface ExperimentReport {
  readonly preset: string;
  readonly protocol: Protocol;
  readonly labels: readonly string[];
  readonly trainings: readonly ({ training: string; fold: string; seed: number } & Record<Figure, number>)[];
  /** Over seeds, each seed's figure being the mean over its folds. */
  readonly overSeeds: Readonly<Record<Figure, Spread>>;
  /** Over all trainings. */
  readonly overTrainings: Readonly<Record<Figure, Spread>>;
  /** Parts of the test clips, all trainings' together: speech and song, women and men, each speaker. */
  readonly groups: Readonly<Record<'channel' | 'gender' | 'speaker', readonly GroupFigures[]>>;
  /** Summed over all trainings: rows are the true emotions. */
  readonly confusion: readonly (readonly number[])[];
  /** Recordings that could not be used and were left out. */
  readonly failures: number;
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
  const predictions = tested.flatMap((model) => model.predictions);
  const trainings = tested.map(({ fold, seed, predictions: rows }) => ({
    training: trainingName(fold, seed),
    fold,
    seed,
    ...pick(measure(rows, labels)),
  }));
  const seeds = [...new Set(trainings.map(({ seed }) => seed))];
  const perSeed = (figure: Figure) =>
    seeds.map((seed) => spread(trainings.filter((row) => row.seed === seed).map((row) => row[figure])).mean);
  const table = (values: (figure: Figure) => number[]) =>
    Object.fromEntries(FIGURES.map((figure) => [figure, spread(values(figure))])) as Record<Figure, Spread>;
  return {
    preset,
    protocol,
    labels,
    trainings,
    overSeeds: table(perSeed),
    overTrainings: table((figure) => trainings.map((row) => row[figure])),
    groups: {
      channel: groupBy(predictions, 'channel', labels),
      gender: groupBy(predictions, 'gender', labels),
      speaker: groupBy(predictions, 'speaker', labels),
    },
    confusion: measure(predictions, labels).confusion,
    failures,
  };
}

/** Figures of each value of `key`, in the order of the values; predictions without one are in no group. */
function groupBy(
  predictions: readonly Prediction[],
  key: 'channel' | 'gender' | 'speaker',
  labels: readonly string[],
): GroupFigures[] {
  const names = new Set(predictions.flatMap((row) => row[key] ?? []));
  return [...names].sort().map((name) => {
    const rows = predictions.filter((row) => row[key] === name);
    return { name, clips: rows.length, ...pick(measure(rows, labels)) };
  });
}

function pick(figures: Figures): Record<Figure, number> {
  return Object.fromEntries(FIGURES.map((figure) => [figure, figures[figure]])) as Record<Figure, number>;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** Name of a training, and of its folder in the run's. */
export function trainingName(fold: string, seed: number): string {
  return `${fold}-seed${seed}`;
}

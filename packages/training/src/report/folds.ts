import type { Evidence } from './evidence.ts';
import type { Table } from './figure.ts';
import { mean, percent, standardDeviation } from './numbers.ts';

/** A row per fold: who was tested, and the UAR of each seed. */
export function foldTable({ folds, seeds, trainings, report }: Evidence): Table {
  const uarOf = (fold: string, seed: number) =>
    report.trainings.find((training) => training.fold === fold && training.seed === seed)?.uar;
  const cell = (uar: number | undefined) => (uar === undefined ? '–' : percent(uar));
  const rows = folds.map((fold) => {
    const { predictions } = trainings.find((training) => training.fold === fold)!;
    const speakers = [...new Set(predictions.map(({ speaker }) => speaker))].sort();
    const uars = seeds.map((seed) => uarOf(fold, seed));
    const known = uars.filter((uar) => uar !== undefined);
    return [
      fold,
      // Of many speakers a list says nothing.
      speakers.length > 6 ? `${speakers.length} speakers` : listSpeakers(speakers),
      predictions.length,
      ...uars.map(cell),
      percent(mean(known)),
      known.length > 1 ? percent(standardDeviation(known)) : '–',
    ];
  });
  const ofSeeds = seeds.map((seed) => {
    const uars = folds.map((fold) => uarOf(fold, seed)).filter((uar) => uar !== undefined);
    return mean(uars);
  });
  const clips = rows.reduce((sum, row) => sum + Number(row[2]), 0);
  const { uar } = report.overSeeds;
  const all = [
    'all folds',
    '',
    clips,
    ...ofSeeds.map(percent),
    percent(uar.mean),
    seeds.length > 1 ? percent(uar.sd) : '–',
  ];
  return {
    columns: ['fold', 'tested', 'clips', ...seeds.map((seed) => `seed ${seed}`), 'mean', 'sd'],
    rows: folds.length > 1 ? [...rows, all] : rows,
  };
}

/** "Actor_01, 11, 20": what all names begin with is said once. */
function listSpeakers([first, ...others]: readonly string[]): string {
  let shared = 0;
  while (shared < first.length && others.every((name) => name[shared] === first[shared])) shared += 1;
  const stem = first.slice(0, shared).search(/\d*$/);
  return [first, ...others.map((name) => name.slice(stem))].join(', ');
}

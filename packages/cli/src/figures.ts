import type { ExperimentReport, Spread } from '@mars/training';

const ROWS = [
  ['accuracy', 'accuracy (WA)'],
  ['uar', 'UAR'],
  ['macroF1', 'macro F1'],
  ['weightedF1', 'weighted F1'],
  ['ece', 'ECE'],
] as const;

/** Prints an experiment's figures as a table on stdout, with what they can and cannot say. */
export function printFigures({
  preset,
  protocol,
  trainings,
  overSeeds,
  overTrainings,
  groups,
  failures,
}: ExperimentReport) {
  const seeds = new Set(trainings.map(({ seed }) => seed)).size;
  const folds = trainings.length / seeds;
  console.log(`${preset}, protocol ${protocol}: ${folds} fold(s) × ${seeds} seed(s)\n`);
  console.log(`${''.padEnd(16)}mean     sd over seeds   sd over trainings`);
  for (const [key, title] of ROWS) {
    const cells = [
      percent(overSeeds[key].mean),
      sd(overSeeds[key], seeds),
      sd(overTrainings[key], trainings.length),
    ];
    console.log(`${title.padEnd(16)}${cells[0].padEnd(9)}${cells[1].padEnd(16)}${cells[2]}`);
  }
  for (const { name, clips, accuracy, uar, macroF1 } of [...groups.channel, ...groups.gender]) {
    console.log(
      `${name.padEnd(16)}${clips} clips: accuracy ${percent(accuracy)}, UAR ${percent(uar)}, macro F1 ${percent(macroF1)}`,
    );
  }
  if (failures > 0) console.log(`left out${' '.repeat(8)}${failures} recording(s) that could not be used`);
  if (protocol === 'seed') {
    console.log(
      '\nA random split: the same actors stand on both sides. For a voice never heard, look at --protocol emobox.',
    );
  }
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function sd({ sd: value }: Spread, count: number): string {
  return count > 1 ? `± ${percent(value)}` : '–';
}

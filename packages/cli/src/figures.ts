import type { ExperimentReport, Interval, ProfileEffect, Spread } from '@mars/training';

const ROWS = [
  ['accuracy', 'accuracy (WA)'],
  ['uar', 'UAR'],
  ['macroF1', 'macro F1'],
  ['weightedF1', 'weighted F1'],
  ['ece', 'ECE'],
  ['brier', 'Brier (max 200)'],
  ['aurc', 'AURC'],
  ['coverage', 'not "uncertain"'],
  ['selectiveAccuracy', 'accuracy of it'],
] as const;

/** Prints an experiment's figures as a table on stdout, with what they can and cannot say. */
export async function printFigures({
  preset,
  protocol,
  trainings,
  overSeeds,
  overTrainings,
  overClips,
  overSpeakers,
  groups,
  profiles,
  changes = [],
  failures,
}: ExperimentReport): Promise<void> {
  const { readableParts } = await import('@mars/training');
  const seeds = new Set(trainings.map(({ seed }) => seed)).size;
  const folds = trainings.length / seeds;
  console.log(`${preset}, protocol ${protocol}: ${folds} fold(s) × ${seeds} seed(s)\n`);
  console.log(`${''.padEnd(17)}mean     95 % over speakers   sd over seeds   sd over trainings`);
  const intervals: Partial<Record<string, Interval>> = overSpeakers ?? {};
  for (const [key, title] of ROWS) {
    const [perSeed, perTraining, interval] = [overSeeds[key], overTrainings[key], intervals[key]];
    if (!perSeed || !perTraining) continue;
    const cells = [
      title.padEnd(17),
      percent(perSeed.mean).padEnd(9),
      (interval ? `${percent(interval.low)} to ${percent(interval.high)}` : '–').padEnd(21),
      sd(perSeed, seeds).padEnd(16),
      sd(perTraining, trainings.length),
    ];
    console.log(cells.join(''));
  }
  if (overClips) {
    const { ece, accuracyAt80 } = overClips;
    const figure = (value: Spread) =>
      seeds > 1 ? `${percent(value.mean)} ${sd(value, seeds)}` : percent(value.mean);
    console.log(
      `a seed's clips   together: ECE ${figure(ece)}, accuracy of the surest 80 % ${figure(accuracyAt80)}`,
    );
  }
  if (profiles) printProfiles(profiles, overSeeds, seeds);
  for (const { name, clips, accuracy, uar, macroF1 } of readableParts(groups)) {
    console.log(
      `${name.padEnd(17)}${clips} clips: accuracy ${percent(accuracy)}, UAR ${percent(uar)}, macro F1 ${percent(macroF1)}`,
    );
  }
  for (const { change, kept, keptOfSure, accuracy } of changes) {
    const sure = keptOfSure === undefined ? '' : ` (${percent(keptOfSure)} of those not "uncertain")`;
    console.log(
      `${change.padEnd(23)}${percent(kept)} keep their emotion${sure}, accuracy ${percent(accuracy)}`,
    );
  }
  if (failures > 0) console.log(`left out${' '.repeat(9)}${failures} recording(s) that could not be used`);
  if (protocol === 'seed') {
    console.log(
      '\nA random split: the same actors stand on both sides. For a voice never heard, look at --protocol emobox.',
    );
  }
}

/** The figures before are those with profiles; this says what they owe to them. */
function printProfiles(
  { without, gain, worst, leastGain, harmed, perSpeaker, unlearnt }: ProfileEffect,
  overSeeds: ExperimentReport['overSeeds'],
  seeds: number,
): void {
  const cell = (figure: Spread) =>
    seeds > 1 ? `${percent(figure.mean)} ${sd(figure, seeds)}` : percent(figure.mean);
  const compared = (['uar', 'accuracy', 'ece'] as const).map((key) => {
    const title = ROWS.find(([figure]) => figure === key)![1];
    return [title, `${cell(overSeeds[key])} with profiles, ${cell(without.overSeeds[key])} without`];
  });
  const { difference, interval, permutation } = gain;
  const chance = interval
    ? ` (95 % over speakers ${points(interval.uar.low)} to ${points(interval.uar.high)}, p ${permutation.pValue.toFixed(4)})`
    : '';
  const rows = [
    ...compared,
    ['gain of UAR', `${points(difference.uar)} points over the clips of all folds${chance}`],
    [
      'worst speaker',
      `${worst.with.name} ${percent(worst.with.uarWith)} with profiles, ` +
        `${worst.without.name} ${percent(worst.without.uarWithout)} without`,
    ],
    [
      'harmed',
      `${harmed} of ${perSpeaker.length} speaker(s) lose more than a point of UAR; least gain ` +
        `${leastGain.name} ${points(leastGain.uarWith - leastGain.uarWithout)}`,
    ],
    ...(unlearnt.length > 0
      ? [['no profile', `${unlearnt.join(', ')}: no clip to learn from could be used`]]
      : []),
  ];
  console.log('');
  for (const [title, text] of rows) console.log(`${title.padEnd(17)}${text}`);
  console.log('');
}

function points(difference: number): string {
  const rounded = percent(difference);
  return difference > 0 ? `+${rounded}` : rounded;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function sd({ sd: value }: Spread, count: number): string {
  return count > 1 ? `± ${percent(value)}` : '–';
}

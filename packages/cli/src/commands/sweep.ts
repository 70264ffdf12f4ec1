import type { SweepResult } from '@mars/training';
import type { Command } from 'commander';
import { CORPUS_HELP } from '../corpora.ts';
import { addTrainingOptions, applyOptions, runTraining, type TrainingOptions } from '../training-options.ts';

interface SweepOptions extends TrainingOptions {
  test?: boolean;
}

/** Adds `mars sweep`. */
export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .summary('train many configurations and put them into one table')
    .description(
      'Trains every run that a sweep file names, each as "mars train" does and into a folder of its own below --out,\n' +
        'and prints a table. A choice is made by the validation figures: test figures are shown with --test only, for\n' +
        'an ablation of what is chosen already, with the difference to the first run and its p over speakers.',
    )
    .argument('<file>', 'a .json file with "base", "set", and "runs" or "grid"');
  addTrainingOptions(command)
    .option('--test', 'show the test figures as well: not to choose by')
    .addHelpText(
      'after',
      `
A sweep file names its runs, or the values whose every combination is a run:
  {"base": "seed", "set": {"epochs": 20},
   "runs": {"recipe": {}, "bigru": {"network": {"bidirectional": true}}}}
  {"base": "seed", "grid": {"learningRate": [0.001, 0.002], "network.dropoutRate": [0.2, 0.3]}}

Examples:
  mars sweep grid.json --corpus ravdess=/data/ravdess --out runs/grid --protocol emobox --jobs 2
  mars sweep ablation.json --corpus ravdess=/data/ravdess --out runs/ablation --protocol emobox --seeds 3 --test
  mars compare runs/ablation/recipe runs/ablation/bigru
${CORPUS_HELP}`,
    )
    .action(sweep);
}

async function sweep(file: string, options: SweepOptions): Promise<void> {
  const { planSweep, runSweep } = await import('@mars/training');
  const runs = await Promise.all(
    (await planSweep(file)).map(async ({ name, config }) => ({
      name,
      config: await applyOptions(config, options),
    })),
  );
  await runTraining(options, `mars sweep ${file} …`, async (experiment, status) => {
    const results = await runSweep(runs, {
      ...experiment,
      onRun: ({ name }) =>
        status.log(`run ${name} (${runs.findIndex((run) => run.name === name) + 1} of ${runs.length})`),
    });
    status.clear();
    if (options.json) console.log(JSON.stringify(options.test ? results : results.map(withoutTest)));
    else printTable(results, options.test ?? false);
  });
}

function printTable(results: readonly SweepResult[], test: boolean): void {
  const width = Math.max(...results.map(({ name }) => name.length), 3);
  const titles = ['validation UAR', ...(test ? ['test UAR', 'difference', 'p'] : [])];
  console.log([`run`.padEnd(width), ...titles.map((title) => title.padEnd(14))].join('  ').trimEnd());
  for (const { name, validationUar, report, versusFirst } of results) {
    const cells = [validationUar, ...(test ? [report.overSeeds.uar] : [])].map(
      ({ mean, sd }) => `${(100 * mean).toFixed(1)} ± ${(100 * sd).toFixed(1)}`,
    );
    if (test && versusFirst) {
      const { difference, permutation } = versusFirst;
      cells.push(signed(100 * difference.uar), permutation.pValue.toFixed(3));
    }
    console.log(`${name.padEnd(width)}  ${cells.map((cell) => cell.padEnd(14)).join('  ')}`.trimEnd());
  }
}

function withoutTest({ name, validationUar }: SweepResult): Pick<SweepResult, 'name' | 'validationUar'> {
  return { name, validationUar };
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

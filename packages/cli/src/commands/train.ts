import { PRESET_NAMES } from '@mars/training/choices';
import type { Command } from 'commander';
import { CORPUS_HELP } from '../corpora.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { printFigures } from '../figures.ts';
import { addTrainingOptions, applyOptions, runTraining, type TrainingOptions } from '../training-options.ts';

/** Adds `mars train`. */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .summary('train a model on a corpus and test it on clips it never saw')
    .description(
      'Trains a preset on every fold of a protocol, tests each fold on its own test part, and sums up.\n' +
        'The run folder keeps configuration, seeds, history, checkpoints, models, predictions and figures.\n' +
        'Ctrl-C at any moment leaves a run that --resume takes up at the last complete epoch.',
    )
    .argument(
      '<preset|config>',
      `what to train: ${PRESET_NAMES.join(', ')}, or a .json file such as {"preset": "seed", "epochs": 30}`,
    );
  addTrainingOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  mars train seed --corpus ravdess=/data/ravdess --out runs/seed
  mars train seed --corpus ravdess=/data/ravdess --out runs/emobox --protocol emobox --seeds 3 --jobs 2
  mars train seed --corpus ravdess=/data/ravdess --out runs/bigru --epochs 30 --set network.bidirectional=true
  mars train seed --corpus ravdess=/data/ravdess --out runs/seed --resume
  mars train flagship --corpus ravdess=/data/ravdess --corpus crema-d=/data/crema-d --out runs/all --protocol all
${CORPUS_HELP}

Progress goes to stderr, the figures to stdout.`,
    )
    .action(train);
}

async function train(name: string, options: TrainingOptions): Promise<void> {
  const { loadConfig, runExperiment } = await import('@mars/training');
  const config = await applyOptions(await loadConfig(name), options);
  await runTraining(options, `mars train ${name} …`, async (experiment, status) => {
    const report = await runExperiment({ ...experiment, config });
    status.clear();
    if (report === undefined) {
      console.log(
        `${options.out} is trained on everything and tested on nothing. To ship it with the figures of its recipe:\n` +
          `  mars export ${options.out} --beside <run of the same recipe under another protocol> --out <folder>`,
      );
      return;
    }
    if (options.json) console.log(JSON.stringify(report));
    else await printFigures(report);
    if (report.failures > 0) process.exitCode = EXIT_STATUS.someFailed;
  });
}

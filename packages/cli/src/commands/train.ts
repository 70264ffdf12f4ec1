import {
  PRESET_NAMES,
  PROTOCOLS,
  preset,
  runExperiment,
  type Protocol,
  type TrainProgress,
} from '@mars/training';
import { Option, type Command } from 'commander';
import { collect, readCorpora } from '../corpora.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { printFigures } from '../figures.ts';
import { wholeNumber } from '../numbers.ts';
import { duration, failureLine, statusLine } from '../progress.ts';

interface TrainOptions {
  corpus: string[];
  out: string;
  protocol: Protocol;
  resume?: boolean;
  seed: number;
  seeds: number;
  epochs?: number;
  jobs: number;
  threads?: number;
  cache?: string;
  json?: boolean;
}

/** Adds `mars train`. */
export function addTrain(program: Command): void {
  program
    .command('train')
    .summary('train a model on a corpus and test it on clips it never saw')
    .description(
      'Trains a preset on every fold of a protocol, tests each fold on its own test part, and sums up.\n' +
        'The run folder keeps configuration, seeds, history, checkpoints, models, predictions and figures.\n' +
        'Ctrl-C at any moment leaves a run that --resume takes up at the last complete epoch.',
    )
    .argument('<preset>', `what to train: ${PRESET_NAMES.join(', ')}`)
    .requiredOption('-c, --corpus <name=dir>', 'a corpus and its folder; repeat for several', collect)
    .requiredOption('-o, --out <folder>', 'the run folder')
    .addOption(
      new Option(
        '-p, --protocol <name>',
        'how clips are divided: seed = random 80/20, emobox = unseen actors',
      )
        .choices(Object.keys(PROTOCOLS))
        .default('seed'),
    )
    .option('--resume', 'go on with the run in the folder')
    .option(
      '--seed <n>',
      'the (first) seed of weights, order and dropout; the same bits need the same --threads',
      wholeNumber(0),
      0,
    )
    .option('--seeds <k>', 'how many seeds to train, counting up from --seed', wholeNumber(1), 1)
    .option('--epochs <n>', "epochs instead of the preset's", wholeNumber(1))
    .option('--jobs <n>', 'trainings at a time; they share the cores', wholeNumber(1), 1)
    .option('--threads <n>', 'threads of each training (the cores, shared between the jobs)', wholeNumber(1))
    .option('--cache <folder>', 'where features are kept (.cache/features)')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mars train seed --corpus ravdess=/data/ravdess --out runs/seed
  mars train seed --corpus ravdess=/data/ravdess --out runs/emobox --protocol emobox --seeds 3 --jobs 2
  mars train seed --corpus ravdess=/data/ravdess --out runs/seed --resume

Progress goes to stderr, the figures to stdout.`,
    )
    .action(train);
}

async function train(
  name: string,
  { corpus, out, protocol, resume, seed, seeds, epochs, jobs, threads, cache, json }: TrainOptions,
): Promise<void> {
  const config = epochs === undefined ? preset(name) : { ...preset(name), epochs };
  const clips = await readCorpora(corpus);
  const interruption = new AbortController();
  const status = statusLine();
  const interrupt = () => {
    status.log('mars: stopping after the step under way; Ctrl-C once more ends at once.');
    interruption.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    const report = await runExperiment({
      config,
      protocol,
      clips,
      seeds: Array.from({ length: seeds }, (_, index) => seed + index),
      out,
      resume,
      jobs,
      threads,
      cacheDir: cache,
      signal: interruption.signal,
      onFeatures: (done, total) => status.show(`features: ${done} of ${total} clips`),
      onFailure: (failure) => status.log(failureLine(failure)),
      onProgress: (training, progress) => {
        if (progress.record) status.log(epochLine(training, progress));
        else status.show(stepLine(training, progress));
      },
      onTrained: (training, { accuracy, uar, macroF1 }) =>
        status.log(
          `${training}: test accuracy ${percent(accuracy)}, UAR ${percent(uar)}, macro F1 ${percent(macroF1)}`,
        ),
    });
    status.clear();
    if (json) console.log(JSON.stringify(report));
    else printFigures(report);
    if (report.failures > 0) process.exitCode = EXIT_STATUS.someFailed;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    status.clear();
    console.error(`mars: interrupted. Go on with: mars train ${name} … --out ${out} --resume`);
    process.exitCode = EXIT_STATUS.interrupted;
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

function stepLine(
  training: string,
  { epoch, epochs, step, steps, loss, accuracy, secondsLeft }: TrainProgress,
) {
  return (
    `${training}  epoch ${epoch}/${epochs}  step ${step}/${steps}  loss ${loss.toFixed(3)}  ` +
    `accuracy ${percent(accuracy)}  ${duration(secondsLeft)} left`
  );
}

function epochLine(training: string, { epochs, record, secondsLeft }: TrainProgress): string {
  const { epoch, trainLoss, trainAccuracy, validationLoss, validationAccuracy, seconds } = record!;
  const validation =
    validationLoss === undefined
      ? ''
      : `  validation loss ${validationLoss.toFixed(3)} accuracy ${percent(validationAccuracy!)}`;
  return (
    `${training}  epoch ${epoch}/${epochs}  loss ${trainLoss.toFixed(3)} accuracy ${percent(trainAccuracy)}` +
    `${validation}  ${seconds.toFixed(1)} s  ${duration(secondsLeft)} left`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

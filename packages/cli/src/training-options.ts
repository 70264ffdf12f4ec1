import type { ExperimentOptions, TrainConfig, TrainProgress } from '@mars/training';
import type { Command } from 'commander';
import { collect, readCorpora } from './corpora.ts';
import { EXIT_STATUS } from './exit-status.ts';
import { wholeNumber } from './numbers.ts';
import { duration, failureLine, statusLine, type StatusLine } from './progress.ts';
import { addProtocolOptions, type ProtocolOptions } from './protocol-options.ts';

/** The options that whatever trains has in common. */
export interface TrainingOptions extends ProtocolOptions {
  corpus: string[];
  out: string;
  resume?: boolean;
  seed: number;
  seeds: number;
  epochs?: number;
  set?: string[];
  jobs: number;
  threads?: number;
  cache?: string;
  json?: boolean;
}

export function addTrainingOptions(command: Command): Command {
  command
    .requiredOption(
      '-c, --corpus <name=path>',
      'a corpus and its folder or table; repeat for several',
      collect,
    )
    .requiredOption('-o, --out <folder>', 'the run folder');
  return addProtocolOptions(command, { byDefault: 'seed' })
    .option('--resume', 'go on with the run in the folder')
    .option('--epochs <n>', "epochs instead of the preset's", wholeNumber(1))
    .option(
      '--set <path=value>',
      'change a value of the configuration, as in learningRate=0.001 or network.bidirectional=true; repeat for several',
      collect,
    )
    .option(
      '--seed <n>',
      'the (first) seed of weights, order and dropout; the same bits need the same --threads',
      wholeNumber(0),
      0,
    )
    .option('--seeds <k>', 'how many seeds to train, counting up from --seed', wholeNumber(1), 1)
    .option('--jobs <n>', 'trainings at a time; they share the cores', wholeNumber(1), 1)
    .option('--threads <n>', 'threads of each training (the cores, shared between the jobs)', wholeNumber(1))
    .option('--cache <folder>', 'where features are kept (.cache/features)')
    .option('--json', 'print the report as JSON');
}

/** The configuration with what the options change. Errors: `CONFIG_INVALID` for a change that makes no sense. */
export async function applyOptions(
  config: TrainConfig,
  { set = [], epochs }: TrainingOptions,
): Promise<TrainConfig> {
  const { changeConfig, parseChange } = await import('@mars/training');
  const changes = [...set.map(parseChange), ...(epochs === undefined ? [] : [{ epochs }])];
  return changes.reduce(changeConfig, config);
}

/**
 * Reads the corpora and hands `run` what every experiment needs: progress goes to stderr, and Ctrl-C stops after the
 * step under way.
 *
 * @param again the command that goes on after an interruption
 */
export async function runTraining(
  { corpus, out, protocol, testCorpus, resume, seed, seeds, jobs, threads, cache }: TrainingOptions,
  again: string,
  run: (options: Omit<ExperimentOptions, 'config'>, status: StatusLine) => Promise<void>,
): Promise<void> {
  const clips = await readCorpora(corpus);
  const interruption = new AbortController();
  const status = statusLine();
  const interrupt = () => {
    status.log('mars: stopping after the step under way; Ctrl-C once more ends at once.');
    interruption.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    const options: Omit<ExperimentOptions, 'config'> = {
      protocol,
      splitOptions: { testCorpus },
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
    };
    await run(options, status);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    status.clear();
    console.error(`mars: interrupted. Go on with: ${again} --out ${out} --resume`);
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

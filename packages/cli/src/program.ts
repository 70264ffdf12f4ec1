import { MarsError } from '@mars/core';
import { Command, CommanderError } from 'commander';
import { addBatch } from './commands/batch.ts';
import { addCalibrate } from './commands/calibrate.ts';
import { addClassify } from './commands/classify.ts';
import { addCorpus } from './commands/corpus.ts';
import { addCompare } from './commands/compare.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExport } from './commands/export.ts';
import { addKeys } from './commands/keys.ts';
import { addListen } from './commands/listen.ts';
import { addReport } from './commands/report.ts';
import { addServe } from './commands/serve.ts';
import { addSweep } from './commands/sweep.ts';
import { addTrain } from './commands/train.ts';
import { EXIT_STATUS } from './exit-status.ts';
import packageJson from '../package.json' with { type: 'json' };

/** The `mars` program: each file of `commands/` adds its command. */
export function createProgram(): Command {
  const program = new Command('mars')
    .description('MARS hears the emotion in a voice.')
    .version(packageJson.version)
    .showHelpAfterError('Run with --help to see what is possible.')
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  mars classify samples/                 every recording of a folder
  mars classify --json clip.wav          one JSON object per line and file
  mars classify --timeline talk.mp3      when which emotion is heard, in hours of speech too
  mars listen                            the microphone, live
  mars batch run calls/ --out result     thousands of recordings, to Parquet
  mars corpus get ravdess                fetch a corpus to train on
  mars train seed --corpus ravdess=/data/ravdess --out runs/seed
  mars serve                             page and API on one port
  mars classify --help                   all that a command can do

Results go to stdout, everything else to stderr.
Exit status: 0 all done; 1 some inputs failed, the others were done; 2 wrong usage; 130 interrupted.`,
    );
  addClassify(program);
  addListen(program);
  addCalibrate(program);
  addBatch(program);
  addCorpus(program);
  addTrain(program);
  addSweep(program);
  addEvaluate(program);
  addReport(program);
  addCompare(program);
  addExport(program);
  addServe(program);
  addKeys(program);
  return program;
}

/**
 * Runs one command line and returns the exit status. A command sets `process.exitCode` when some inputs failed, and
 * throws a `MarsError` when it cannot begin at all.
 *
 * @param args what stands after `mars`
 */
export async function runMars(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT_STATUS.done);
  } catch (error) {
    // Commander has printed its message already; its own status for --help and --version is 0, for errors 1.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? EXIT_STATUS.done : EXIT_STATUS.wrongUsage;
    if (!(error instanceof MarsError)) throw error;
    console.error(`mars: ${error.message} [${error.code}]`);
    return EXIT_STATUS.wrongUsage;
  }
}

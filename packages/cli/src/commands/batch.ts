import type { Command } from 'commander';
import { addBatchRun } from './batch-run.ts';
import { addBatchStatus } from './batch-status.ts';
import { addBatchSubmit } from './batch-submit.ts';
import { addBatchWork } from './batch-work.ts';

/** Adds `mars batch run`, `submit`, `work` and `status`. */
export function addBatch(program: Command): void {
  const batch = program
    .command('batch')
    .summary('many recordings, to Parquet and JSON Lines')
    .description(
      'Hears thousands or millions of recordings: a row for each stretch of speech, as Parquet and JSON Lines.\n' +
        'Stopped, killed or without power, the same command goes on; nothing is lost and nothing doubled.',
    )
    .addHelpText(
      'after',
      `
Examples:
  mars batch run calls/ --out result         on this machine
  mars batch run calls.csv --out result      a table with the columns id, and file or url
  mars batch status result                   how far it is
  mars batch submit calls.csv --out /shared/result --database postgres://mars@db/mars
  mars batch work /shared/result --database postgres://mars@db/mars      on each of many machines

The rows are in FOLDER/parts/*/segments.parquet, and the same in segments.jsonl.`,
    );
  addBatchRun(batch);
  addBatchSubmit(batch);
  addBatchWork(batch);
  addBatchStatus(batch);
}

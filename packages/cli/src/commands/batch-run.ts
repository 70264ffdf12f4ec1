import { addPlanOptions, openOrPlan, workersOption, type PlanFlags } from '../batch-folder.ts';
import { workAtBatch } from '../batch-work.ts';
import type { Command } from 'commander';

interface RunFlags extends PlanFlags {
  workers?: number;
}

/** Adds `mars batch run`. */
export function addBatchRun(batch: Command): void {
  const command = batch
    .command('run')
    .summary('hear many recordings on this machine')
    .description(
      'Hears recordings on this machine, and goes on where it was when it is run again: what is to be heard is planned\n' +
        'once, and what is done is done. A recording that cannot be heard is a row with its error.',
    )
    .argument(
      '[input...]',
      'recordings, folders, glob patterns, URLs, and tables (.csv, .jsonl) with the columns id, and file or url',
    )
    .addOption(workersOption());
  addPlanOptions(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  mars batch run calls/ --out result                plan and hear a folder
  mars batch run --out result                       go on where it was
  mars batch run 'calls/**/*.mp3' more/ --out result
  mars batch run calls.csv --out result             rows with an id to join on
  mars batch run calls.csv --out result --channels split      a side on each channel

FOLDER/plan says what is to be heard and how. FOLDER/parts/00000/ has segments.parquet, segments.jsonl and part.json (how
many rows, errors by code, SHA-256); a part appears when it is complete. A row is a stretch of speech, keyed by file,
channel (with --channels split), start_sec and end_sec. A recording without speech has one row (verdict no-speech), and
one that cannot be heard one row with error_code and error_message.

Prints the status on stdout. Exit status: 0 all was heard; 1 some recordings could not be (their rows say why); 2 wrong
usage; 130 interrupted, go on with "mars batch run --out FOLDER".`,
    )
    .action(run);
}

async function run(inputs: string[], flags: RunFlags): Promise<void> {
  const batch = await openOrPlan(inputs, flags);
  const { runLocally } = await import('@mars/service');
  await workAtBatch(batch, { workers: flags.workers, goOn: `mars batch run --out ${flags.out}` }, runLocally);
}

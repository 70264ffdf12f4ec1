import type { Command } from 'commander';
import { addPlanOptions, databaseOption, openOrPlan, type PlanFlags } from '../batch-folder.ts';
import { count } from '../output/text.ts';

interface SubmitFlags extends PlanFlags {
  database?: string;
}

/** Adds `mars batch submit`. */
export function addBatchSubmit(batch: Command): void {
  const command = batch
    .command('submit')
    .summary('plan a batch, and put it into a queue for workers')
    .description(
      'Plans a batch as "mars batch run" does, and puts its shards into a queue, from which "mars batch work" takes them on as\n' +
        'many machines as there are. Doing it again puts in what is neither done nor in the queue.',
    )
    .argument('[input...]', 'as of "mars batch run"')
    .addOption(databaseOption());
  addPlanOptions(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  mars batch submit calls.csv --out /shared/result --database postgres://mars:SECRET@db/mars
  MARS_DATABASE=postgres://mars:SECRET@db/mars mars batch submit calls/ --out /shared/result
  mars batch submit calls/ --out result              a queue in the folder itself, for one worker at a time

The database holds numbers of shards and nothing of the recordings; the folder is to be where all workers see it.
Exit status: 0 it is in the queue; 2 wrong usage, or a database that cannot be used.`,
    )
    .action(submit);
}

async function submit(inputs: string[], flags: SubmitFlags): Promise<void> {
  const { folder, manifest } = await openOrPlan(inputs, flags);
  const { openQueue, submitShards } = await import('@mars/service');
  await using queue = await openQueue(folder, {
    database: flags.database,
    onNote: (note) => console.error(`mars: ${note}`),
  });
  const { waiting, active } = await submitShards(queue.boss, folder, manifest);
  console.error(
    `mars: ${count(manifest.recordings, 'recording')} in ${count(manifest.shards.length, 'shard')}: ` +
      `${waiting} waiting, ${active} being worked at.`,
  );
  const database = flags.database === undefined ? '' : ' --database URL';
  console.error(`mars: Work at them with: mars batch work ${folder}${database}`);
}

import type { Command } from 'commander';
import { databaseOption, modelOption, openBatch, workersOption } from '../batch-folder.ts';
import { workAtBatch } from '../batch-work.ts';
import { profileOption } from '../voice-options.ts';

interface WorkFlags {
  database?: string;
  model?: string;
  profile?: string;
  workers?: number;
  base?: string;
}

/** Adds `mars batch work`. */
export function addBatchWork(batch: Command): void {
  batch
    .command('work')
    .summary('take shards from the queue until the batch is done')
    .description(
      'Takes one shard after the other until the batch is done, here or elsewhere. A worker that dies is noticed after ten\n' +
        'seconds, and its shard given to another; a database that starts anew is waited for.',
    )
    .argument('<folder>', 'that of "mars batch submit", as this machine sees it')
    .addOption(databaseOption())
    .addOption(workersOption())
    .addOption(modelOption())
    .addOption(profileOption())
    .option('--base <folder>', 'where relative paths of the inputs begin on this machine')
    .addHelpText(
      'after',
      `
Examples:
  mars batch work /shared/result --database postgres://mars:SECRET@db/mars
  mars batch work /mnt/result --base /mnt            the disk has another place here
  mars batch work result --workers 4                 a queue in the folder itself

Prints the status on stdout. Exit status: 0 all was heard; 1 some recordings could not be (their rows say why); 2 wrong
usage, or a database that cannot be used; 130 interrupted: its shard goes to another worker at once.`,
    )
    .action(work);
}

async function work(folder: string, flags: WorkFlags): Promise<void> {
  const batch = await openBatch(folder, flags);
  const { openQueue, workOnQueue } = await import('@mars/service');
  const note = (text: string) => console.error(`mars: ${text}`);
  await using queue = await openQueue(folder, { database: flags.database, onNote: note });
  await workAtBatch(
    batch,
    { workers: flags.workers, base: flags.base, goOn: `mars batch work ${folder}` },
    (options) => workOnQueue({ ...options, boss: queue.boss }),
  );
}

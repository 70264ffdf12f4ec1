import type { Command } from 'commander';
import { databaseOption } from '../batch-folder.ts';
import { statusText } from '../batch-progress.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { print } from '../output/print.ts';

interface StatusFlags {
  database?: string;
  json?: boolean;
  verify?: boolean;
}

/** Adds `mars batch status`. */
export function addBatchStatus(batch: Command): void {
  batch
    .command('status')
    .summary('how far a batch is')
    .description(
      'How far a batch is, at which rate, how long it will take, and how many recordings have which error. The folder says it:\n' +
        'no worker and no database is asked, unless one is named.',
    )
    .argument('<folder>', 'the one that was given as --out')
    .addOption(databaseOption())
    .option('--json', 'one JSON object')
    .option('--verify', 'read every part again, and compare it with its SHA-256')
    .addHelpText(
      'after',
      `
Examples:
  mars batch status result
  mars batch status result --json | jq .leftSec
  mars batch status result --verify                  after a disk has failed
  mars batch status /shared/result --database postgres://mars:SECRET@db/mars      how many shards wait

Exit status: 0; with --verify 1 when a part is damaged (delete its folder, and run the batch again); 2 when it is no batch.`,
    )
    .action(showStatus);
}

async function showStatus(folder: string, { database, json, verify }: StatusFlags): Promise<void> {
  const { findDamage, openQueue, readManifest, readQueue, readStatus } = await import('@mars/service');
  const status = await readStatus(folder);
  const damaged = verify ? await findDamage(folder) : undefined;
  let queue;
  if (database !== undefined) {
    await using open = await openQueue(folder, { database });
    queue = await readQueue(open.boss, await readManifest(folder));
  }
  if (json) {
    await print(JSON.stringify({ ...status, ...(queue && { queue }), ...(damaged && { damaged }) }));
  } else {
    for (const line of statusText(folder, status, queue)) await print(line);
    if (damaged?.length === 0) await print('  verified    every part is as it was written');
  }
  for (const path of damaged ?? [])
    console.error(`mars: ${path} is not as it was written. Delete its folder, and run again.`);
  if (damaged !== undefined && damaged.length > 0) process.exitCode = EXIT_STATUS.someFailed;
}

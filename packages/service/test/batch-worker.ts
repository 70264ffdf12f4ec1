import { openQueue } from '../src/batch/database.ts';
import { readManifest } from '../src/batch/manifest.ts';
import { workOnQueue } from '../src/batch/queue.ts';
import { pretendToHear } from './batch-fixture.ts';

/** `node batch-worker.ts FOLDER DATABASE DELAY_MS`: a worker of a batch as a process, which hears nothing but its names. */
const [folder, database, delayMs] = process.argv.slice(2);
await using queue = await openQueue(folder, { database, onNote: () => undefined });
await workOnQueue({
  boss: queue.boss,
  folder,
  manifest: await readManifest(folder),
  classify: pretendToHear({ delayMs: Number(delayMs) }),
});

import type { ShardOptions } from '@mars/service';
import type { OpenBatch } from './batch-folder.ts';
import { batchProgress, statusText } from './batch-progress.ts';
import { EXIT_STATUS } from './exit-status.ts';
import { count } from './output/text.ts';
import { print } from './output/print.ts';

/** More than one recording for each worker: while one is fetched or written, the others are heard. */
const RECORDINGS_PER_WORKER = 2;

interface WorkFlags {
  readonly workers?: number | undefined;
  /** Where relative paths begin. */
  readonly base?: string | undefined;
  /** The command that goes on where this one was interrupted. */
  readonly goOn: string;
}

/** Works at a batch with a pool of its own until it is done or interrupted, says so, and sets the exit status. */
export async function workAtBatch(
  { folder, manifest, model, profile, isNew }: OpenBatch,
  { workers, base, goOn }: WorkFlags,
  work: (options: ShardOptions & { onNote: (note: string) => void }) => Promise<void>,
): Promise<void> {
  const { hearWith, openPool, poolLimits, readStatus } = await import('@mars/service');
  const before = await readStatus(folder);
  const left = manifest.recordings - before.recordings.done;
  if (isNew) console.error(`mars: ${count(manifest.recordings, 'recording')} planned in ${folder}.`);
  else if (left > 0)
    console.error(`mars: ${count(left, 'recording')} of ${manifest.recordings} left in ${folder}.`);

  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const progress = batchProgress(manifest, before);
  try {
    // There may be nothing left to do.
    if (before.isDone) return await finish(folder);
    await using pool = await openPool({
      model,
      ...poolLimits(manifest),
      ...(workers !== undefined && { size: workers }),
    });
    await work({
      folder,
      manifest,
      classify: hearWith(pool, manifest, { base, profile }),
      concurrency: pool.size * RECORDINGS_PER_WORKER,
      signal: interruption.signal,
      onRecording: progress.onRecording,
      onNote: progress.note,
    });
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    progress.end();
    console.error(`mars: interrupted. Go on with: ${goOn}`);
    process.exitCode = EXIT_STATUS.interrupted;
    return;
  } finally {
    progress.end();
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
  await finish(folder);
}

async function finish(folder: string): Promise<void> {
  const { readStatus } = await import('@mars/service');
  const status = await readStatus(folder);
  for (const line of statusText(folder, status)) await print(line);
  if (status.recordings.failed > 0) process.exitCode = EXIT_STATUS.someFailed;
}

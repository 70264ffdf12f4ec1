import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MarsError } from '@mars/core';
import type { JobWithMetadata, PgBoss } from 'pg-boss';
import { databaseError, reason } from './database.ts';
import { isThere } from './durable.ts';
import { missingShards, partFolder, tidyUp, type Manifest } from './manifest.ts';
import { runShard, type ShardOptions } from './shard-runner.ts';

interface ShardJob {
  readonly shard: number;
}

/** How many shards are where. */
export interface QueueState {
  readonly waiting: number;
  readonly active: number;
  /** Given up after `RETRIES`; "mars batch submit" and "work" offer them again. */
  readonly failed: number;
}

/** A worker that is silent for so long is taken for dead (seconds; the least that pg-boss has), and it says something every … */
const SILENCE_SEC = 10;
const HEARTBEAT_MS = 2000;

/** A shard that ends so many workers is left alone. */
const RETRIES = 25;

/** The longest that pg-boss has; the end of a worker is known by its silence. */
const EXPIRE_SEC = 24 * 60 * 60;
const KEEP_SEC = 300 * 24 * 60 * 60;

/** Between two looks of a worker that has nothing to do. */
const IDLE_MS = 1000;

/** How long a worker waits for a database that does not answer, and for each answer. */
const PATIENCE_MS = 10 * 60_000;
const ANSWER_MS = 30_000;

/**
 * Puts the shards into the queue that are neither done nor in it. Doing it again does no harm.
 *
 * @throws MarsError `DATABASE_FAILED`
 */
export async function submitShards(boss: PgBoss, folder: string, manifest: Manifest): Promise<QueueState> {
  try {
    return await offer(boss, folder, manifest, { again: true });
  } catch (cause) {
    throw databaseError('The database', cause);
  }
}

/**
 * How many shards of a batch are where.
 *
 * @throws MarsError `DATABASE_FAILED`
 */
export async function readQueue(boss: PgBoss, manifest: Manifest): Promise<QueueState> {
  try {
    return countStates([...(await findJobs(boss, manifest)).values()]);
  } catch (cause) {
    throw databaseError('The database', cause);
  }
}

export interface WorkOptions extends ShardOptions {
  readonly boss: PgBoss;
  /** Told what goes wrong and is tried again. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** How long a database may not answer (600,000). */
  readonly patienceMs?: number;
}

/**
 * Takes one shard after the other until the batch is done, here or elsewhere. A worker that dies is noticed in ten seconds
 * by its silence, and its shard given to another. Should it live after all, no harm is done: a part appears once, and the
 * first is kept.
 *
 * @throws MarsError `DATABASE_FAILED` when the database does not answer for `patienceMs`; `BATCH_INVALID` when shards were
 *   given up; and as {@link runShard}: the shard is then given back
 *
 * @example
 * await using queue = await openQueue('out', { database: 'postgres://mars@db/mars' });
 * await workOnQueue({ boss: queue.boss, folder: 'out', manifest, classify: hearWith(pool, manifest) });
 */
export async function workOnQueue(options: WorkOptions): Promise<void> {
  const { boss, folder, manifest, signal } = options;
  const name = queueName(manifest);
  const ask = <T>(what: () => Promise<T>) => patiently(what, options);

  await ask(() => offer(boss, folder, manifest, { again: true }));
  for (;;) {
    signal?.throwIfAborted();
    if ((await missingShards(folder, manifest)).length === 0) return tidyUp(folder);
    const [job] = await ask(() => boss.fetch<ShardJob>(name));
    if (job === undefined) {
      // Others are at the rest, or something of it was lost.
      const { waiting, active, failed } = await ask(() => offer(boss, folder, manifest, { again: false }));
      if (waiting + active === 0 && failed > 0) throw givenUp(failed, folder);
      if (waiting === 0) await sleep(IDLE_MS, undefined, signal && { signal });
      continue;
    }
    const attempt = { id: job.id, retryCount: job.retryCount };
    try {
      await runWithHeartbeat(job.data.shard, options, () => boss.touch(name, attempt));
    } catch (error) {
      // Otherwise others would wait for it to fall silent.
      await within(ANSWER_MS, boss.fail(name, attempt, { reason: reason(error) })).catch(() => undefined);
      throw error;
    }
    await ask(() => boss.complete(name, attempt));
  }
}

async function runWithHeartbeat(
  shard: number,
  options: WorkOptions,
  beat: () => Promise<unknown>,
): Promise<void> {
  const { folder, signal, onNote } = options;
  const overtaken = new AbortController();
  const timer = setInterval(() => {
    beat().catch((error: unknown) => onNote?.(`the database does not answer (${reason(error)})`));
    isThere(partFolder(folder, shard))
      .then((isDone) => isDone && overtaken.abort(new Error('another worker did this shard')))
      .catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    const either = signal ? AbortSignal.any([signal, overtaken.signal]) : overtaken.signal;
    await runShard(shard, { ...options, signal: either });
  } catch (error) {
    if (!overtaken.signal.aborted || signal?.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Sees that every shard that is not done is in the queue.
 *
 * @param again whether those that were given up are offered again
 */
async function offer(
  boss: PgBoss,
  folder: string,
  manifest: Manifest,
  { again }: { again: boolean },
): Promise<QueueState> {
  const name = queueName(manifest);
  await boss.createQueue(name, {
    retryLimit: RETRIES,
    retryDelay: 0,
    expireInSeconds: EXPIRE_SEC,
    retentionSeconds: KEEP_SEC,
    heartbeatSeconds: SILENCE_SEC,
  });
  // The queue first: a shard that is done meanwhile is then merely offered once too often.
  const jobs = await findJobs(boss, manifest);
  const isOver = ({ state }: JobWithMetadata<ShardJob>) =>
    state === 'completed' || state === 'cancelled' || (again && state === 'failed');
  const missing = await missingShards(folder, manifest);
  const toOffer = missing.filter((shard) => {
    const job = jobs.get(shard);
    return job === undefined || isOver(job);
  });
  const over = toOffer.flatMap((shard) => jobs.get(shard)?.id ?? []);
  if (over.length > 0) await boss.deleteJob(name, over);
  if (toOffer.length > 0) {
    await boss.insert(
      name,
      toOffer.map((shard) => ({ id: jobId(manifest, shard), data: { shard } })),
    );
  }
  const open = missing.flatMap((shard) => jobs.get(shard) ?? []).filter((job) => !isOver(job));
  const { waiting, active, failed } = countStates(open);
  return { waiting: waiting + toOffer.length, active, failed };
}

function countStates(jobs: readonly JobWithMetadata<ShardJob>[]): QueueState {
  const count = (...states: JobWithMetadata['state'][]) =>
    jobs.filter(({ state }) => states.includes(state)).length;
  return { waiting: count('created', 'retry'), active: count('active'), failed: count('failed') };
}

async function findJobs(boss: PgBoss, manifest: Manifest): Promise<Map<number, JobWithMetadata<ShardJob>>> {
  const name = queueName(manifest);
  if ((await boss.getQueue(name)) === null) return new Map();
  const jobs = await boss.findJobs<ShardJob>(name, { limit: 100_000 });
  return new Map(jobs.map((job) => [job.data.shard, job]));
}

/** A batch's queue is its own: workers that are started for it take nothing else. */
function queueName({ id }: Manifest): string {
  return `batch-${id}`;
}

/** The same for the same shard, so that none is in the queue twice. */
function jobId({ id }: Manifest, shard: number): string {
  const hash = createHash('sha256').update(`${id}/${shard}`).digest('hex');
  // The form of a UUID of version 8, RFC 9562: of one's own making.
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** Asks a database that may be starting anew. */
async function patiently<T>(
  ask: () => Promise<T>,
  { onNote, signal, patienceMs = PATIENCE_MS }: WorkOptions,
): Promise<T> {
  const began = performance.now();
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
    try {
      return await within(ANSWER_MS, ask());
    } catch (error) {
      signal?.throwIfAborted();
      if (performance.now() - began > patienceMs) throw databaseError('The database', error);
      if (pauseMs === 250) onNote?.(`the database does not answer (${reason(error)}); trying again`);
      await sleep(pauseMs, undefined, signal && { signal });
    }
  }
}

async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${limitMs / 1000} s`)), limitMs);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function givenUp(shards: number, folder: string): MarsError {
  return new MarsError(
    'BATCH_INVALID',
    `${shards} shards were given up: each ended ${RETRIES + 1} workers. "mars batch run --out ${folder}" shows what becomes of ` +
      'them in one process.',
  );
}

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MarsError } from '@mars/core';
import { fromPglite, PgBoss, type ConstructorOptions } from 'pg-boss';
import { BATCH_PATHS } from './manifest.ts';

/** A queue that is open. */
export interface OpenQueue extends AsyncDisposable {
  readonly boss: PgBoss;
  /** Whether only this process can see it. */
  readonly isEmbedded: boolean;
}

export interface QueueOptions {
  /** URL of a PostgreSQL server; without one, the queue is embedded in the batch's folder, for one process at a time. */
  readonly database?: string | undefined;
  /** Told what goes wrong and is tried again. */
  readonly onNote?: ((note: string) => void) | undefined;
}

const SHARED_OPTIONS: ConstructorOptions = {
  schema: 'mars_batch',
  application_name: 'mars batch',
  max: 3,
  connectionTimeoutMillis: 10_000,
  // Looks for workers that have fallen silent.
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  schedule: false,
  registerInstance: false,
  reindex: false,
  monitorVacuum: false,
};

/**
 * Opens the queue of a batch.
 *
 * @throws MarsError `DATABASE_FAILED` when it cannot be reached, or another process has the embedded one
 */
export async function openQueue(
  folder: string,
  { database, onNote = () => undefined }: QueueOptions = {},
): Promise<OpenQueue> {
  return database === undefined ? openEmbedded(folder, onNote) : openServer(database, onNote);
}

async function openServer(database: string, onNote: (note: string) => void): Promise<OpenQueue> {
  const boss = newBoss(() => new PgBoss({ ...SHARED_OPTIONS, connectionString: checkUrl(database) }), onNote);
  try {
    await boss.start();
  } catch (cause) {
    await stop(boss);
    throw databaseError(`The database at ${placeOf(database)}`, cause);
  }
  return { boss, isEmbedded: false, [Symbol.asyncDispose]: () => stop(boss) };
}

/**
 * PostgreSQL in this process. It only hands out shards: what is done says the folder of the parts, so that a queue which
 * the end of a process has damaged is made anew.
 */
async function openEmbedded(folder: string, onNote: (note: string) => void): Promise<OpenQueue> {
  const data = join(folder, BATCH_PATHS.queue);
  await mkdir(data, { recursive: true });
  const lock = lockFile(join(data, 'lock'));
  const opened = async (): Promise<OpenQueue> => {
    const { PGlite } = await import('@electric-sql/pglite');
    const database = await PGlite.create(join(data, 'pglite'));
    const boss = newBoss(
      () => new PgBoss({ ...SHARED_OPTIONS, db: fromPglite(database), backend: 'pglite' }),
      onNote,
    );
    const close = async () => {
      await stop(boss);
      await database.close();
    };
    try {
      await boss.start();
    } catch (error) {
      await close();
      throw error;
    }
    return {
      boss,
      isEmbedded: true,
      async [Symbol.asyncDispose]() {
        await close();
        lock.close();
      },
    };
  };
  try {
    return await opened().catch(async (error: unknown) => {
      onNote(`the embedded queue cannot be opened (${reason(error)}); it is made anew`);
      await rm(join(data, 'pglite'), { recursive: true, force: true });
      return opened();
    });
  } catch (cause) {
    lock.close();
    throw databaseError(`The embedded queue in ${data}`, cause);
  }
}

/** The system lets go of it when the process ends, however it ends. */
function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    throw new MarsError(
      'DATABASE_FAILED',
      'Another process has the embedded queue of this batch. Wait for its end, or use a PostgreSQL server for several ' +
        'workers: --database postgres://USER@HOST/NAME.',
      { cause },
    );
  }
}

function newBoss(create: () => PgBoss, onNote: (note: string) => void): PgBoss {
  const boss = create();
  // Its supervisor's: who asks it for something is told himself. Once for each kind, since it tries every second.
  let latest = '';
  boss.on('error', (error) => {
    const said = reason(error);
    if (said !== latest) onNote(`the queue: ${said}`);
    latest = said;
  });
  return boss;
}

async function stop(boss: PgBoss): Promise<void> {
  // Nobody waits for an answer of a server that is gone.
  await boss.stop({ graceful: false, close: true }).catch(() => undefined);
}

function checkUrl(database: string): string {
  if (/^postgres(ql)?:\/\//.test(database) && URL.canParse(database)) return database;
  throw new MarsError(
    'CONFIG_INVALID',
    'The database is to be named by a URL such as postgres://USER:PASSWORD@HOST:5432/NAME.',
  );
}

/** Without the user's name and password. */
function placeOf(database: string): string {
  const { host, pathname } = new URL(database);
  return `${host}${pathname}`;
}

/** What went wrong with a database, in the words that it has for it. */
export function databaseError(what: string, cause: unknown): MarsError {
  if (cause instanceof MarsError) return cause;
  return new MarsError(
    'DATABASE_FAILED',
    `${what} cannot be used (${reason(cause)}). See that it runs and lets this user in, and begin again: what was done is kept.`,
    { cause },
  );
}

export function reason(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string };
  return message || code || String(error);
}

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openQueue } from '../src/batch/database.ts';
import { readReceipts, type Manifest } from '../src/batch/manifest.ts';
import { readQueue, submitShards, workOnQueue } from '../src/batch/queue.ts';
import { findDamage, readStatus } from '../src/batch/status.ts';
import { planNames, pretendToHear, readLines, timelineOf } from './batch-fixture.ts';
import { workWhileKilling } from './batch-kills.ts';
import { findPostgres, startPostgres, type PostgresServer } from './postgres.ts';

const hasPostgres = (await findPostgres()) !== undefined;
if (!hasPostgres) {
  console.warn(`Skipped: npm has no PostgreSQL for ${process.platform} ${process.arch} to try the queue on.`);
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-batch-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

/** Every recording of the plan has the rows that are heard in it, once, and no others are there. */
async function expectWhole(manifest: Manifest): Promise<void> {
  const lines = await readLines(folder);
  const expected = Array.from({ length: manifest.recordings }, (_, index) => {
    const heard = timelineOf(`${index}.wav`)?.segments;
    return Array.from({ length: Math.max(1, heard?.length ?? 0) }, (_, at) => [
      `${index}.wav`,
      heard === undefined ? null : (heard[at]?.startSec ?? 0),
    ]);
  }).flat();
  expect(lines.map(({ file, start_sec }) => [file, start_sec])).toEqual(expected);
  expect(await findDamage(folder)).toEqual([]);
  expect((await readStatus(folder)).isDone).toBe(true);
}

describe.skipIf(!hasPostgres)('on a PostgreSQL server', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.[Symbol.asyncDispose]());

  const open = () => openQueue(folder, { database: postgres.url });

  test('two workers share a batch, and none does what the other has', async () => {
    const manifest = await planNames(folder, 60, { shardSize: 3 });
    await using first = await open();
    await using second = await open();
    expect(await submitShards(first.boss, folder, manifest)).toEqual({ waiting: 20, active: 0, failed: 0 });
    // Again: no harm.
    expect(await submitShards(second.boss, folder, manifest)).toEqual({ waiting: 20, active: 0, failed: 0 });

    const heard: string[][] = [[], []];
    await Promise.all(
      [first, second].map(({ boss }, worker) => {
        const classify = pretendToHear({ delayMs: 5, heard: (file) => heard[worker].push(file) });
        return workOnQueue({ boss, folder, manifest, classify });
      }),
    );
    await expectWhole(manifest);
    expect(heard.flat().length).toBe(60);
    expect(heard.every((files) => files.length > 0)).toBe(true);
    expect(await readQueue(first.boss, manifest)).toEqual({ waiting: 0, active: 0, failed: 0 });
  });

  test('a worker that is told to stop gives its shard back at once', async () => {
    const manifest = await planNames(folder, 4, { shardSize: 4 });
    await using queue = await open();
    const { boss } = queue;
    const stop = new AbortController();
    const working = workOnQueue({
      boss,
      folder,
      manifest,
      classify: pretendToHear({ delayMs: 60_000, heard: () => setTimeout(() => stop.abort(), 50) }),
      signal: stop.signal,
    });
    await expect(working).rejects.toThrow(/abort/i);
    const began = performance.now();
    await workOnQueue({ boss, folder, manifest, classify: pretendToHear() });
    expect(performance.now() - began).toBeLessThan(5000);
    await expectWhole(manifest);
  });

  test('what is done without its queue, or lost with it, is no worry', async () => {
    const manifest = await planNames(folder, 9, { shardSize: 3 });
    await using queue = await open();
    const { boss } = queue;
    await workOnQueue({ boss, folder, manifest, classify: pretendToHear() });
    // A part is gone, although the queue says that it is done.
    await rm(join(folder, 'parts/00001'), { recursive: true });
    const heard: string[] = [];
    await workOnQueue({
      boss,
      folder,
      manifest,
      classify: pretendToHear({ heard: (file) => heard.push(file) }),
    });
    expect(heard.sort()).toEqual(['3.wav', '4.wav', '5.wav']);
    await expectWhole(manifest);
  });

  test('a slow worker that was taken for dead doubles nothing', async () => {
    const manifest = await planNames(folder, 5, { shardSize: 5 });
    await using queue = await open();
    const { boss } = queue;
    const slow = workOnQueue({
      boss,
      folder,
      manifest,
      classify: pretendToHear({ delayMs: 4000 }),
      concurrency: 5,
    });
    await sleep(300);
    // Another has it and is done with it: here without the queue, as after a silence of the first.
    const { runShard } = await import('../src/batch/shard-runner.ts');
    expect(await runShard(0, { folder, manifest, classify: pretendToHear() })).toBe(true);
    const [receipt] = await readReceipts(folder);
    const began = performance.now();
    await slow;
    // It noticed.
    expect(performance.now() - began).toBeLessThan(3500);
    expect(await readReceipts(folder)).toEqual([receipt]);
    await expectWhole(manifest);
  });

  test('kill -9 of workers and of PostgreSQL at random moments: nothing is lost, nothing doubled', async () => {
    const manifest = await planNames(folder, 1500, { shardSize: 15 });
    const running = () =>
      spawn(process.execPath, [join(import.meta.dirname, 'batch-worker.ts'), folder, postgres.url, '20'], {
        stdio: 'ignore',
      });
    const killed = await workWhileKilling({
      folder,
      manifest,
      postgres,
      startWorker: running,
      workers: 2,
      kills: 6,
      postgresShare: 0.35,
      random: Math.random,
    });
    expect(killed.workers + killed.postgres).toBeGreaterThanOrEqual(4);
    await expectWhole(manifest);
  });

  test('a database that cannot be reached is named without its password', async () => {
    const error = await openQueue(folder, { database: 'postgres://mars:secret@127.0.0.1:1/x' }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toMatchObject({
      code: 'DATABASE_FAILED',
      message: expect.stringContaining('127.0.0.1:1/x'),
    });
    expect((error as Error).message).not.toContain('secret');
  });
});

test('embedded: one process at a time, over and over', async () => {
  const manifest = await planNames(folder, 8, { shardSize: 2 });
  {
    await using queue = await openQueue(folder);
    await submitShards(queue.boss, folder, manifest);
    await expect(openQueue(folder)).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
  }
  await using queue = await openQueue(folder);
  await workOnQueue({ boss: queue.boss, folder, manifest, classify: pretendToHear() });
  await expectWhole(manifest);
});

test('a URL that is none of PostgreSQL is refused', async () => {
  await expect(openQueue(folder, { database: 'mysql://x' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
});

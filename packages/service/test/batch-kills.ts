import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../src/batch/manifest.ts';
import { completeShards } from '../src/batch/manifest.ts';
import type { PostgresServer } from './postgres.ts';

export interface KillOptions {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly postgres: PostgresServer;
  /** Starts a worker, which ends by itself when the batch is done. */
  readonly startWorker: () => ChildProcess;
  readonly workers: number;
  readonly kills: number;
  /** Share of the kills that hit PostgreSQL (0.2). */
  readonly postgresShare?: number;
  /** The longest pause between two kills (1500). */
  readonly pauseMs?: number;
  readonly random: () => number;
  readonly onKill?: (what: string, kills: number) => void;
}

export interface KillCount {
  readonly workers: number;
  readonly postgres: number;
}

/**
 * Works at a batch with processes of which one after the other, or the database, ends by SIGKILL at a random moment; each
 * is started anew. Ends when the batch is done.
 */
export async function workWhileKilling({
  folder,
  manifest,
  postgres,
  startWorker,
  workers,
  kills,
  postgresShare = 0.2,
  pauseMs = 1500,
  random,
  onKill,
}: KillOptions): Promise<KillCount> {
  const killed = { workers: 0, postgres: 0 };
  const isDone = async () => (await completeShards(folder)).size === manifest.shards.length;
  const slots = Array.from({ length: workers }, startWorker);
  while (killed.workers + killed.postgres < kills && !(await isDone())) {
    await sleep(random() * pauseMs);
    if (random() < postgresShare) {
      killed.postgres++;
      onKill?.('PostgreSQL', killed.workers + killed.postgres);
      await postgres.kill();
      await sleep(random() * 500);
      await postgres.restart();
    } else {
      const slot = Math.floor(random() * workers);
      const child = slots[slot];
      if (child.exitCode === null) {
        killed.workers++;
        onKill?.('worker', killed.workers + killed.postgres);
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }
      slots[slot] = startWorker();
    }
  }
  // One that could not reach the database when it began has given up.
  for (let slot = 0; !(await isDone()); slot = (slot + 1) % workers) {
    if (slots[slot].exitCode !== null || slots[slot].signalCode !== null) slots[slot] = startWorker();
    await sleep(200);
  }
  const running = slots.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(running.map((child) => once(child, 'exit')));
  return killed;
}

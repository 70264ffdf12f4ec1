import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { partFolder, readManifest, readReceipts, type PartReceipt } from './manifest.ts';

/** How far a batch is. */
export interface BatchStatus {
  readonly id: string;
  readonly isDone: boolean;
  readonly recordings: { readonly total: number; readonly done: number; readonly failed: number };
  readonly shards: { readonly total: number; readonly done: number };
  readonly rows: number;
  /** Of the recordings that were heard. */
  readonly audioSec: number;
  /** How many recordings have an error of each code, the most frequent first. */
  readonly errors: readonly { readonly code: string; readonly recordings: number }[];
  /** Time in which somebody worked at it, seconds: pauses do not count, and two at the same time count once. */
  readonly workedSec: number;
  /** Per second that was worked; `null` before the first part. */
  readonly recordingsPerSec: number | null;
  /** Times as fast as it was spoken. */
  readonly speed: number | null;
  /** At that rate; 0 when it is done. */
  readonly leftSec: number | null;
  /** When the latest part was complete. */
  readonly lastPartAt: string | null;
}

/**
 * How far a batch is, as its folder says.
 *
 * @throws MarsError `BATCH_INVALID` where there is none
 *
 * @example
 * const { recordings, leftSec } = await readStatus('out');
 */
export async function readStatus(folder: string): Promise<BatchStatus> {
  const manifest = await readManifest(folder);
  const receipts = await readReceipts(folder);
  const sum = (of: (receipt: PartReceipt) => number) =>
    receipts.reduce((total, receipt) => total + of(receipt), 0);

  const done = sum(({ recordings }) => recordings);
  const audioSec = sum((receipt) => receipt.audioSec);
  const workedSec = secondsCovered(receipts);
  const recordingsPerSec = workedSec > 0 ? done / workedSec : null;
  const left = manifest.recordings - done;
  return {
    id: manifest.id,
    isDone: receipts.length === manifest.shards.length,
    recordings: { total: manifest.recordings, done, failed: sum(({ failed }) => failed) },
    shards: { total: manifest.shards.length, done: receipts.length },
    rows: sum(({ rows }) => rows),
    audioSec,
    errors: errorsByCode(receipts),
    workedSec,
    recordingsPerSec,
    speed: workedSec > 0 ? audioSec / workedSec : null,
    leftSec: left === 0 ? 0 : recordingsPerSec === null ? null : left / recordingsPerSec,
    lastPartAt:
      receipts
        .map(({ finishedAt }) => finishedAt)
        .sort()
        .at(-1) ?? null,
  };
}

/**
 * Reads every file of the complete parts again, and names those that are not as they were written.
 *
 * @throws MarsError `BATCH_INVALID` where there is no batch
 */
export async function findDamage(folder: string): Promise<string[]> {
  const damaged: string[] = [];
  for (const { shard, files } of await readReceipts(folder)) {
    for (const [name, { sha256 }] of Object.entries(files)) {
      const path = join(partFolder(folder, shard), name);
      if ((await sha256OfFile(path)) !== sha256) damaged.push(path);
    }
  }
  return damaged;
}

async function sha256OfFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

function errorsByCode(receipts: readonly PartReceipt[]): BatchStatus['errors'] {
  const counts = new Map<string, number>();
  for (const { errors } of receipts) {
    for (const [code, count] of Object.entries(errors)) counts.set(code, (counts.get(code) ?? 0) + count);
  }
  return [...counts]
    .map(([code, recordings]) => ({ code, recordings }))
    .sort((a, b) => b.recordings - a.recordings || (a.code < b.code ? -1 : 1));
}

/** The length of the union of the times in which the parts were made. */
function secondsCovered(receipts: readonly PartReceipt[]): number {
  const spans = receipts
    .map(({ startedAt, finishedAt }) => [Date.parse(startedAt), Date.parse(finishedAt)])
    .sort(([a], [b]) => a - b);
  let coveredMs = 0;
  let until = -Infinity;
  for (const [start, end] of spans) {
    coveredMs += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return coveredMs / 1000;
}

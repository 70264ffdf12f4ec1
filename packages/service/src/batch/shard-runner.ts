import { join } from 'node:path';
import { MarsError, type ErrorCode } from '@mars/core';
import { isThere, publishFolder } from './durable.ts';
import {
  BATCH_PATHS,
  PART_FILES,
  partFolder,
  readShard,
  sha256,
  type Manifest,
  type PartReceipt,
  type PlannedRecording,
} from './manifest.ts';
import { errorRow, jsonLines, parquet, rowsOf, type HeardTimeline, type SegmentRow } from './rows.ts';

/** Hears one recording, or throws what its row then says. */
export type Classify = (
  recording: PlannedRecording,
  signal: AbortSignal | undefined,
) => Promise<HeardTimeline>;

export interface ShardOptions {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly classify: Classify;
  /** Recordings that are heard at a time (4). */
  readonly concurrency?: number;
  /** Gives the shard up; nothing of it is written then. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each recording. */
  readonly onRecording?: (outcome: { readonly audioSec: number; readonly failed: boolean }) => void;
}

/** Errors that every recording would have: they are no recording's, and end the work. */
const FATAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONFIG_INVALID',
  'MODEL_INVALID',
  'PROFILE_INVALID',
  'SERVICE_STOPPING',
  'BATCH_INVALID',
]);

/**
 * Does a shard: hears its recordings, and makes its part appear, whole and once: a Parquet file, the same rows as JSON
 * Lines, and a receipt. A recording that cannot be heard is a row with its error. If the part is there, or appears
 * meanwhile from another's hand, that one is kept.
 *
 * @returns whether the part is this call's
 * @throws MarsError those that every recording would have, `CONFIG_INVALID` where the part cannot be written; the signal's
 *   reason
 *
 * @example
 * await runShard(3, { folder: 'out', manifest: await readManifest('out'), classify });
 */
export async function runShard(shard: number, options: ShardOptions): Promise<boolean> {
  const { folder, manifest, signal } = options;
  if (await isThere(partFolder(folder, shard))) return false;
  const startedAt = new Date().toISOString();
  const recordings = await readShard(folder, manifest, shard);
  const outcomes = await hearAll(recordings, options);
  signal?.throwIfAborted();

  const { labels } = manifest.model;
  const rows = outcomes.flatMap(({ rows }) => rows);
  const tables = {
    [PART_FILES.parquet]: parquet(rows, manifest),
    [PART_FILES.jsonLines]: Buffer.from(jsonLines(rows, labels)),
  };
  const codes = outcomes.flatMap(({ rows: [{ error_code: code }] }) => (code === null ? [] : [code]));
  const receipt: PartReceipt = {
    shard,
    recordings: recordings.length,
    failed: codes.length,
    rows: rows.length,
    audioSec: outcomes.reduce((sum, { audioSec }) => sum + audioSec, 0),
    errors: Object.fromEntries(
      [...Map.groupBy(codes, (code) => code)].map(([code, all]) => [code, all.length]),
    ),
    startedAt,
    finishedAt: new Date().toISOString(),
    files: Object.fromEntries(
      Object.entries(tables).map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }]),
    ),
  };
  return publishFolder(
    partFolder(folder, shard),
    { ...tables, [PART_FILES.receipt]: `${JSON.stringify(receipt, null, 2)}\n` },
    { workshop: join(folder, BATCH_PATHS.workshop) },
  );
}

interface RecordingOutcome {
  readonly rows: readonly SegmentRow[];
  readonly audioSec: number;
}

/** Some recordings at a time; what comes of them, in the order of the plan. */
async function hearAll(
  recordings: readonly PlannedRecording[],
  { manifest, classify, concurrency = 4, signal, onRecording }: ShardOptions,
): Promise<RecordingOutcome[]> {
  const outcomes: RecordingOutcome[] = [];
  const ended = new AbortController();
  const both = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
  const queue = recordings.entries();
  const hearSome = async () => {
    for (const [index, recording] of queue) {
      both.throwIfAborted();
      const outcome = await hear(recording, classify, manifest.model.labels, both);
      outcomes[index] = outcome;
      onRecording?.({ audioSec: outcome.audioSec, failed: outcome.rows[0].error_code !== null });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, hearSome));
  } catch (error) {
    // The others need not go on with what nobody will write.
    ended.abort(error);
    throw error;
  }
  return outcomes;
}

async function hear(
  recording: PlannedRecording,
  classify: Classify,
  labels: readonly string[],
  signal: AbortSignal,
): Promise<RecordingOutcome> {
  try {
    if (recording.error) {
      const { code, message } = recording.error;
      throw new MarsError(code as ErrorCode, message);
    }
    const heard = await classify(recording, signal);
    const { durationSec } = 'channels' in heard ? heard.channels[0] : heard;
    return { rows: rowsOf(recording, heard, labels), audioSec: durationSec };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MarsError && FATAL.has(error.code)) throw error;
    return { rows: [errorRow(recording, asMarsError(error))], audioSec: 0 };
  }
}

/** A fault of MARS itself must not stop the other recordings either. */
function asMarsError(error: unknown): MarsError {
  if (error instanceof MarsError) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new MarsError('INTERNAL', `MARS itself failed (${said}). Please report it, with the recording.`);
}

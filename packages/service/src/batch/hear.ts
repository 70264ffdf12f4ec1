import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MarsError } from '@mars/core';
import { ServiceBusyError, type AudioInput, type RecogniserPool } from '../recognition/pool-protocol.ts';
import { download, isUrl } from './download.ts';
import { placeOf, sha256, type Manifest } from './manifest.ts';
import { DEFAULT_MAX_DOWNLOAD_MB, DEFAULT_MAX_DURATION_SEC } from './options.ts';
import type { HeardTimeline } from './rows.ts';
import type { Classify } from './shard-runner.ts';

/** How long a recording may take: for a worker that hangs, and not for one that has much to do. */
const DEADLINE = { leastMs: 60_000, msPerSec: 500 };

/** The sparsest speech codec has about so many bytes for a second. */
const LEAST_BYTES_PER_SEC = 500;

/** What a pool must allow, so that a batch's recordings may be as long as they may be. */
export function poolLimits({ options }: Pick<Manifest, 'options'>): {
  maxDurationSec: number;
  deadlineMs: number;
} {
  const { maxDurationSec = DEFAULT_MAX_DURATION_SEC } = options;
  return { maxDurationSec, deadlineMs: deadlineOf(Infinity, maxDurationSec) };
}

/**
 * Hears a batch's recordings with a pool.
 *
 * @param base where relative paths begin, when it is not where it was at the planning
 * @param profile the JSON of what "mars calibrate" learnt: that of the plan
 * @throws MarsError `BATCH_INVALID` for another model or profile than the plan's
 */
export function hearWith(
  pool: RecogniserPool,
  manifest: Manifest,
  { base = manifest.base, profile }: { base?: string | undefined; profile?: string | undefined } = {},
): Classify {
  const { profile: profileSha256, maxDurationSec = DEFAULT_MAX_DURATION_SEC } = manifest.options;
  const { maxDownloadMb = DEFAULT_MAX_DOWNLOAD_MB, ...options } = manifest.options;
  checkProfile(profile, profileSha256);
  const spoken = profile === undefined ? undefined : (JSON.parse(profile) as unknown);

  const ask = async (audio: AudioInput, bytes: number, signal?: AbortSignal): Promise<HeardTimeline> => {
    const result = await pool.classify(
      audio,
      {
        ...options,
        profile: spoken,
        timeline: true,
        maxDurationSec,
        deadlineMs: deadlineOf(bytes, maxDurationSec),
      },
      signal,
    );
    return result as HeardTimeline;
  };
  return async (recording, signal) => {
    const place = placeOf(recording, base);
    const bytes = isUrl(place)
      ? await download(place, { maxBytes: maxDownloadMb * 1e6, ...(signal && { signal }) })
      : undefined;
    const size = bytes?.length ?? (await stat(place).catch(() => undefined))?.size ?? 0;
    return again(() => ask(bytes ?? { path: place }, size, signal), signal);
  };
}

/** A worker may have died of another recording, or the pool be full of others' work: it is tried once more. */
async function again<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let lost = 0; ;) {
    try {
      return await ask();
    } catch (error) {
      const isBusy = error instanceof ServiceBusyError;
      const isLost = error instanceof MarsError && error.code === 'WORKER_LOST';
      if (!isBusy && !(isLost && lost++ === 0)) throw error;
      await sleep(isBusy ? error.retryAfterSec * 1000 : 0, undefined, signal && { signal });
    }
  }
}

function deadlineOf(bytes: number, maxDurationSec: number): number {
  const durationSec = Math.min(maxDurationSec, bytes / LEAST_BYTES_PER_SEC);
  return Math.round(DEADLINE.leastMs + durationSec * DEADLINE.msPerSec);
}

function checkProfile(profile: string | undefined, expected: string | undefined): void {
  const came = profile === undefined ? undefined : sha256(profile);
  if (came === expected) return;
  const what =
    expected === undefined
      ? 'The batch was planned without a profile, and one is given. Leave --profile out, or begin anew with another --out.'
      : `The batch was planned with the profile of SHA-256 ${expected}, and ${came === undefined ? 'none' : 'another'} is ` +
        'given. Name that one as --profile: it is not kept with the batch.';
  throw new MarsError('BATCH_INVALID', what);
}

import { z } from 'zod';

/**
 * How recordings are heard: fixed when a batch is planned, so that all its rows are made alike. What is not given is left
 * out, and is then what `mars classify --timeline` does.
 */
export const BATCH_OPTIONS = z.strictObject({
  /** SHA-256 of what "mars calibrate" learnt. The profile itself is personal data, and is not kept with the batch. */
  profile: z.string().optional(),
  oneSpeaker: z.boolean().optional(),
  windowSec: z.number().optional(),
  hopSec: z.number().optional(),
  minSilenceSec: z.number().optional(),
  /** `split`: each channel is heard for itself (mix). */
  channels: z.enum(['mix', 'split']).optional(),
  /** Longer recordings get an error: a small file may decode to days of silence (4 hours). */
  maxDurationSec: z.number().positive().optional(),
  /** Of a recording from the network, which is held in memory (100). */
  maxDownloadMb: z.number().positive().optional(),
});

export type BatchOptions = Readonly<z.infer<typeof BATCH_OPTIONS>>;

export const DEFAULT_MAX_DURATION_SEC = 4 * 60 * 60;
export const DEFAULT_MAX_DOWNLOAD_MB = 100;

/** Recordings in a shard: what a worker takes at a time, and what is done again when it dies. */
export const DEFAULT_SHARD_SIZE = 500;
export const MAX_SHARD_SIZE = 2000;

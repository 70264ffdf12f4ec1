import { MarsError } from '../errors.ts';

/** A mono recording: `samples` in [-1, 1] (a float file may exceed it), `sampleRate` in Hz. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

/** A recording whose header was read: its samples come in pieces of any lengths, and its faults when they are reached. */
export interface AudioStream {
  readonly samples: AsyncIterable<Float32Array>;
  readonly sampleRate: number;
}

/**
 * Sampling rates that MARS takes, in Hz. Below the lower bound no speech is left, and a broken header that says
 * "3 Hz" would be resampled to thousands of times its size; above the upper one no converter records.
 */
export const SAMPLE_RATE_RANGE = { lowest: 1_000, highest: 768_000 } as const;

export function noSamples(): MarsError {
  return new MarsError('AUDIO_EMPTY', 'The recording holds no samples, only a header. Record it again.');
}

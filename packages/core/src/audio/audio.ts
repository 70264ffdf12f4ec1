import { MarsError } from '../errors.ts';

/** A mono recording: `samples` in [-1, 1] (a float file may exceed it), `sampleRate` in Hz. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

/** What becomes of the channels of a recording: their mean, or each by itself. */
export type ChannelMode = 'mix' | 'split';

/** Samples of as many arrays as there are channels, all of one length; one array where they are mixed. */
export type Planes = Float32Array[];

/** A recording whose header was read: its samples come in pieces of any lengths, and its faults when they are reached. */
export interface AudioStream {
  readonly samples: AsyncIterable<Planes>;
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

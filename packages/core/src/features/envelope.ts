import { MarsError } from '../errors.ts';
import { checkCounts, checkSamples, frameCount, paddedSample, type PadMode } from './frames.ts';
import type { Matrix } from './matrix.ts';

/** The frames of librosa.feature.rms and zero_crossing_rate, with their defaults. */
export interface EnvelopeOptions {
  /** Samples of a frame (2048). */
  readonly frameLength?: number;
  /** Samples from frame to frame (512). */
  readonly hopLength?: number;
  /** Whether frame f is centred on sample f · hopLength (true) or begins there. */
  readonly center?: boolean;
}

/**
 * Root mean square of every frame: librosa.feature.rms.
 *
 * @returns [1, frames]
 * @throws MarsError AUDIO_EMPTY, AUDIO_NOT_FINITE, AUDIO_TOO_SHORT (without `center`), CONFIG_INVALID.
 * @example
 * rms(new Float32Array(22050).fill(0.5)).data[20]; // 0.5
 */
export function rms(
  samples: Float32Array,
  options: EnvelopeOptions & { readonly padMode?: PadMode } = {},
): Matrix {
  return overFrames(samples, options, options.padMode ?? 'constant', (sampleAt, start, end) => {
    let energy = 0;
    for (let i = start; i < end; i++) energy += sampleAt(i) ** 2;
    return Math.sqrt(energy / (end - start));
  });
}

/**
 * Share of the samples in every frame whose sign differs from the one before: librosa.feature.zero_crossing_rate
 * (zero counts as positive, and so does everything within 1e-10 of it; the first sample of a frame never counts).
 *
 * @returns [1, frames]
 * @throws MarsError AUDIO_EMPTY, AUDIO_NOT_FINITE, AUDIO_TOO_SHORT (without `center`), CONFIG_INVALID.
 * @example
 * zeroCrossingRate(Float32Array.from({ length: 4096 }, (_, i) => (-1) ** i)).data[4]; // 0.9995, 2047 of 2048
 */
export function zeroCrossingRate(samples: Float32Array, options: EnvelopeOptions = {}): Matrix {
  return overFrames(samples, options, 'edge', (sampleAt, start, end) => {
    let crossings = 0;
    let wasNegative = sampleAt(start) < -ZERO;
    for (let i = start + 1; i < end; i++) {
      const isNegative = sampleAt(i) < -ZERO;
      if (isNegative !== wasNegative) crossings++;
      wasNegative = isNegative;
    }
    return crossings / (end - start);
  });
}

const ZERO = 1e-10;

/** librosa.effects.trim's settings, with its defaults. */
export interface TrimOptions {
  /** How far below the loudest frame counts as silence, in dB (60). */
  readonly topDb?: number;
  /** Samples of a frame (2048). */
  readonly frameLength?: number;
  /** Samples from frame to frame (512). */
  readonly hopLength?: number;
}

/**
 * The recording without the silence at its ends: librosa.effects.trim. A recording that is silent throughout comes
 * back whole, since nothing in it is quieter than its loudest frame.
 *
 * @returns `samples` from `start` to `end` (a view into what came in), and these two
 * @throws MarsError AUDIO_EMPTY, AUDIO_NOT_FINITE, CONFIG_INVALID.
 * @example
 * const { samples: voice, start } = trim(samples, { topDb: 30 });
 */
export function trim(
  samples: Float32Array,
  { topDb = 60, frameLength = 2048, hopLength = 512 }: TrimOptions = {},
): { samples: Float32Array; start: number; end: number } {
  if (!(topDb > 0))
    throw new MarsError('CONFIG_INVALID', `topDb is ${topDb}; a positive number of dB is expected.`);
  const levels = rms(samples, { frameLength, hopLength }).data;
  const loudest = levelDb(levels.reduce((max, level) => Math.max(max, level), 0));
  const isSound = (level: number): boolean => levelDb(level) - loudest > -topDb;
  const start = levels.findIndex(isSound) * hopLength;
  const end = Math.min(samples.length, (levels.findLastIndex(isSound) + 1) * hopLength);
  return { samples: samples.subarray(start, end), start, end };
}

/** As librosa.amplitude_to_db, which takes everything below 1e-5 (-100 dB) for as much. */
function levelDb(level: number): number {
  return 20 * Math.log10(Math.max(1e-5, level));
}

function overFrames(
  samples: Float32Array,
  { frameLength = 2048, hopLength = 512, center = true }: EnvelopeOptions,
  padMode: PadMode,
  measure: (sampleAt: (index: number) => number, start: number, end: number) => number,
): Matrix {
  checkCounts({ frameLength, hopLength });
  checkSamples(samples);
  const frames = frameCount(samples.length, frameLength, hopLength, center);
  const margin = center ? Math.floor(frameLength / 2) : 0;
  const inside = (index: number): number => samples[index];
  const beyond = (index: number): number => paddedSample(samples, index, padMode);
  const data = Float32Array.from({ length: frames }, (_, frame) => {
    const start = frame * hopLength - margin;
    const end = start + frameLength;
    return measure(start >= 0 && end <= samples.length ? inside : beyond, start, end);
  });
  return { data, shape: [1, frames] };
}

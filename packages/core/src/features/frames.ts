import { MarsError } from '../errors.ts';

/** What stands beyond the first and last sample when frames are centred: zeros, the edge sample, or a mirror image. */
export type PadMode = 'constant' | 'edge' | 'reflect';

/** @throws MarsError AUDIO_EMPTY or AUDIO_NOT_FINITE. */
export function checkSamples(samples: Float32Array): void {
  if (samples.length === 0) {
    throw new MarsError('AUDIO_EMPTY', 'The recording holds 0 samples; at least one is needed.');
  }
  // 0 · x is 0 for every finite x and NaN for the others; one sum is faster than many tests.
  let zeros = 0;
  for (let i = 0; i < samples.length; i++) zeros += 0 * samples[i];
  if (zeros === 0) return;
  const i = samples.findIndex((sample) => !Number.isFinite(sample));
  throw new MarsError(
    'AUDIO_NOT_FINITE',
    `Sample ${i} is ${samples[i]}; finite numbers are expected. Repair or cut that part of the recording.`,
  );
}

/** @throws MarsError CONFIG_INVALID unless each value is a whole number, 1 or more. */
export function checkCounts(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new MarsError('CONFIG_INVALID', `${name} is ${value}; a whole number, 1 or more, is expected.`);
    }
  }
}

/**
 * How many frames `length` samples give: 1 + ⌊length / hop⌋ when centred (frame f is centred on sample f · hop).
 *
 * @throws MarsError AUDIO_TOO_SHORT when not centred and shorter than one frame.
 */
export function frameCount(length: number, frameLength: number, hopLength: number, center: boolean): number {
  const padded = center ? length + 2 * Math.floor(frameLength / 2) : length;
  if (padded < frameLength) {
    throw new MarsError(
      'AUDIO_TOO_SHORT',
      `The recording holds ${length} samples, one frame ${frameLength}. Use a longer recording, or center: true.`,
    );
  }
  return 1 + Math.floor((padded - frameLength) / hopLength);
}

/** The sample at `index`, which may lie outside the recording. */
export function paddedSample(samples: Float32Array, index: number, padMode: PadMode): number {
  const { length } = samples;
  if (index >= 0 && index < length) return samples[index];
  if (padMode === 'constant') return 0;
  if (padMode === 'edge') return samples[index < 0 ? 0 : length - 1];
  if (length === 1) return samples[0];
  const period = 2 * (length - 1);
  const phase = ((index % period) + period) % period;
  return samples[phase < length ? phase : period - phase];
}

import type { Random } from '@mars/autograd/random';
import { z } from 'zod';

const count = z.int().min(0);

export const specAugmentSettings = z.strictObject({
  timeMasks: count.default(2),
  /** Longest mask, in frames. */
  maxFrames: count.default(20),
  frequencyMasks: count.default(2),
  /** Widest mask, in bands (or coefficients). */
  maxBands: count.default(8),
});

export type SpecAugment = z.output<typeof specAugmentSettings>;

/**
 * SpecAugment without its time warp (Park et al. 2019, section 2): spans of frames and of bands set to 0, which is the
 * mean of normalised features. Changes the example in place.
 *
 * @param example (frames, bands), row by row
 */
export function maskSpectrum(
  example: Float32Array,
  [frames, bands]: readonly [number, number],
  { timeMasks, maxFrames, frequencyMasks, maxBands }: SpecAugment,
  random: Random,
): void {
  for (let mask = 0; mask < timeMasks; mask += 1) {
    const [start, end] = drawSpan(frames, maxFrames, random);
    example.fill(0, start * bands, end * bands);
  }
  for (let mask = 0; mask < frequencyMasks; mask += 1) {
    const [start, end] = drawSpan(bands, maxBands, random);
    for (let frame = 0; frame < frames; frame += 1)
      example.fill(0, frame * bands + start, frame * bands + end);
  }
}

/** A span of 0 to `longest` within `length`. */
function drawSpan(length: number, longest: number, random: Random): [start: number, end: number] {
  const size = random.integer(Math.min(longest, length) + 1);
  const start = random.integer(length - size + 1);
  return [start, start + size];
}

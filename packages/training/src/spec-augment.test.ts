import { createRandom } from '@mars/autograd/random';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskSpectrum, specAugmentSettings, type SpecAugment } from './spec-augment.ts';

const NONE: SpecAugment = { timeMasks: 0, maxFrames: 0, frequencyMasks: 0, maxBands: 0 };

/** An example without a zero, masked. */
function masked([frames, bands]: readonly [number, number], settings: SpecAugment, seed: number) {
  const example = new Float32Array(frames * bands).map((_, i) => 1 + i);
  maskSpectrum(example, [frames, bands], settings, createRandom(seed));
  return example;
}

/** For each frame (or band), whether nothing is left of it. */
function gone(
  example: Float32Array,
  [frames, bands]: readonly [number, number],
  along: 'time' | 'frequency',
) {
  const [length, width] = along === 'time' ? [frames, bands] : [bands, frames];
  return Array.from({ length }, (_, i) =>
    Array.from({ length: width }, (_, j) => example[along === 'time' ? i * bands + j : j * bands + i]).every(
      (value) => value === 0,
    ),
  );
}

/** Length of the longest run of true. */
function longest(flags: readonly boolean[]): number {
  return Math.max(...flags.map((_, i) => flags.slice(i).concat(false).indexOf(false)));
}

const shapes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }));
const limit = fc.nat({ max: 60 });

describe.each(['time', 'frequency'] as const)('one mask in %s', (along) => {
  const settings = (max: number): SpecAugment =>
    along === 'time'
      ? { ...NONE, timeMasks: 1, maxFrames: max }
      : { ...NONE, frequencyMasks: 1, maxBands: max };

  test('is one span, no longer than asked and than the clip, and all else stays', () => {
    fc.assert(
      fc.property(shapes, limit, fc.nat(), (shape, max, seed) => {
        const example = masked(shape, settings(max), seed);
        const flags = gone(example, shape, along);
        const size = flags.filter(Boolean).length;
        expect(size).toBeLessThanOrEqual(Math.min(max, flags.length));
        expect(longest(flags)).toBe(size);
        const width = example.length / flags.length;
        expect(example.filter((value) => value === 0)).toHaveLength(size * width);
        expect(example.every((value, i) => value === 0 || value === 1 + i)).toBe(true);
      }),
    );
  });

  test('can have every size and stand at either end', () => {
    const shape = [7, 7] as const;
    const all = Array.from({ length: 300 }, (_, seed) =>
      gone(masked(shape, settings(3), seed), shape, along),
    );
    expect(new Set(all.map((flags) => flags.filter(Boolean).length))).toEqual(new Set([0, 1, 2, 3]));
    expect(all.some((flags) => flags[0])).toBe(true);
    expect(all.some((flags) => flags[6])).toBe(true);
  });
});

test('as many masks as asked, and nothing outside the example', () => {
  fc.assert(
    fc.property(
      shapes,
      fc.nat({ max: 3 }),
      fc.nat({ max: 3 }),
      fc.nat(),
      (shape, timeMasks, frequencyMasks, seed) => {
        const [frames, bands] = shape;
        const memory = new Float32Array(frames * bands + 20).fill(1);
        const example = memory.subarray(10, 10 + frames * bands);
        const settings = { timeMasks, maxFrames: 4, frequencyMasks, maxBands: 2 };
        maskSpectrum(example, shape, settings, createRandom(seed));
        expect([...memory.subarray(0, 10), ...memory.subarray(-10)].every((value) => value === 1)).toBe(true);
        const left = Math.max(0, frames - 4 * timeMasks) * Math.max(0, bands - 2 * frequencyMasks);
        expect(example.filter((value) => value === 1).length).toBeGreaterThanOrEqual(left);
      },
    ),
  );
});

test('{} asks for two masks of each kind', () => {
  expect(specAugmentSettings.parse({})).toEqual({
    timeMasks: 2,
    maxFrames: 20,
    frequencyMasks: 2,
    maxBands: 8,
  });
});

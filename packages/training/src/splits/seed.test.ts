import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ravdess } from '../../test/clips.ts';
import type { Clip } from '../corpora/clip.ts';
import type { Fold } from './fold.ts';
import { splitSeed } from './seed.ts';

const seeds = fc.integer({ min: 0, max: 1e6 });

function sizes({ train, validation, test }: Fold): number[] {
  return [train, validation, test].map(({ length }) => length);
}

test('80 % to train and 20 % to test, a tenth of the former to validate', () => {
  const [fold, ...others] = splitSeed(ravdess);
  expect(others).toEqual([]);
  expect(sizes(fold)).toEqual([1766, 196, 490]);
});

test('without validation, every clip is trained on or tested', () => {
  const [{ train, validation, test: tested }] = splitSeed(ravdess, { validationFraction: 0 });
  expect([train.length + tested.length, validation.length]).toEqual([2452, 0]);
});

test('every emotion of speech and of song has its share, within one clip', () => {
  fc.assert(
    fc.property(seeds, fc.double({ min: 0, max: 0.9, noNaN: true }), (seed, testFraction) => {
      const [{ test: tested }] = splitSeed(ravdess, { splitSeed: seed, testFraction });
      const drawn = Map.groupBy(tested, stratumOf);
      for (const [stratum, clips] of Map.groupBy(ravdess, stratumOf)) {
        const off = (drawn.get(stratum)?.length ?? 0) - clips.length * testFraction;
        expect(Math.abs(off)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(Math.abs(tested.length - ravdess.length * testFraction)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 50 },
  );
});

test.each([-0.1, 1, NaN])('refuses to test a share of %s', (testFraction) => {
  expect(() => splitSeed(ravdess, { testFraction })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

function stratumOf({ channel, emotion }: Clip): string {
  return `${channel} ${emotion}`;
}

import { decodeAudio } from '@mars/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Take } from './take.ts';

test('what is kept is what came, up to the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 20 }), (sizes) => {
      // Pieces hold 100 samples here, and the limit lies within one.
      const take = new Take(10, { maxSec: 455.5 });
      const all = Float32Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, i) => i);
      let at = 0;
      for (const size of sizes) take.push(all.subarray(at, (at += size)));
      const kept = all.subarray(0, 4555);
      expect(take.samples()).toEqual(kept);
      expect(take.durationSec).toBe(kept.length / 10);
      expect(take.isFull).toBe(kept.length === 4555);
    }),
  );
});

test('the file holds it at its own rate', async () => {
  const take = new Take(44_100, { maxSec: 1 });
  take.push(Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i / 10) / 2));
  const { samples, sampleRate } = await decodeAudio(take.toWav());
  expect([samples.length, sampleRate]).toEqual([5000, 44_100]);
  expect(samples[1234]).toBeCloseTo(Math.sin(123.4) / 2, 4);
});

import { decodeAudio } from '@mars/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recording } from './recording.ts';

test('what is kept is what came, up to the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 20 }), (sizes) => {
      // Pieces hold 100 samples here, and the limit lies within one.
      const recording = new Recording(10, { maxSec: 455.5 });
      const all = Float32Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, i) => i);
      let at = 0;
      for (const size of sizes) recording.push(all.subarray(at, (at += size)));
      const kept = all.subarray(0, 4555);
      expect(recording.samples()).toEqual(kept);
      expect(recording.durationSec).toBe(kept.length / 10);
      expect(recording.isFull).toBe(kept.length === 4555);
    }),
  );
});

test('the file holds it at its own rate', async () => {
  const recording = new Recording(44_100, { maxSec: 1 });
  recording.push(Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i / 10) / 2));
  const { samples, sampleRate } = await decodeAudio(recording.toWav());
  expect([samples.length, sampleRate]).toEqual([5000, 44_100]);
  expect(samples[1234]).toBeCloseTo(Math.sin(123.4) / 2, 4);
});

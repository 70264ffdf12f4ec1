import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockCutter } from './block-cutter.ts';

test.each([8000, 16_000, 44_100, 48_000, 96_000])('blocks at %d Hz last 20 to 40 ms', (sampleRate) => {
  const seconds = new BlockCutter(sampleRate).blockSize / sampleRate;
  expect(seconds).toBeGreaterThan(0.02);
  expect(seconds).toBeLessThanOrEqual(0.04);
});

test('no sample is lost, doubled or moved, in whatever pieces they come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 }), (sizes) => {
      const cutter = new BlockCutter(8000);
      let next = 0;
      const blocks = sizes.flatMap((size) => cutter.add([Float32Array.from({ length: size }, () => next++)]));
      const out = blocks.flatMap(({ samples }) => [...samples]);
      expect(out).toEqual(Array.from({ length: next - (next % cutter.blockSize) }, (_, i) => i));
      expect(new Set(blocks.map(({ samples }) => samples.buffer)).size).toBe(blocks.length);
    }),
  );
});

test('channels are averaged, and the level is that of the average', () => {
  const cutter = new BlockCutter(8000);
  const left = new Float32Array(cutter.blockSize).fill(0.5);
  const right = new Float32Array(cutter.blockSize).fill(-0.1);
  const [{ samples, peak, rms }] = cutter.add([left, right]);
  expect(samples[7]).toBeCloseTo(0.2, 6);
  expect([peak, rms]).toEqual([expect.closeTo(0.2, 6), expect.closeTo(0.2, 6)]);
  expect(cutter.add([])).toEqual([]);
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_BUCKETS, PeakMeter } from './peaks.ts';

function peaksOf(samples: Float32Array, pieces: readonly number[], sampleRate: number): Float32Array {
  const meter = new PeakMeter(sampleRate);
  let at = 0;
  for (const length of pieces) {
    meter.read(samples.subarray(at, at + length));
    at += length;
  }
  meter.read(samples.subarray(at));
  return meter.peaks();
}

test('the peaks are the same in whatever pieces the samples come', () => {
  const samples = Float32Array.from({ length: 30_000 }, (_, i) => Math.sin(i * i));
  const whole = peaksOf(samples, [], 1000);
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5000 }), { maxLength: 5 }), (pieces) => {
      expect(peaksOf(samples, pieces, 1000)).toEqual(whole);
    }),
    { numRuns: 20 },
  );
});

test.each([1, 999, 2000, 2001, 4001, 100_000])(
  'of %i samples, buckets of equal length hold the extremes',
  (length) => {
    const samples = Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * ((i * 7) % 13));
    const peaks = peaksOf(samples, [], 1000);
    const buckets = peaks.length / 2;
    expect(buckets).toBeLessThanOrEqual(MOST_BUCKETS);
    const bucketLength = 2 ** Math.ceil(Math.log2(Math.max(1, length / MOST_BUCKETS)));
    expect(buckets).toBe(Math.ceil(length / bucketLength));
    for (let bucket = 0; bucket < buckets; bucket++) {
      const part = samples.subarray(bucket * bucketLength, (bucket + 1) * bucketLength);
      expect(peaks[2 * bucket]).toBe(part.reduce((a, b) => Math.min(a, b)));
      expect(peaks[2 * bucket + 1]).toBe(part.reduce((a, b) => Math.max(a, b)));
    }
  },
);

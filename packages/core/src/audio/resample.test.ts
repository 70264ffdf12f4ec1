import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resample, Resampler } from './resample.ts';

const RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 44_101, 48_000, 96_000, 192_000];

function tone(frequency: number, sampleRate: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / sampleRate));
}

/** Level in dB of `actual - expected` against a full-scale sine, over the middle half, where the ends do not reach. */
function differenceDb(actual: Float32Array, expected: Float32Array): number {
  const [from, to] = [Math.ceil(actual.length / 4), Math.floor((actual.length * 3) / 4)];
  let energy = 0;
  for (let i = from; i < to; i++) energy += (actual[i] - expected[i]) ** 2;
  return 10 * Math.log10((2 * energy) / (to - from));
}

/** Pairs of rates, up and down, by simple factors, by 147/160 and its kin, and by 22050/44101. */
const PAIRS = [
  [48_000, 16_000],
  [48_000, 22_050],
  [44_100, 22_050],
  [24_000, 22_050],
  [22_050, 24_000],
  [11_025, 16_000],
  [8_000, 16_000],
  [192_000, 8_000],
  [44_101, 22_050],
  [16_000, 44_101],
] as const;

describe.each(PAIRS)('%i Hz to %i Hz', (fromRate, toRate) => {
  const lowerNyquist = Math.min(fromRate, toRate) / 2;
  const length = Math.round(fromRate / 4);

  test.each([0.01, 0.3, 0.7, 0.9])(
    'passes a tone at %f of Nyquist: aligned, equal to the sine to -90 dB',
    (part) => {
      const output = resample(tone(part * lowerNyquist, fromRate, length), fromRate, toRate);
      // -90 dB of difference leaves at most 0.0003 dB of ripple, and no delay.
      expect(differenceDb(output, tone(part * lowerNyquist, toRate, output.length))).toBeLessThan(-90);
    },
  );

  test('constant stays constant', () => {
    const output = resample(new Float32Array(length).fill(1), fromRate, toRate);
    const middle = output.subarray(Math.ceil(output.length / 4), Math.floor((output.length * 3) / 4));
    for (const sample of middle) expect(Math.abs(sample - 1)).toBeLessThan(2e-7);
  });

  const audible = [1.05, 1.125, 1.5, 1.9, 3, 10].filter((part) => part * lowerNyquist < fromRate / 2);
  test.runIf(audible.length > 0).each(audible)('stops a tone at %f of Nyquist by 90 dB', (part) => {
    const output = resample(tone(part * lowerNyquist, fromRate, length), fromRate, toRate);
    expect(differenceDb(output, new Float32Array(output.length))).toBeLessThan(-90);
  });
});

test('agrees with the sum that defines it, term by term', () => {
  // The kernel is found by its answer to impulses; what it makes of noise must be their superposition.
  const noise = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
  const expected = new Float64Array(Math.ceil((40 * 147) / 160));
  noise.forEach((value, i) => {
    const impulse = new Float32Array(40);
    impulse[i] = 1;
    resample(impulse, 24_000, 22_050).forEach((answer, j) => (expected[j] += value * answer));
  });
  resample(noise, 24_000, 22_050).forEach((value, j) => expect(value).toBeCloseTo(expected[j], 6));
});

test('any cut into chunks gives bit for bit what one call gives, and ceil(n · to / from) samples', () => {
  const rate = fc.constantFrom(...RATES);
  const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3_000 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(rate, rate, lengths, (fromRate, toRate, lengths) => {
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const signal = Float32Array.from({ length: total }, (_, i) => Math.sin(i * i));
      const whole = resample(signal, fromRate, toRate);
      expect(whole.length).toBe(Math.ceil((total * toRate) / fromRate));
      const resampler = new Resampler(fromRate, toRate);
      // The second round shows that flush leaves nothing behind.
      for (let round = 0; round < 2; round++) {
        let start = 0;
        const parts = lengths.map((length) => resampler.process(signal.subarray(start, (start += length))));
        const joined = [...parts, resampler.flush()].flatMap((part) => Array.from(part));
        expect(Float32Array.from(joined)).toEqual(whole);
      }
    }),
    { numRuns: 60 },
  );
});

test('a chunk comes out after no more than the latency that is promised', () => {
  const resampler = new Resampler(48_000, 16_000);
  const output = resampler.process(new Float32Array(4_800));
  expect(output.length).toBeGreaterThanOrEqual(Math.floor(1_600 - resampler.latencySec * 16_000));
  expect(resampler.latencySec).toBeLessThan(0.01);
});

test('equal rates give a copy', () => {
  const signal = Float32Array.of(1, 2, 3);
  const output = resample(signal, 16_000, 16_000);
  expect(output).toEqual(signal);
  expect(output).not.toBe(signal);
});

test.each([0, -1, 16_000.5, NaN, Infinity, 999, 768_001])('a rate of %f Hz is refused', (rate) => {
  expect(() => resample(new Float32Array(1), rate, 16_000)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
  expect(() => resample(new Float32Array(1), 16_000, rate)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

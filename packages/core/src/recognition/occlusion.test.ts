import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { syntheticVoice } from '../../test/synthetic-voice.ts';
import { bandRemover, equalStretches, melBands, stretchRemover } from './occlusion.ts';

const RATE = 16_000;
const VOICE = syntheticVoice('sa i  sosu ea').map((sample) => sample + 0.1);
/** Where it rests: half its samples lie above. */
const REST = VOICE.toSorted()[VOICE.length / 2];

const tone = (hz: number): Float32Array =>
  Float32Array.from({ length: RATE }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / RATE));

const rms = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, sample, i) => Math.max(most, Math.abs(sample - b[i])), 0);
}

/** What is taken away piece by piece, together. */
function sumOfTaken(samples: Float32Array, rests: readonly Float32Array[]): Float32Array {
  return samples.map((sample, i) => rests.reduce((sum, rest) => sum + sample - rest[i], 0));
}

describe('a stretch without sound', () => {
  test('is at rest; beyond its fades nothing changes', () => {
    const span = { start: 8000, end: 12_000 };
    const rest = stretchRemover(VOICE, { sampleRate: RATE })(span);
    const fade = 0.01 * RATE;
    expect(rest.subarray(span.start + fade, span.end - fade).every((x) => Math.abs(x - REST) < 1e-6)).toBe(
      true,
    );
    expect(rest.slice(0, span.start - fade)).toEqual(VOICE.slice(0, span.start - fade));
    expect(rest.slice(span.end + fade)).toEqual(VOICE.slice(span.end + fade));
  });

  test('has no edge that clicks', () => {
    const loud = tone(100);
    const steepest = (samples: Float32Array): number =>
      largestDifference(samples.subarray(1), samples.subarray(0, -1));
    // At a crest, where a cut would be a leap of 0.5.
    const rest = stretchRemover(loud, { sampleRate: RATE })({ start: 4040, end: 8040 });
    expect(steepest(rest)).toBeLessThan(1.5 * steepest(loud));
  });

  test('takes what its neighbours leave, however many there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), (count) => {
        const rests = equalStretches(VOICE.length, count).map((span) =>
          stretchRemover(VOICE, { sampleRate: RATE })(span),
        );
        const voice = VOICE.map((sample) => sample - REST);
        expect(largestDifference(sumOfTaken(VOICE, rests), voice)).toBeLessThan(1e-5);
      }),
      { numRuns: 10 },
    );
  });
});

describe('a band', () => {
  const bands = melBands(RATE / 2, 12);
  const without = (samples: Float32Array) => bands.map(bandRemover(samples, { sampleRate: RATE }));

  test('follows the one below it, up to the highest frequency', () => {
    expect(bands[0].lowHz).toBe(0);
    expect(bands.map(({ highHz }) => highHz)).toEqual([...bands.slice(1).map(({ lowHz }) => lowHz), 8000]);
    expect(bands.every(({ lowHz, highHz }) => highHz - lowHz > 200)).toBe(true);
    expect(melBands(RATE / 2, 0)).toEqual([]);
  });

  test('takes what the others leave', () => {
    expect(largestDifference(sumOfTaken(VOICE, without(VOICE)), VOICE)).toBeLessThan(1e-5);
  });

  test.each([400, 1150, 3000, 7000])('takes a tone of %d Hz with it, and no other band does', (hz) => {
    const loud = tone(hz);
    const left = without(loud).map((rest) => rms(rest) / rms(loud));
    const expected = bands.map(({ lowHz, highHz }) => (lowHz <= hz && hz < highHz ? 0 : 1));
    for (const [index, level] of left.entries()) {
      expect(Math.abs(level - expected[index])).toBeLessThan(0.05);
    }
  });
});

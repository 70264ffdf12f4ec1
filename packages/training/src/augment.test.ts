import { istft, stft, type ComplexMatrix } from '@mars/core';
import { describe, expect, it } from 'vitest';
import { greatestDifference, readNpy } from '../../core/src/features/fixtures/npy.node.ts';
import { addNoise, changeSpeed, phaseVocoder, pitchShift, timeStretch } from './augment.ts';
import { createRandom } from '@mars/autograd/random';

const FIXTURES = `${import.meta.dirname}/fixtures`;
const GOLDEN = [
  ['chirp', 0.8],
  ['chirp', 1.25],
  ['noise', 1.25],
] as const;

const sine = (hz: number, length = 22050): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / 22050));

const power = (samples: Float32Array): number =>
  samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;

/** Root mean square of the difference, relative to that of `expected`. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  return Math.sqrt(power(actual.map((sample, i) => sample - expected[i])) / power(expected));
}

/** The frequency of the loudest bin of a long spectrum, in Hz at 22,050 Hz. */
function loudestHz(samples: Float32Array): number {
  const { re, im } = stft(samples.subarray(2048, 2048 + 16384), { nFft: 16384, center: false });
  const magnitudes = re.map((x, bin) => Math.hypot(x, im[bin]));
  return (magnitudes.indexOf(Math.max(...magnitudes)) * 22050) / 16384;
}

/** librosa.phase_vocoder line by line, with angles; `round` is what the running phase is stored in. */
function phaseVocoderByAngles(
  spectra: ComplexMatrix,
  rate: number,
  round: (x: number) => number,
): ComplexMatrix {
  const [bins, frames] = spectra.shape;
  const columns = Math.ceil(frames / rate);
  const re = new Float32Array(bins * columns);
  const im = new Float32Array(bins * columns);
  for (let bin = 0; bin < bins; bin++) {
    const at = (part: Float32Array, frame: number) => (frame < frames ? part[bin * frames + frame] : 0);
    const magnitude = (frame: number) => Math.hypot(at(spectra.re, frame), at(spectra.im, frame));
    const angle = (frame: number) => round(Math.atan2(at(spectra.im, frame), at(spectra.re, frame)));
    const expectedAdvance = (512 * Math.PI * bin) / (bins - 1);
    let phase = angle(0);
    for (let column = 0; column < columns; column++) {
      const left = Math.floor(column * rate);
      const share = (column * rate) % 1;
      const mixed = (1 - share) * magnitude(left) + share * magnitude(left + 1);
      re[bin * columns + column] = mixed * Math.cos(phase);
      im[bin * columns + column] = mixed * Math.sin(phase);
      const surplus = round(angle(left + 1) - angle(left)) - expectedAdvance;
      phase = round(phase + expectedAdvance + surplus - 2 * Math.PI * Math.round(surplus / (2 * Math.PI)));
    }
  }
  return { re, im, shape: [bins, columns] };
}

describe('timeStretch', () => {
  // librosa sums the phase in float32, to 1e5 radians by the end of these signals: steps of 0.008 radians. Hence
  // the two tests: with the same rounding we get its numbers, and without the exact ones.
  it.each(GOLDEN)("is librosa's within 0.1 %% once the phase is rounded as there: %s at %d", (name, rate) => {
    const golden = readNpy(`${name}.time_stretch_${rate}`, FIXTURES).data;
    const spectra = phaseVocoderByAngles(stft(readNpy(`${name}.signal`).data), rate, Math.fround);
    expect(relativeError(istft(spectra, { length: golden.length }), golden)).toBeLessThan(1e-3);
  });

  it.each(GOLDEN)("is librosa's within 1 %% as it stands: %s at %d", (name, rate) => {
    const golden = readNpy(`${name}.time_stretch_${rate}`, FIXTURES).data;
    expect(relativeError(timeStretch(readNpy(`${name}.signal`).data, rate), golden)).toBeLessThan(0.01);
  });

  it.each([0.5, 0.8, 1, 1.07, 1.25, 3])(
    'at %d has the phases that angles in float64 give, within 1e-6',
    (rate) => {
      const spectra = stft(readNpy('noise.signal').data.subarray(0, 8000));
      const actual = phaseVocoder(spectra, rate);
      const expected = phaseVocoderByAngles(spectra, rate, (x) => x);
      expect(actual.shape).toEqual(expected.shape);
      expect(relativeError(actual.re, expected.re)).toBeLessThan(1e-6);
      expect(relativeError(actual.im, expected.im)).toBeLessThan(1e-6);
    },
  );

  it('at rate 1 changes nothing', () => {
    const samples = readNpy('chirp.signal').data;
    expect(greatestDifference(timeStretch(samples, 1), samples)).toBeLessThan(1e-5);
  });

  it('keeps the pitch', () => {
    expect(Math.abs(loudestHz(timeStretch(sine(1000, 33075), 1.3)) - 1000)).toBeLessThan(2);
  });

  it.each([
    [1000, 0.8, 1250],
    [1000, 3, 333],
    [5, 2, 2], // Python rounds 2.5 to 2
    [7, 2, 4], // and 3.5 to 4
    [1, 1.25, 1],
  ])('makes of %i samples at rate %d %i', (length, rate, expected) => {
    expect(timeStretch(new Float32Array(length).fill(0.1), rate)).toHaveLength(expected);
  });

  it.each([0, -1, NaN, Infinity])('refuses the rate %d', (rate) => {
    expect(() => timeStretch(new Float32Array(9), rate)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('pitchShift', () => {
  it.each([12, 2, -2, 0.5, -7.3])('moves a tone by %d semitones, and keeps length and loudness', (nSteps) => {
    const samples = sine(1000, 30_000);
    const shifted = pitchShift(samples, { nSteps });
    expect(shifted).toHaveLength(samples.length);
    expect(Math.abs(loudestHz(shifted) - 1000 * 2 ** (nSteps / 12))).toBeLessThan(2);
    const middle = [5000, 25_000] as const;
    // A phase vocoder keeps no relation between the phases of neighbouring bins: up to a dB is lost.
    const gain = power(shifted.subarray(...middle)) / power(samples.subarray(...middle));
    expect(Math.abs(10 * Math.log10(gain))).toBeLessThan(1.5);
  });

  it('by nothing changes nothing', () => {
    const samples = readNpy('chirp.signal').data;
    expect(greatestDifference(pitchShift(samples, { nSteps: 0 }), samples)).toBeLessThan(1e-5);
  });

  it.each([NaN, Infinity, 61])('refuses %d semitones', (nSteps) => {
    expect(() => pitchShift(new Float32Array(9), { nSteps })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('addNoise', () => {
  it.each([40, 20, 0, -10])('at %d dB adds white noise of that level, within 0.1 dB', (snrDb) => {
    const samples = sine(440, 100_000);
    const noise = addNoise(samples, { snrDb, random: createRandom('noise') }).map((x, i) => x - samples[i]);
    expect(Math.abs(10 * Math.log10(power(samples) / power(noise)) - snrDb)).toBeLessThan(0.1);
    const neighbours = noise.subarray(1).map((x, i) => x * noise[i]);
    expect(Math.abs(neighbours.reduce((sum, x) => sum + x, 0) / noise.length / power(noise))).toBeLessThan(
      0.02,
    );
  });

  it('is the same for the same seed, and leaves its input and silence alone', () => {
    const samples = sine(440, 100);
    const before = samples.slice();
    const noisy = (seed: string) => addNoise(samples, { snrDb: 10, random: createRandom(seed) });
    expect(noisy('a')).toEqual(noisy('a'));
    expect(noisy('a')).not.toEqual(noisy('b'));
    expect(samples).toEqual(before);
    expect(addNoise(new Float32Array(9), { snrDb: 10, random: createRandom(1) })).toEqual(
      new Float32Array(9),
    );
  });
});

describe('changeSpeed', () => {
  it.each([0.9, 1.1, 1.25])('at %d moves a tone and the length alike', (rate) => {
    const sampleRate = 16_000;
    const tone = Float32Array.from({ length: sampleRate }, (_, i) =>
      Math.sin((2 * Math.PI * 440 * i) / sampleRate),
    );
    const faster = changeSpeed(tone, rate);
    expect(faster.length).toBeCloseTo(sampleRate / rate, -1);
    const expected = Float32Array.from(faster, (_, i) =>
      Math.sin((2 * Math.PI * 440 * rate * i) / sampleRate),
    );
    // The filter's edges aside.
    expect(greatestDifference(faster.subarray(500, -500), expected.subarray(500, -500))).toBeLessThan(0.01);
  });

  it.each([0, -1, NaN, Infinity])('refuses the rate %d', (rate) => {
    expect(() => changeSpeed(new Float32Array(9), rate)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

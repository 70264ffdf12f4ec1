import { istft, MarsError, resample, stft, type ComplexMatrix } from '@mars/core';
import type { Random } from '@mars/autograd/random';

/**
 * Changes the speed and keeps the pitch: librosa.effects.time_stretch, a phase vocoder on spectra of 2048 samples.
 *
 * @param rate above 1 is faster, below 1 slower
 * @returns round(samples.length / rate) samples
 * @throws MarsError CONFIG_INVALID when the rate is not positive; AUDIO_EMPTY, AUDIO_NOT_FINITE.
 * @example
 * timeStretch(new Float32Array(22050), 1.25).length; // 17640
 */
export function timeStretch(samples: Float32Array, rate: number): Float32Array {
  checkRate('time stretch', rate);
  return istft(phaseVocoder(stft(samples), rate), { length: roundHalfEven(samples.length / rate) });
}

/**
 * Moves the pitch and keeps the speed: librosa.effects.pitch_shift, a time stretch whose result is resampled to the
 * old length. The ratio 2^(nSteps / 12) is taken as a fraction of small numbers, within a fifth of a cent.
 *
 * @param options nSteps in semitones, which need not be whole
 * @returns as many samples as came in
 * @throws MarsError as `timeStretch` and `resample` do.
 * @example
 * pitchShift(samples, { nSteps: -2 }); // two semitones lower
 */
export function pitchShift(samples: Float32Array, { nSteps }: { nSteps: number }): Float32Array {
  if (!(Math.abs(nSteps) <= 60)) {
    throw new MarsError('CONFIG_INVALID', `A pitch shift of ${nSteps} semitones; expected -60 … 60.`);
  }
  const [up, down] = nearestFraction(2 ** (nSteps / 12));
  const stretched = timeStretch(samples, down / up);
  const shifted = new Float32Array(samples.length);
  shifted.set(resampleByRatio(stretched, up, down).subarray(0, samples.length));
  return shifted;
}

/**
 * As a tape that runs faster: tempo and pitch together, by resampling. The speed is taken as a fraction of small
 * numbers, as in `pitchShift`.
 *
 * @param rate above 1 is faster and higher, below 1 slower and lower
 * @returns about samples.length / rate samples
 * @throws MarsError CONFIG_INVALID when the rate is not positive; those of `resample`.
 * @example
 * changeSpeed(new Float32Array(16000), 1.1).length; // 14546
 */
export function changeSpeed(samples: Float32Array, rate: number): Float32Array {
  checkRate('speed', rate);
  const [up, down] = nearestFraction(rate);
  return resampleByRatio(samples, up, down);
}

/**
 * Adds white Gaussian noise at a signal-to-noise ratio, reckoned over the whole clip; silence stays silent.
 *
 * @param options snrDb in dB; random gives the noise
 * @example
 * addNoise(samples, { snrDb: 20, random: createRandom('clip 7') });
 */
export function addNoise(
  samples: Float32Array,
  { snrDb, random }: { snrDb: number; random: Random },
): Float32Array {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) energy += samples[i] ** 2;
  const deviation = Math.sqrt(energy / samples.length / 10 ** (snrDb / 10));
  return samples.map((sample) => sample + deviation * random.normal());
}

/**
 * Spectra as they would be at another speed: librosa.phase_vocoder at a hop of a quarter window or any other, since
 * with equal hops before and after it the expected phase advance cancels out. What is left of the phase from one
 * column to the next is a product of unit phasors, and no angle is ever computed.
 *
 * Source: Flanagan and Golden, Phase vocoder, Bell System Technical Journal, 1966.
 *
 * @param spectra [bins, frames]
 * @returns [bins, ceil(frames / rate)]
 */
export function phaseVocoder(spectra: ComplexMatrix, rate: number): ComplexMatrix {
  const [bins, frames] = spectra.shape;
  const columns = Math.ceil(frames / rate);
  const re = new Float32Array(bins * columns);
  const im = new Float32Array(bins * columns);
  // Two columns of silence follow the last, with the phase 0 that the angle of zero has.
  const magnitude = new Float64Array(frames + 2);
  const unitRe = new Float64Array(frames + 2).fill(1);
  const unitIm = new Float64Array(frames + 2);
  for (let bin = 0; bin < bins; bin++) {
    for (let frame = 0, at = bin * frames; frame < frames; frame++, at++) {
      const x = spectra.re[at];
      const y = spectra.im[at];
      const length = Math.sqrt(x * x + y * y);
      magnitude[frame] = length;
      unitRe[frame] = length > 0 ? x / length : 1;
      unitIm[frame] = length > 0 ? y / length : 0;
    }
    let phaseRe = unitRe[0];
    let phaseIm = unitIm[0];
    for (let column = 0, at = bin * columns; column < columns; column++, at++) {
      const step = column * rate;
      const left = Math.floor(step);
      const right = left + 1;
      const share = step - left;
      const mixed = (1 - share) * magnitude[left] + share * magnitude[right];
      re[at] = mixed * phaseRe;
      im[at] = mixed * phaseIm;
      // phase · right · conj(left)
      const advanceRe = unitRe[right] * unitRe[left] + unitIm[right] * unitIm[left];
      const advanceIm = unitIm[right] * unitRe[left] - unitRe[right] * unitIm[left];
      const turnedRe = phaseRe * advanceRe - phaseIm * advanceIm;
      phaseIm = phaseRe * advanceIm + phaseIm * advanceRe;
      phaseRe = turnedRe;
    }
  }
  return { re, im, shape: [bins, columns] };
}

/** The fraction with the smallest denominator within 1e-4 of `value` (relative; a sixth of a cent). */
function nearestFraction(value: number): [numerator: number, denominator: number] {
  for (let denominator = 1; ; denominator++) {
    const numerator = Math.round(value * denominator);
    if (numerator > 0 && Math.abs(numerator / denominator / value - 1) < 1e-4)
      return [numerator, denominator];
  }
}

function resampleByRatio(samples: Float32Array, from: number, to: number): Float32Array {
  // Only the ratio of the two rates counts, and both must be plausible rates.
  const scale = Math.ceil(16_000 / Math.min(from, to));
  return resample(samples, from * scale, to * scale);
}

function checkRate(what: string, rate: number): void {
  if (!(rate > 0 && rate < Infinity)) {
    throw new MarsError('CONFIG_INVALID', `The rate of a ${what} is ${rate}; a positive number is expected.`);
  }
}

/** Python's round, which librosa takes for the length. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

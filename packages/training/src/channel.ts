import { istft, resample, stft } from '@mars/core';

/** What lies between a mouth and a file: level, room, line. Each takes mono samples and returns as many. */

/** Louder (above 0) or softer by so many dB. */
export function changeGain(samples: Float32Array, gainDb: number): Float32Array {
  const factor = 10 ** (gainDb / 20);
  return samples.map((sample) => sample * factor);
}

/** Delays of the four combs and the two all-passes, in seconds, and the all-passes' gain: Schroeder's own choices. */
const COMBS_SEC = [0.0297, 0.0371, 0.0411, 0.0437];
const ALL_PASSES_SEC = [0.005, 0.0017];
const ALL_PASS_GAIN = 0.7;

/**
 * A room around the voice: Schroeder's reverberator (Natural Sounding Artificial Reverberation, JAES 10, 1962), four
 * feedback combs side by side and two all-passes behind them. The tail after the last sample is cut.
 *
 * @param options reverberationSec: until the echo has fallen by 60 dB; wetness: share of the echo, 0 to 1, the rest
 *   being the voice itself; sampleRate in Hz
 * @example
 * addRoom(samples, { sampleRate: 16_000, reverberationSec: 0.5, wetness: 0.3 });
 */
export function addRoom(
  samples: Float32Array,
  {
    sampleRate,
    reverberationSec,
    wetness,
  }: { sampleRate: number; reverberationSec: number; wetness: number },
): Float32Array {
  const echo = new Float32Array(samples.length);
  for (const delaySec of COMBS_SEC) {
    const delay = Math.round(delaySec * sampleRate);
    // Falls by 60 dB within the reverberation time.
    const feedback = 10 ** ((-3 * delaySec) / reverberationSec);
    const line = new Float32Array(samples.length);
    for (let i = delay; i < samples.length; i++) {
      line[i] = samples[i - delay] + feedback * line[i - delay];
      // The combs add up to about the voice's own power.
      echo[i] += ((1 - feedback) / 2) * line[i];
    }
  }
  const diffuse = ALL_PASSES_SEC.reduce((input, delaySec) => {
    const delay = Math.round(delaySec * sampleRate);
    const output = new Float32Array(input.length);
    for (let i = 0; i < input.length; i++) {
      const before = i >= delay ? input[i - delay] + ALL_PASS_GAIN * output[i - delay] : 0;
      output[i] = before - ALL_PASS_GAIN * input[i];
    }
    return output;
  }, echo);
  return samples.map((sample, i) => (1 - wetness) * sample + wetness * diffuse[i]);
}

/** Middles of the bands of an equaliser: octaves, in Hz. */
export const OCTAVES_HZ = [125, 250, 500, 1000, 2000, 4000, 8000];

const EQUALISER_POINTS = 1024;

/**
 * As another microphone colours it: louder or softer by so many dB in each of `OCTAVES_HZ`, and between two of them by
 * what lies on the line between theirs, over the logarithm of the frequency. Zero phase, by short-time spectra.
 *
 * @param options gainsDb one per octave; sampleRate in Hz
 * @example
 * equalise(samples, { sampleRate: 16_000, gainsDb: [-12, -6, 0, 0, 0, 3, 3] }); // a small loudspeaker
 */
export function equalise(
  samples: Float32Array,
  { sampleRate, gainsDb }: { sampleRate: number; gainsDb: readonly number[] },
): Float32Array {
  const { re, im, shape } = stft(samples, { nFft: EQUALISER_POINTS });
  const [bins, frames] = shape;
  for (let bin = 0; bin < bins; bin += 1) {
    const factor = 10 ** (gainAt((bin * sampleRate) / EQUALISER_POINTS, gainsDb) / 20);
    for (let at = bin * frames; at < (bin + 1) * frames; at += 1) {
      re[at] *= factor;
      im[at] *= factor;
    }
  }
  return istft({ re, im, shape }, { length: samples.length });
}

/** Below the first octave's middle and above the last's, theirs. */
function gainAt(frequencyHz: number, gainsDb: readonly number[]): number {
  const octave = Math.log2(frequencyHz / OCTAVES_HZ[0]);
  if (!(octave > 0)) return gainsDb[0];
  const last = OCTAVES_HZ.length - 1;
  const below = Math.min(Math.floor(octave), last);
  const above = Math.min(below + 1, last);
  return gainsDb[below] + (octave - below) * (gainsDb[above] - gainsDb[below]);
}

const MU = 255;
const TELEPHONE_RATE = 8000;

/**
 * As over a telephone: 8 kHz and 8 bits of mu-law (the curve that ITU-T G.711 draws in segments), then back. The level
 * is brought to full scale for the line and back again, as a telephone's gain control does.
 *
 * @param options sampleRate in Hz
 */
export function telephone(samples: Float32Array, { sampleRate }: { sampleRate: number }): Float32Array {
  let peak = 0;
  for (let i = 0; i < samples.length; i++) peak = Math.max(peak, Math.abs(samples[i]));
  if (peak === 0) return samples.slice();
  const narrow = resample(samples, sampleRate, TELEPHONE_RATE);
  const coded = narrow.map((sample) => peak * expand(Math.round(compress(sample / peak) * 127) / 127));
  const wide = new Float32Array(samples.length);
  wide.set(resample(coded, TELEPHONE_RATE, sampleRate).subarray(0, samples.length));
  return wide;
}

function compress(x: number): number {
  const magnitude = Math.min(Math.abs(x), 1);
  return Math.sign(x) * (Math.log1p(MU * magnitude) / Math.log1p(MU));
}

function expand(y: number): number {
  return Math.sign(y) * (((1 + MU) ** Math.abs(y) - 1) / MU);
}

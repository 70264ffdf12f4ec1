import { MarsError } from '../errors.ts';
import { powerToDb } from './decibel.ts';
import { checkCounts } from './frames.ts';
import type { Matrix } from './matrix.ts';
import { melspectrogram, type MelspectrogramOptions } from './mel.ts';

/** librosa.feature.mfcc's settings, with its defaults. */
export interface MfccOptions extends MelspectrogramOptions {
  /** Number of coefficients (20). */
  readonly nMfcc?: number;
}

/**
 * Mel-frequency cepstral coefficients: librosa.feature.mfcc, the orthonormal DCT-II of the mel spectrogram in dB.
 *
 * @returns [nMfcc, frames]
 * @throws MarsError AUDIO_EMPTY, AUDIO_NOT_FINITE, AUDIO_TOO_SHORT (without `center`), CONFIG_INVALID.
 * @example
 * mfcc(samples, { sr: 22050, nMfcc: 40 }).shape; // [40, 130] for three seconds
 */
export function mfcc(samples: Float32Array, options: MfccOptions = {}): Matrix {
  const { nMfcc = 20, nMels = 128 } = options;
  checkCounts({ nMfcc, nMels });
  if (nMfcc > nMels) {
    throw new MarsError(
      'CONFIG_INVALID',
      `nMfcc is ${nMfcc}; ${nMels} mel bands give at most as many coefficients.`,
    );
  }
  return dct(powerToDb(melspectrogram(samples, options)), nMfcc);
}

/** The first `count` coefficients of the orthonormal DCT-II of every column. */
function dct({ data, shape: [bands, frames] }: Matrix, count: number): Matrix {
  const basis = dctBasis(count, bands);
  const result = new Float32Array(count * frames);
  const column = new Float64Array(bands);
  for (let frame = 0; frame < frames; frame++) {
    for (let band = 0; band < bands; band++) column[band] = data[band * frames + frame];
    for (let k = 0; k < count; k++) {
      let sum = 0;
      for (let band = 0, at = k * bands; band < bands; band++, at++) sum += basis[at] * column[band];
      result[k * frames + frame] = sum;
    }
  }
  return { data: result, shape: [count, frames] };
}

const bases = new Map<string, Float64Array>();

function dctBasis(count: number, bands: number): Float64Array {
  const key = `${count}/${bands}`;
  let basis = bases.get(key);
  if (basis === undefined) {
    basis = new Float64Array(count * bands);
    for (let k = 0; k < count; k++) {
      const scale = Math.sqrt((k === 0 ? 1 : 2) / bands);
      for (let n = 0; n < bands; n++) {
        basis[k * bands + n] = scale * Math.cos((Math.PI * k * (2 * n + 1)) / (2 * bands));
      }
    }
    bases.set(key, basis);
  }
  return basis;
}

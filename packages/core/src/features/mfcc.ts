import { MarsError } from '../errors.ts';
import { powerToDb } from './decibel.ts';
import { dct } from './dct.ts';
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

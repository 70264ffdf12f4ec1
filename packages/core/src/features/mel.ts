import { MarsError } from '../errors.ts';
import { checkCounts } from './frames.ts';
import type { Matrix } from './matrix.ts';
import { countFrames, forEachSpectrum, type StftOptions } from './stft.ts';

/** librosa.filters.mel's settings, with its defaults. */
export interface MelFilterbankOptions {
  /** Sample rate in Hz (22050). */
  readonly sr?: number;
  /** Points of the FFT (2048). */
  readonly nFft?: number;
  /** Number of mel bands (128). */
  readonly nMels?: number;
  /** Lowest frequency in Hz (0). */
  readonly fmin?: number;
  /** Highest frequency in Hz (sr / 2). */
  readonly fmax?: number;
  /** HTK's mel scale instead of Slaney's (false). */
  readonly htk?: boolean;
  /** 'slaney': every triangle has the same area; null: the same height, 1. */
  readonly norm?: 'slaney' | null;
}

/** librosa.feature.melspectrogram's settings, with its defaults. */
export interface MelspectrogramOptions extends StftOptions, MelFilterbankOptions {
  /** Exponent of the magnitude: 1 amplitude, 2 power (2). */
  readonly power?: number;
}

/** A triangle as the weights of the consecutive bins it covers; the others are zero. */
interface MelFilter {
  readonly firstBin: number;
  readonly weights: Float64Array;
}

/** Frequency in Hz to mel: Slaney's scale (linear below 1 kHz, logarithmic above), or HTK's 2595 log10(1 + f / 700). */
export function hzToMel(hz: number, htk = false): number {
  if (htk) return 2595 * Math.log10(1 + hz / 700);
  return hz < 1000 ? hz / SLANEY_HZ_PER_MEL : 15 + Math.log(hz / 1000) / SLANEY_LOG_STEP;
}

/** Mel to frequency in Hz, the inverse of `hzToMel`. */
export function melToHz(mel: number, htk = false): number {
  if (htk) return 700 * (10 ** (mel / 2595) - 1);
  return mel < 15 ? mel * SLANEY_HZ_PER_MEL : 1000 * Math.exp(SLANEY_LOG_STEP * (mel - 15));
}

// Slaney, Auditory Toolbox (1998): 15 mels below 1 kHz, then 27 steps from 1 to 6.4 kHz.
const SLANEY_HZ_PER_MEL = 200 / 3;
const SLANEY_LOG_STEP = Math.log(6.4) / 27;

/**
 * Triangular filters on the mel scale: librosa.filters.mel.
 *
 * @returns [nMels, 1 + nFft / 2 bins]
 * @throws MarsError CONFIG_INVALID when a count is not a whole number or fmin … fmax is not a range within 0 … sr / 2.
 * @example
 * melFilterbank({ sr: 16000, nFft: 512, nMels: 64 }).shape; // [64, 257]
 */
export function melFilterbank(options: MelFilterbankOptions = {}): Matrix {
  const {
    sr = 22050,
    nFft = 2048,
    nMels = 128,
    fmin = 0,
    fmax = sr / 2,
    htk = false,
    norm = 'slaney',
  } = options;
  checkCounts({ nFft, nMels });
  if (!(sr > 0 && fmin >= 0 && fmin < fmax)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `sr is ${sr}, fmin ${fmin}, fmax ${fmax}; expected a positive rate and 0 ≤ fmin < fmax.`,
    );
  }
  const bins = 1 + Math.floor(nFft / 2);
  const lowest = hzToMel(fmin, htk);
  const step = (hzToMel(fmax, htk) - lowest) / (nMels + 1);
  const edges = Float64Array.from({ length: nMels + 2 }, (_, i) => melToHz(lowest + i * step, htk));
  const data = new Float32Array(nMels * bins);
  for (let band = 0; band < nMels; band++) {
    const [left, peak, right] = edges.subarray(band, band + 3);
    const height = norm === 'slaney' ? 2 / (right - left) : 1;
    for (let bin = 0; bin < bins; bin++) {
      const hz = (bin * sr) / nFft;
      const slope = Math.min((hz - left) / (peak - left), (right - hz) / (right - peak));
      data[band * bins + bin] = Math.fround(Math.max(0, slope)) * height;
    }
  }
  return { data, shape: [nMels, bins] };
}

/**
 * The mel spectrogram: librosa.feature.melspectrogram. Frames are worked through one by one, so that beyond the
 * result no memory grows with the recording.
 *
 * @returns [nMels, frames]
 * @throws MarsError AUDIO_EMPTY, AUDIO_NOT_FINITE, AUDIO_TOO_SHORT (without `center`), CONFIG_INVALID.
 * @example
 * melspectrogram(new Float32Array(22050)).shape; // [128, 44]
 */
export function melspectrogram(samples: Float32Array, options: MelspectrogramOptions = {}): Matrix {
  const { power = 2 } = options;
  const filters = melFilters(options);
  const frames = countFrames(samples, options);
  const data = new Float32Array(filters.length * frames);
  const spectrum = new Float64Array(1 + (options.nFft ?? 2048) / 2);
  forEachSpectrum(samples, options, (frame, re, im) => {
    for (let bin = 0; bin < spectrum.length; bin++) spectrum[bin] = re[bin] * re[bin] + im[bin] * im[bin];
    if (power !== 2) for (let bin = 0; bin < spectrum.length; bin++) spectrum[bin] **= power / 2;
    for (let band = 0; band < filters.length; band++) {
      const { firstBin, weights } = filters[band];
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * spectrum[firstBin + i];
      data[band * frames + frame] = sum;
    }
  });
  return { data, shape: [filters.length, frames] };
}

const filterCache = new Map<string, readonly MelFilter[]>();

function melFilters(options: MelFilterbankOptions): readonly MelFilter[] {
  const { sr, nFft, nMels, fmin, fmax, htk, norm } = options;
  const key = JSON.stringify([sr, nFft, nMels, fmin, fmax, htk, norm]);
  let filters = filterCache.get(key);
  if (filters === undefined) {
    filters = sparseRows(melFilterbank(options));
    filterCache.set(key, filters);
  }
  return filters;
}

function sparseRows({ data, shape: [rows, columns] }: Matrix): MelFilter[] {
  return Array.from({ length: rows }, (_, row) => {
    const weights = data.subarray(row * columns, (row + 1) * columns);
    const first = weights.findIndex((weight) => weight > 0);
    const last = weights.findLastIndex((weight) => weight > 0);
    return {
      firstBin: Math.max(0, first),
      weights: Float64Array.from(weights.subarray(Math.max(0, first), last + 1)),
    };
  });
}

import { MarsError } from '../errors.ts';
import { realFft } from './fft.ts';
import { checkCounts } from './frames.ts';
import type { Matrix } from './matrix.ts';
import { countFrames, forEachFrame, stftSettings, type StftOptions } from './stft.ts';

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
  /** Samples from frame to frame (512). */
  readonly hopLength?: number;
  /** Exponent of the magnitude: 1 amplitude, 2 power (2). */
  readonly power?: number;
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
  const { power = 2, hopLength = 512 } = options;
  const settings = stftSettings({ ...options, hopLength });
  const frames = countFrames(samples, settings);
  const fft = realFft(settings.nFft);
  const filters = melFilters(options);
  const bands = filters.firstBins.length;
  const data = new Float32Array(bands * frames);
  const spectrum = new Float64Array(1 + fft.size / 2);
  forEachFrame(samples, settings, (windowed, frame) => {
    fft.powerSpectrum(windowed, spectrum);
    if (power !== 2) for (let bin = 0; bin < spectrum.length; bin++) spectrum[bin] **= power / 2;
    applyFilters(filters, spectrum, data, frame, frames);
  });
  return { data, shape: [bands, frames] };
}

/** Writes every band's energy into `column` of a matrix of so many `columns`. */
function applyFilters(
  { firstBins, firstWeights, weights }: MelFilters,
  spectrum: Float64Array,
  data: Float32Array,
  column: number,
  columns: number,
): void {
  for (let band = 0, at = column; band < firstBins.length; band++, at += columns) {
    const end = firstWeights[band + 1];
    let sum = 0;
    for (let i = firstWeights[band], bin = firstBins[band]; i < end; i = (i + 1) | 0, bin = (bin + 1) | 0) {
      sum += weights[i] * spectrum[bin];
    }
    data[at] = sum;
  }
}

/** The rows of a filterbank without their zeros: row r weighs the bins from firstBins[r] on. */
interface MelFilters {
  readonly firstBins: Int32Array;
  /** Where the row's weights begin; the next entry is where they end. */
  readonly firstWeights: Int32Array;
  readonly weights: Float64Array;
}

const filterCache = new Map<string, MelFilters>();

function melFilters(options: MelFilterbankOptions): MelFilters {
  const { sr, nFft, nMels, fmin, fmax, htk, norm } = options;
  const key = JSON.stringify([sr, nFft, nMels, fmin, fmax, htk, norm]);
  let filters = filterCache.get(key);
  if (filters === undefined) {
    filters = withoutZeros(melFilterbank(options));
    filterCache.set(key, filters);
  }
  return filters;
}

function withoutZeros({ data, shape: [rows, columns] }: Matrix): MelFilters {
  const firstBins = new Int32Array(rows);
  const firstWeights = new Int32Array(rows + 1);
  const weights: number[] = [];
  for (let row = 0; row < rows; row++) {
    const filter = data.subarray(row * columns, (row + 1) * columns);
    firstBins[row] = Math.max(
      0,
      filter.findIndex((weight) => weight > 0),
    );
    weights.push(...filter.subarray(firstBins[row], filter.findLastIndex((weight) => weight > 0) + 1));
    firstWeights[row + 1] = weights.length;
  }
  return { firstBins, firstWeights, weights: Float64Array.from(weights) };
}

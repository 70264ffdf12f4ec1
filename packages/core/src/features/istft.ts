import { realFft } from './fft.ts';
import type { ComplexMatrix } from './matrix.ts';
import { stftSettings, type StftOptions } from './stft.ts';
import { centredWindow } from './window.ts';

/** librosa.istft's settings, with its defaults; nFft is known from the number of bins. */
export interface IstftOptions extends Pick<StftOptions, 'winLength' | 'hopLength' | 'center'> {
  /** Samples of the result, cut or filled with zeros (as many as the frames hold). */
  readonly length?: number;
}

/** Below it a sum of squared windows counts as zero: numpy's tiny of float32, as in librosa. */
const TINY = 2 ** -126;

/**
 * The signal whose short-time spectra come nearest to the given ones: librosa.istft, the windowed overlap-add of
 * Griffin and Lim, Signal estimation from modified short-time Fourier transform, 1984.
 *
 * @param spectra [1 + nFft / 2 bins, frames]
 * @throws MarsError CONFIG_INVALID as `stft` does.
 * @example
 * istft(stft(samples), { length: samples.length }); // the samples again
 */
export function istft(spectra: ComplexMatrix, options: IstftOptions = {}): Float32Array {
  const [bins, columns] = spectra.shape;
  const { nFft, winLength, hopLength, center } = stftSettings({ ...options, nFft: 2 * (bins - 1) });
  const margin = center ? nFft / 2 : 0;
  const { length = nFft + hopLength * (columns - 1) - 2 * margin } = options;
  const frames = Math.min(columns, Math.ceil((length + 2 * margin) / hopLength));

  const fft = realFft(nFft);
  const window = centredWindow(nFft, winLength);
  const re = new Float64Array(bins);
  const im = new Float64Array(bins);
  const frameSamples = new Float64Array(nFft);
  const sum = new Float64Array(length);
  const weight = new Float64Array(length);
  for (let frame = 0; frame < frames; frame++) {
    for (let bin = 0, at = frame; bin < bins; bin++, at += columns) {
      re[bin] = spectra.re[at];
      im[bin] = spectra.im[at];
    }
    fft.inverse(re, im, frameSamples);
    const start = frame * hopLength - margin;
    const end = Math.min(nFft, length - start);
    for (let i = Math.max(0, -start); i < end; i++) {
      const at = (start + i) | 0;
      const w = window[i];
      sum[at] += w * frameSamples[i];
      weight[at] += w * w;
    }
  }

  const samples = new Float32Array(length);
  for (let i = 0; i < length; i++) samples[i] = weight[i] > TINY ? sum[i] / weight[i] : sum[i];
  return samples;
}

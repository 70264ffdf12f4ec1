import { realFft } from './fft.ts';
import { checkCounts, checkSamples, frameCount, paddedSample, type PadMode } from './frames.ts';
import type { ComplexMatrix } from './matrix.ts';
import { centredWindow } from './window.ts';

/** librosa's short-time Fourier transform settings, with its defaults. */
export interface StftOptions {
  /** Points of the FFT, a power of two (2048). */
  readonly nFft?: number;
  /** Samples from frame to frame (512; librosa's `stft` alone says ⌊winLength / 4⌋, the same by default). */
  readonly hopLength?: number;
  /** Samples of the Hann window, in the middle of the frame (nFft). */
  readonly winLength?: number;
  /** Whether frame f is centred on sample f · hopLength (true) or begins there. */
  readonly center?: boolean;
  /** What stands before the first and after the last sample when centred ('constant': zeros). */
  readonly padMode?: PadMode;
}

/**
 * The short-time Fourier transform: librosa.stft with a periodic Hann window.
 *
 * @returns [1 + nFft / 2 bins, frames]
 * @throws MarsError AUDIO_EMPTY, AUDIO_NOT_FINITE, AUDIO_TOO_SHORT (without `center`), CONFIG_INVALID.
 * @example
 * stft(new Float32Array(22050)).shape; // [1025, 44]
 */
export function stft(samples: Float32Array, options: StftOptions = {}): ComplexMatrix {
  const bins = 1 + (options.nFft ?? 2048) / 2;
  const frames = countFrames(samples, options);
  const re = new Float32Array(bins * frames);
  const im = new Float32Array(bins * frames);
  forEachSpectrum(samples, options, (frame, frameRe, frameIm) => {
    for (let bin = 0, at = frame; bin < bins; bin++, at += frames) {
      re[at] = frameRe[bin];
      im[at] = frameIm[bin];
    }
  });
  return { re, im, shape: [bins, frames] };
}

/** The number of frames that `stft` gives, after checking what it would check. */
export function countFrames(samples: Float32Array, options: StftOptions = {}): number {
  const { nFft = 2048, hopLength = 512, winLength = nFft, center = true } = options;
  checkCounts({ nFft, hopLength, winLength });
  checkSamples(samples);
  return frameCount(samples.length, nFft, hopLength, center);
}

/**
 * Visits the spectra of all frames in turn, so that no more than one is in memory. `re` and `im` hold bins
 * 0 … nFft / 2 and are overwritten from frame to frame.
 */
export function forEachSpectrum(
  samples: Float32Array,
  options: StftOptions,
  visit: (frame: number, re: Float64Array, im: Float64Array) => void,
): void {
  const { nFft = 2048, hopLength = 512, winLength = nFft, center = true, padMode = 'constant' } = options;
  const frames = countFrames(samples, options);
  const fft = realFft(nFft);
  const window = centredWindow(nFft, winLength);
  const windowed = new Float64Array(nFft);
  const re = new Float64Array(1 + nFft / 2);
  const im = new Float64Array(1 + nFft / 2);
  const first = center ? -nFft / 2 : 0;
  for (let frame = 0; frame < frames; frame++) {
    const start = first + frame * hopLength;
    if (start >= 0 && start + nFft <= samples.length) {
      for (let i = 0; i < nFft; i++) windowed[i] = window[i] * samples[start + i];
    } else {
      for (let i = 0; i < nFft; i++) windowed[i] = window[i] * paddedSample(samples, start + i, padMode);
    }
    fft.forward(windowed, re, im);
    visit(frame, re, im);
  }
}

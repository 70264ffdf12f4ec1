import { realFft } from './fft.ts';
import { checkCounts, checkSamples, frameCount, paddedSample, type PadMode } from './frames.ts';
import type { ComplexMatrix } from './matrix.ts';
import { centredWindow } from './window.ts';

/** The settings of librosa's short-time Fourier transform, with its defaults. */
export interface StftOptions {
  /** Points of the FFT, a power of two, 8 or more (2048). */
  readonly nFft?: number;
  /** Samples of the periodic Hann window, in the middle of the frame (nFft). */
  readonly winLength?: number;
  /** Samples from frame to frame (⌊winLength / 4⌋; features say 512, the same by default). */
  readonly hopLength?: number;
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
  const settings = stftSettings(options);
  const frames = countFrames(samples, settings);
  const fft = realFft(settings.nFft);
  const bins = 1 + settings.nFft / 2;
  const re = new Float32Array(bins * frames);
  const im = new Float32Array(bins * frames);
  const frameRe = new Float64Array(bins);
  const frameIm = new Float64Array(bins);
  forEachFrame(samples, settings, (windowed, frame) => {
    fft.forward(windowed, frameRe, frameIm);
    for (let bin = 0, at = frame; bin < bins; bin++, at += frames) {
      re[at] = frameRe[bin];
      im[at] = frameIm[bin];
    }
  });
  return { re, im, shape: [bins, frames] };
}

/**
 * @throws MarsError CONFIG_INVALID for an nFft that is no power of two or less than 8, a winLength greater than it,
 *   or a length that is not a whole number, 1 or more.
 */
export function stftSettings(options: StftOptions): Required<StftOptions> {
  const { nFft = 2048, winLength = nFft, center = true, padMode = 'constant' } = options;
  const { hopLength = Math.floor(winLength / 4) } = options;
  checkCounts({ winLength, hopLength });
  realFft(nFft);
  centredWindow(nFft, winLength);
  return { nFft, winLength, hopLength, center, padMode };
}

/** How many frames `forEachFrame` will visit, after checking the samples. */
export function countFrames(samples: Float32Array, settings: Required<StftOptions>): number {
  checkSamples(samples);
  return frameCount(samples.length, settings.nFft, settings.hopLength, settings.center);
}

/** Visits the windowed frames in turn; the one array of nFft samples is overwritten from frame to frame. */
export function forEachFrame(
  samples: Float32Array,
  settings: Required<StftOptions>,
  visit: (windowed: Float64Array, frame: number) => void,
): void {
  const { nFft, winLength, hopLength, center, padMode } = settings;
  const window = centredWindow(nFft, winLength);
  const windowed = new Float64Array(nFft);
  const frames = frameCount(samples.length, nFft, hopLength, center);
  for (let frame = 0; frame < frames; frame++) {
    const start = frame * hopLength - (center ? nFft / 2 : 0);
    if (start >= 0 && start + nFft <= samples.length) {
      for (let i = 0; i < nFft; i++) windowed[i] = window[i] * samples[start + i];
    } else {
      for (let i = 0; i < nFft; i++) windowed[i] = window[i] * paddedSample(samples, start + i, padMode);
    }
    visit(windowed, frame);
  }
}

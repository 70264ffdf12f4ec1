import { istft } from '../features/istft.ts';
import { hzToMel, melToHz } from '../features/mel.ts';
import { stft } from '../features/stft.ts';
import type { Span } from './windows.ts';

/** Frequencies from `lowHz` up to, not including, `highHz`. */
export interface Band {
  readonly lowHz: number;
  readonly highHz: number;
}

/** How a stretch fades out and in again, so that its silence adds no click. */
const FADE_SEC = 0.02;

/** About 60 ms: bins of 16 Hz, which are narrow beside the lowest of a dozen bands. */
const N_FFT = 1024;

/** Cuts so many samples into stretches of equal length (to a sample). */
export function equalStretches(samples: number, count: number): Span[] {
  const edge = (index: number): number => Math.round((index * samples) / count);
  return Array.from({ length: count }, (_, index) => ({ start: edge(index), end: edge(index + 1) }));
}

/** Cuts the frequencies from 0 to `highestHz` into bands that are equally wide on Slaney's mel scale. */
export function melBands(highestHz: number, count: number): Band[] {
  const edge = (index: number): number =>
    index === count ? highestHz : melToHz((index * hzToMel(highestHz)) / count);
  return Array.from({ length: count }, (_, index) => ({ lowHz: edge(index), highHz: edge(index + 1) }));
}

/**
 * Makes stretches of the samples silent, one at a time. Silence is where the samples rest, which is not at 0 with every
 * converter. The fades lie half outside the stretch, so that what is taken with each of {@link equalStretches} adds up to
 * all sound; at the ends of the samples there are none.
 *
 * @example
 * const without = stretchRemover(samples, { sampleRate: 16_000 });
 * without({ start: 0, end: 3200 }); // the samples, silent for 0.2 s
 */
export function stretchRemover(
  samples: Float32Array,
  { sampleRate }: { sampleRate: number },
): (stretch: Span) => Float32Array {
  const { length } = samples;
  const fade = Math.round(FADE_SEC * sampleRate);
  const rest = samples.toSorted()[length >> 1];
  return ({ start, end }) => {
    const copy = samples.slice();
    for (let i = Math.max(0, start - fade); i < Math.min(length, end + fade); i++) {
      const before = start === 0 ? 0 : 1 - rise((i + 0.5 - start) / fade);
      const after = end === length ? 0 : rise((i + 0.5 - end) / fade);
      copy[i] = rest + (before + after) * (samples[i] - rest);
    }
    return copy;
  };
}

/** Half a cosine from 0 to 1 while `x` goes from -½ to ½. */
function rise(x: number): number {
  return 0.5 + 0.5 * Math.sin(Math.PI * Math.min(0.5, Math.max(-0.5, x)));
}

/**
 * Takes bands out of the samples, one at a time; what is taken with all of {@link melBands} adds up to the samples.
 *
 * @example
 * const without = bandRemover(samples, { sampleRate: 16_000 });
 * without({ lowHz: 0, highHz: 250 }); // the samples above 250 Hz
 */
export function bandRemover(
  samples: Float32Array,
  { sampleRate }: { sampleRate: number },
): (band: Band) => Float32Array {
  const { re, im, shape } = stft(samples, { nFft: N_FFT });
  const [bins, frames] = shape;
  const firstBin = (hz: number): number => Math.ceil((hz * N_FFT) / sampleRate);
  return ({ lowHz, highHz }) => {
    const start = firstBin(lowHz) * frames;
    // The highest band has the bin of the Nyquist frequency as well.
    const end = (highHz < sampleRate / 2 ? firstBin(highHz) : bins) * frames;
    const rest = { re: re.slice().fill(0, start, end), im: im.slice().fill(0, start, end), shape };
    return istft(rest, { length: samples.length });
  };
}

import { constant, operations, scalar, type Tensor } from '@mars/autograd';
import { melFilterbank } from '@mars/core';
import { along, cosine, int64, matMul, upTo } from './kernels.ts';
import { powerSpectrum, type FrameSettings, type PowerSpectrum } from './spectrum.ts';

/** librosa's names; all else is as its defaults say. */
export interface LogMelSettings extends FrameSettings {
  /** Hz. */
  readonly sampleRate: number;
  readonly nMels: number;
}

export interface MfccSettings extends LogMelSettings {
  readonly nMfcc: number;
}

const { add, expand, log, mul, operator, sub } = operations;

/**
 * The MFCCs of waveforms inside the graph: `mfcc` of @mars/core, and so librosa's. Every recording of a batch has its
 * own loudest value, from which the 80 dB count.
 *
 * @param waveform (batch, samples), mono at `sampleRate`
 * @returns (batch, frames, nMfcc), with 1 + ⌊samples / hopLength⌋ frames
 *
 * Errors: `CONFIG_INVALID` for a framing that `powerSpectrum` does not take.
 *
 * @example
 * const mfcc = mfccFrontEnd(input('waveform', ['batch', 'samples']), SEED_FEATURES);
 */
export function mfccFrontEnd(waveform: Tensor, { nMfcc, ...settings }: MfccSettings): Tensor {
  return matMul(logMelFrontEnd(waveform, settings), cosineTransform(settings.nMels, nMfcc));
}

/** The mel spectrogram in decibels inside the graph, `power_to_db(melspectrogram(y))`: (batch, samples) → (batch, frames, nMels). */
export function logMelFrontEnd(waveform: Tensor, settings: LogMelSettings): Tensor {
  const spectrum = powerSpectrum(waveform, settings);
  return powerToDb(matMul(spectrum.power, melFilters(spectrum, settings)));
}

/** librosa.power_to_db with its defaults: ref 1, amin 1e-10, top_db 80. */
function powerToDb(power: Tensor): Tensor {
  const audible = maximum(power, scalar(1e-10));
  const decibels = mul(log(audible), scalar(10 / Math.LN10));
  const [peak] = operator('ReduceMax', [decibels], [['batch', 1, 1]], { axes: [1, 2], keepdims: 1 });
  return maximum(decibels, sub(peak, scalar(80)));
}

/** Slaney's filters (columns of the spectrum, nMels). Nearly all of it are zeros, which the file does not hold. */
function melFilters({ bins }: PowerSpectrum, { sampleRate, nFft, nMels }: LogMelSettings): Tensor {
  const filters = melFilterbank({ sr: sampleRate, nFft, nMels });
  const [, binCount] = filters.shape;
  const places: number[] = [];
  const weights: number[] = [];
  for (const [column, bin] of bins.entries()) {
    if (bin === undefined) continue;
    for (let band = 0; band < nMels; band += 1) {
      const weight = filters.data[band * binCount + bin];
      if (weight === 0) continue;
      places.push(column, band);
      weights.push(weight);
    }
  }
  const zeros = expand(scalar(0), [bins.length, nMels]);
  const at = int64(places, [weights.length, 2]);
  const values = constant(Float32Array.from(weights), [weights.length]);
  return operator('ScatterND', [zeros, at, values], [zeros.shape])[0];
}

/** The orthonormal DCT-II as a matrix (nMels, nMfcc): scale[k] · cos(π (2n + 1) k / 2N). */
function cosineTransform(nMels: number, nMfcc: number): Tensor {
  const odd = add(along(0, upTo(nMels, 2)), along(1, [1]));
  const basis = cosine(mul(odd, along(1, upTo(nMfcc))), 4 * nMels);
  const scale = Float32Array.from({ length: nMfcc }, (_, k) => Math.sqrt((k === 0 ? 1 : 2) / nMels));
  return mul(basis, constant(scale, [1, nMfcc]));
}

/** The larger of two, broadcast. */
function maximum(x: Tensor, y: Tensor): Tensor {
  return operator('Max', [x, y], [x.shape])[0];
}

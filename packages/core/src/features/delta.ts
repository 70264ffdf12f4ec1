import { MarsError } from '../errors.ts';
import { checkCounts } from './frames.ts';
import type { Matrix } from './matrix.ts';

/** librosa.feature.delta's settings, with its defaults. */
export interface DeltaOptions {
  /** Frames over which the slope is taken, odd, 3 or more (9). */
  readonly width?: number;
  /** Order of the derivative, below the width (1). */
  readonly order?: number;
  /** At the ends: 'interp' goes on with the polynomial of the outermost whole window, 'nearest' repeats the end frame. */
  readonly mode?: 'interp' | 'nearest';
}

/**
 * Local estimate of the derivative along the frames: librosa.feature.delta, the Savitzky-Golay filter whose polynomial
 * has the degree of the derivative.
 *
 * @param features [coefficients, frames]
 * @returns a matrix of the same shape, per frame
 * @throws MarsError CONFIG_INVALID for a width that is even, below 3, or (with 'interp') above the number of frames,
 *   and for an order that is not below the width.
 * @example
 * delta({ data: Float32Array.of(0, 2, 4, 6), shape: [1, 4] }, { width: 3 }).data; // 2 2 2 2
 */
export function delta(features: Matrix, options: DeltaOptions = {}): Matrix {
  const { width = 9, order = 1, mode = 'interp' } = options;
  const [rows, frames] = features.shape;
  checkCounts({ width, order });
  if (width < 3 || width % 2 === 0 || order >= width) {
    throw new MarsError(
      'CONFIG_INVALID',
      `width is ${width}, order ${order}; expected an odd width, 3 or more, and an order below it.`,
    );
  }
  if (mode === 'interp' && width > frames) {
    throw new MarsError(
      'CONFIG_INVALID',
      `width is ${width} with ${frames} frames. Use a longer recording, a smaller width, or mode: 'nearest'.`,
    );
  }
  const half = (width - 1) / 2;
  const weights = derivativeWeights(half, order);
  const data = new Float32Array(rows * frames);
  for (let row = 0; row < rows; row++) {
    const x = features.data.subarray(row * frames, (row + 1) * frames);
    for (let frame = 0; frame < frames; frame++) {
      // A polynomial's highest derivative is the same everywhere: at the ends that of the outermost whole window.
      const centre = mode === 'interp' ? clamp(frame, half, frames - 1 - half) : frame;
      let sum = 0;
      for (let t = -half; t <= half; t++) sum += weights[half + t] * x[clamp(centre + t, 0, frames - 1)];
      data[row * frames + frame] = sum;
    }
  }
  return { data, shape: features.shape };
}

/**
 * What to multiply the values at -half … half with for the derivative of that order of the least-squares polynomial
 * of that degree: order! · p(t) / Σ p², where p is the monic Gram polynomial (orthogonal on these points).
 */
function derivativeWeights(half: number, order: number): Float64Array {
  const points = Float64Array.from({ length: 2 * half + 1 }, (_, i) => i - half);
  let previous = points.map(() => 0);
  let current = points.map(() => 1);
  let previousNorm = 1;
  let factorial = 1;
  for (let degree = 1; degree <= order; degree++) {
    const norm = sumOfSquares(current);
    const share = degree === 1 ? 0 : norm / previousNorm;
    const next = points.map((t, i) => t * current[i] - share * previous[i]);
    [previous, current, previousNorm] = [current, next, norm];
    factorial *= degree;
  }
  const norm = sumOfSquares(current);
  return current.map((value) => (factorial * value) / norm);
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

import { MarsError } from '../errors.ts';

/**
 * The discrete Fourier transform of `size` real numbers, and its inverse, in float64.
 *
 * `size` real numbers are taken as `size / 2` complex ones (even samples real, odd samples imaginary), transformed
 * by a self-sorting radix-4 Stockham FFT (Van Loan, Computational Frameworks for the FFT, 1992, section 1.7),
 * and unravelled by symmetry. Tables and work space belong to the plan: nothing is allocated per transform.
 *
 * @example
 * const fft = realFft(8);
 * const re = new Float64Array(5), im = new Float64Array(5);
 * fft.forward(Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0), re, im); // re = 1 1 1 1 1
 */
export class RealFft {
  readonly size: number;
  /** One table per radix-4 stage: w, w², w³ as (re, im) for each p, w = exp(-2πi p / n). */
  readonly #stages: readonly Float64Array[];
  /** exp(-2πi k / size) as (re, im), k = 0 … size / 4. */
  readonly #unravel: Float64Array;
  readonly #packed: Float64Array;
  #re: Float64Array;
  #im: Float64Array;
  #nextRe: Float64Array;
  #nextIm: Float64Array;

  /** @throws MarsError CONFIG_INVALID when `size` is not a power of two, 8 or more. */
  constructor(size: number) {
    if (!Number.isInteger(Math.log2(size)) || size < 8) {
      throw new MarsError(
        'CONFIG_INVALID',
        `An FFT of ${size} points was asked for; use a power of two, 8 or more.`,
      );
    }
    const half = size / 2;
    this.size = size;
    this.#stages = stageTables(half);
    this.#unravel = unitRoots(size, size / 4 + 1);
    this.#packed = new Float64Array(size);
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
    this.#nextRe = new Float64Array(half);
    this.#nextIm = new Float64Array(half);
  }

  /** `input`: `size` samples. `re`, `im`: bins 0 … size / 2. */
  forward(input: Float64Array, re: Float64Array, im: Float64Array): void {
    this.#transform(input);
    const half = this.size / 2;
    const zRe = this.#re;
    const zIm = this.#im;
    const w = this.#unravel;
    re[0] = zRe[0] + zIm[0];
    im[0] = 0;
    re[half] = zRe[0] - zIm[0];
    im[half] = 0;
    for (let k = 1, mirror = half - 1; k <= mirror; k++, mirror--) {
      const evenRe = 0.5 * (zRe[k] + zRe[mirror]);
      const evenIm = 0.5 * (zIm[k] - zIm[mirror]);
      const oddRe = 0.5 * (zIm[k] + zIm[mirror]);
      const oddIm = 0.5 * (zRe[mirror] - zRe[k]);
      const wRe = w[2 * k];
      const wIm = w[2 * k + 1];
      const turnedRe = wRe * oddRe - wIm * oddIm;
      const turnedIm = wRe * oddIm + wIm * oddRe;
      re[k] = evenRe + turnedRe;
      im[k] = evenIm + turnedIm;
      re[mirror] = evenRe - turnedRe;
      im[mirror] = turnedIm - evenIm;
    }
  }

  /** `re`, `im`: bins 0 … size / 2 (the imaginary parts of the first and last are ignored). `output`: `size` samples. */
  inverse(re: Float64Array, im: Float64Array, output: Float64Array): void {
    const half = this.size / 2;
    const w = this.#unravel;
    const z = this.#packed;
    // The inverse transform is the forward one with real and imaginary parts exchanged, on both sides.
    z[0] = re[0] - re[half];
    z[1] = re[0] + re[half];
    for (let k = 1, mirror = half - 1; k <= mirror; k++, mirror--) {
      const evenRe = re[k] + re[mirror];
      const evenIm = im[k] - im[mirror];
      const turnedRe = re[k] - re[mirror];
      const turnedIm = im[k] + im[mirror];
      const wRe = w[2 * k];
      const wIm = -w[2 * k + 1];
      const oddRe = wRe * turnedRe - wIm * turnedIm;
      const oddIm = wRe * turnedIm + wIm * turnedRe;
      z[2 * k] = evenIm + oddRe;
      z[2 * k + 1] = evenRe - oddIm;
      z[2 * mirror] = oddRe - evenIm;
      z[2 * mirror + 1] = evenRe + oddIm;
    }
    this.#transform(z);
    const zRe = this.#re;
    const zIm = this.#im;
    const scale = 1 / this.size;
    for (let i = 0; i < half; i++) {
      output[2 * i] = scale * zIm[i];
      output[2 * i + 1] = scale * zRe[i];
    }
  }

  /** Transforms size / 2 complex numbers, given as (re, im) pairs, into #re and #im. */
  #transform(pairs: Float64Array): void {
    const half = this.size / 2;
    firstStage(pairs, this.#re, this.#im, this.#stages[0]);
    let stride = 4;
    for (let stage = 1; stage < this.#stages.length; stage++) {
      radix4Stage(this.#re, this.#im, this.#nextRe, this.#nextIm, this.#stages[stage], stride);
      this.#swap();
      stride *= 4;
    }
    if (stride < half) {
      radix2Stage(this.#re, this.#im, this.#nextRe, this.#nextIm);
      this.#swap();
    }
  }

  #swap(): void {
    const re = this.#re;
    const im = this.#im;
    this.#re = this.#nextRe;
    this.#im = this.#nextIm;
    this.#nextRe = re;
    this.#nextIm = im;
  }
}

const plans = new Map<number, RealFft>();

/** The plan for `size` points, made once. A plan has work space: it is for one caller at a time, never re-entrant. */
export function realFft(size: number): RealFft {
  let plan = plans.get(size);
  if (plan === undefined) {
    plan = new RealFft(size);
    plans.set(size, plan);
  }
  return plan;
}

/** The stage with stride 1, which also takes the (re, im) pairs apart. */
function firstStage(x: Float64Array, yRe: Float64Array, yIm: Float64Array, w: Float64Array): void {
  const quarter = yRe.length >> 2;
  for (let p = 0; p < quarter; p++) {
    const a = 2 * p;
    const b = a + 2 * quarter;
    const c = b + 2 * quarter;
    const d = c + 2 * quarter;
    const sumRe = x[a] + x[c];
    const sumIm = x[a + 1] + x[c + 1];
    const differenceRe = x[a] - x[c];
    const differenceIm = x[a + 1] - x[c + 1];
    const sum2Re = x[b] + x[d];
    const sum2Im = x[b + 1] + x[d + 1];
    const difference2Re = x[b] - x[d];
    const difference2Im = x[b + 1] - x[d + 1];
    const y1Re = differenceRe + difference2Im;
    const y1Im = differenceIm - difference2Re;
    const y2Re = sumRe - sum2Re;
    const y2Im = sumIm - sum2Im;
    const y3Re = differenceRe - difference2Im;
    const y3Im = differenceIm + difference2Re;
    const t = 6 * p;
    const y = 4 * p;
    yRe[y] = sumRe + sum2Re;
    yIm[y] = sumIm + sum2Im;
    yRe[y + 1] = y1Re * w[t] - y1Im * w[t + 1];
    yIm[y + 1] = y1Re * w[t + 1] + y1Im * w[t];
    yRe[y + 2] = y2Re * w[t + 2] - y2Im * w[t + 3];
    yIm[y + 2] = y2Re * w[t + 3] + y2Im * w[t + 2];
    yRe[y + 3] = y3Re * w[t + 4] - y3Im * w[t + 5];
    yIm[y + 3] = y3Re * w[t + 5] + y3Im * w[t + 4];
  }
}

function radix4Stage(
  xRe: Float64Array,
  xIm: Float64Array,
  yRe: Float64Array,
  yIm: Float64Array,
  w: Float64Array,
  stride: number,
): void {
  const quarter = xRe.length >> 2;
  const count = quarter / stride;
  for (let p = 0; p < count; p++) {
    const w1Re = w[6 * p];
    const w1Im = w[6 * p + 1];
    const w2Re = w[6 * p + 2];
    const w2Im = w[6 * p + 3];
    const w3Re = w[6 * p + 4];
    const w3Im = w[6 * p + 5];
    const end = stride * (p + 1);
    let y = stride * 4 * p;
    for (let a = stride * p; a < end; a++, y++) {
      const b = a + quarter;
      const c = b + quarter;
      const d = c + quarter;
      const sumRe = xRe[a] + xRe[c];
      const sumIm = xIm[a] + xIm[c];
      const differenceRe = xRe[a] - xRe[c];
      const differenceIm = xIm[a] - xIm[c];
      const sum2Re = xRe[b] + xRe[d];
      const sum2Im = xIm[b] + xIm[d];
      const difference2Re = xRe[b] - xRe[d];
      const difference2Im = xIm[b] - xIm[d];
      const y1Re = differenceRe + difference2Im;
      const y1Im = differenceIm - difference2Re;
      const y2Re = sumRe - sum2Re;
      const y2Im = sumIm - sum2Im;
      const y3Re = differenceRe - difference2Im;
      const y3Im = differenceIm + difference2Re;
      yRe[y] = sumRe + sum2Re;
      yIm[y] = sumIm + sum2Im;
      yRe[y + stride] = y1Re * w1Re - y1Im * w1Im;
      yIm[y + stride] = y1Re * w1Im + y1Im * w1Re;
      yRe[y + 2 * stride] = y2Re * w2Re - y2Im * w2Im;
      yIm[y + 2 * stride] = y2Re * w2Im + y2Im * w2Re;
      yRe[y + 3 * stride] = y3Re * w3Re - y3Im * w3Im;
      yIm[y + 3 * stride] = y3Re * w3Im + y3Im * w3Re;
    }
  }
}

/** The last stage, when the number of points is twice a power of four. */
function radix2Stage(xRe: Float64Array, xIm: Float64Array, yRe: Float64Array, yIm: Float64Array): void {
  const half = xRe.length >> 1;
  for (let a = 0, b = half; a < half; a++, b++) {
    yRe[a] = xRe[a] + xRe[b];
    yIm[a] = xIm[a] + xIm[b];
    yRe[b] = xRe[a] - xRe[b];
    yIm[b] = xIm[a] - xIm[b];
  }
}

function stageTables(points: number): Float64Array[] {
  const tables: Float64Array[] = [];
  for (let n = points; n >= 4; n /= 4) {
    const roots = unitRoots(n, n);
    const table = new Float64Array(6 * (n / 4));
    for (let p = 0; p < n / 4; p++) {
      for (let power = 1; power <= 3; power++) {
        table[6 * p + 2 * power - 2] = roots[2 * power * p];
        table[6 * p + 2 * power - 1] = roots[2 * power * p + 1];
      }
    }
    tables.push(table);
  }
  return tables;
}

/** exp(-2πi k / n) as (re, im), k = 0 … count - 1. */
function unitRoots(n: number, count: number): Float64Array {
  const roots = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    roots[2 * k] = Math.cos((2 * Math.PI * k) / n);
    roots[2 * k + 1] = -Math.sin((2 * Math.PI * k) / n);
  }
  return roots;
}

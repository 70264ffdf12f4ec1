import { MarsError } from '../errors.ts';
import { SAMPLE_RATE_RANGE } from './audio.ts';

/**
 * Where the pass band ends and the stop band begins, in parts of the lower of the two Nyquist frequencies. What lies
 * between 1 and 1.05 folds back to between 0.95 and 1, outside the pass band; a stop band from 1 on costs half as
 * much time again.
 */
const PASS_BAND = 0.9;
const STOP_BAND = 1.05;

/** Stop band of the Kaiser design, dB. */
const ATTENUATION_DB = 96;

/** Coefficients above which the kernel is tabulated on a grid and interpolated. */
const LARGEST_TABLE = 1 << 18;

/** Rows of the interpolated table. Linear interpolation errs by at most (π / rows)² / 8 of the peak: -118 dB. */
const GRID_ROWS = 1024;

/** Samples that one call of `resample` hands to its `Resampler` at a time. */
const BLOCK = 1 << 17;

/**
 * Changes the sampling rate by a rational factor: a polyphase windowed-sinc (Kaiser) filter, flat to 0.01 dB up to
 * 0.9 of the lower Nyquist frequency and at least 90 dB down from 1.05 of it on. The output is aligned with the input (no delay),
 * as that of `scipy.signal.resample_poly`; beyond both ends the signal is taken to be zero.
 *
 * Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974; polyphase form
 * of R. E. Crochiere and L. R. Rabiner, "Multirate Digital Signal Processing", 1983, section 3.3.
 *
 * @param samples mono signal, length n
 * @param fromRate,toRate whole numbers of Hz
 * @returns a new array of length ceil(n · toRate / fromRate)
 * @throws MarsError CONFIG_INVALID for a rate that is not a whole number of Hz from 1000 to 768000
 *
 * @example
 * resample(new Float32Array(48_000), 48_000, 16_000).length; // 16000
 */
export function resample(samples: Float32Array, fromRate: number, toRate: number): Float32Array {
  const resampler = new Resampler(fromRate, toRate);
  if (fromRate === toRate) return samples.slice();
  const output = new Float32Array(Math.ceil((samples.length * toRate) / fromRate));
  let written = 0;
  const append = (chunk: Float32Array): void => {
    output.set(chunk, written);
    written += chunk.length;
  };
  for (let start = 0; start < samples.length; start += BLOCK) {
    append(resampler.process(samples.subarray(start, start + BLOCK)));
  }
  append(resampler.flush());
  return output;
}

/**
 * `resample` for a stream: the chunks that `process` and finally `flush` return are, put together, bit for bit what
 * `resample` makes of the whole signal, whatever the cut. Output lags behind the input by half the filter,
 * `latencySec`, and is still aligned with it.
 *
 * @example
 * const resampler = new Resampler(48_000, 16_000);
 * const first = resampler.process(new Float32Array(4_800));
 * const last = resampler.flush();
 * first.length + last.length; // 1600
 */
export class Resampler {
  readonly fromRate: number;
  readonly toRate: number;
  readonly latencySec: number;
  /** up / down = toRate / fromRate in lowest terms. */
  private readonly up: number;
  private readonly down: number;
  private readonly kernel: Kernel;
  /** The input samples that the next output still needs, oldest first. */
  private pending: Float64Array;
  /** Input samples by which the next output's filter begins after `pending[0]`. */
  private skip = 0;
  /** How far the next output lies after an input sample, in 1/up of a sample: 0 up to `up`. */
  private phase = 0;
  private received = 0;
  private emitted = 0;

  constructor(fromRate: number, toRate: number) {
    checkRate('fromRate', fromRate);
    checkRate('toRate', toRate);
    const divisor = greatestCommonDivisor(fromRate, toRate);
    this.fromRate = fromRate;
    this.toRate = toRate;
    this.up = toRate / divisor;
    this.down = fromRate / divisor;
    this.kernel = kernelFor(this.up, this.down);
    this.latencySec = this.kernel.half / fromRate;
    this.pending = new Float64Array(this.kernel.half - 1);
  }

  /** Takes the next input samples, any number of them, and returns the output samples that they complete. */
  process(chunk: Float32Array): Float32Array {
    this.received += chunk.length;
    if (this.up === this.down) {
      this.emitted += chunk.length;
      return chunk.slice();
    }
    return this.advance(chunk, Infinity);
  }

  /** Ends the signal: returns the rest of its output. The resampler is then ready for another signal. */
  flush(): Float32Array {
    const total = Math.ceil((this.received * this.up) / this.down);
    const rest = this.advance(new Float32Array(this.kernel.half), total - this.emitted);
    this.pending = new Float64Array(this.kernel.half - 1);
    this.skip = this.phase = this.received = this.emitted = 0;
    return rest;
  }

  /** Output i filters `taps` input samples from input[skip + floor((phase + i · down) / up)] on. */
  private advance(chunk: Float32Array, limit: number): Float32Array {
    const { up, down, kernel, skip, phase, pending } = this;
    const input = new Float64Array(pending.length + chunk.length);
    input.set(pending);
    input.set(chunk, pending.length);

    const reach = (input.length - kernel.taps - skip + 1) * up - 1 - phase;
    const count = Math.min(limit, reach < 0 ? 0 : Math.floor(reach / down) + 1);
    const output = new Float32Array(count);
    if (kernel.rows === up) applyRows(kernel, { input, output, up, down, skip, phase });
    else applyBetweenRows(kernel, { input, output, up, down, skip, phase });

    const place = phase + count * down;
    const next = skip + Math.floor(place / up);
    const consumed = Math.min(next, input.length);
    this.pending = input.slice(consumed);
    this.skip = next - consumed;
    this.phase = place % up;
    this.emitted += count;
    return output;
  }
}

/**
 * The low-pass filter, sampled at `rows` places between two input samples. Row r of `table` holds the `taps`
 * coefficients of an output that lies r / rows of a sample after the input sample number `half - 1` of its span.
 * Where `rows` is `up` every output finds its row; else it lies between two (the table then ends with row `rows`).
 */
interface Kernel {
  half: number;
  taps: number;
  rows: number;
  table: Float64Array;
}

interface Pass {
  input: Float64Array;
  output: Float32Array;
  up: number;
  down: number;
  skip: number;
  phase: number;
}

/**
 * Outputs i, i + up, i + 2 · up ... share a row of the table, and their inputs lie `down` apart. Eight of them at a
 * time read each coefficient once: 2.5 times the speed of one by one. Every output is summed in the same order
 * either way, so that the cut of the chunks leaves no trace.
 */
function applyRows({ taps, table }: Kernel, { input, output, up, down, skip, phase }: Pass): void {
  for (let first = 0; first < Math.min(up, output.length); first++) {
    const place = phase + first * down;
    const row = (place % up) * taps;
    let start = skip + Math.floor(place / up);
    let i = first;
    for (; i + 7 * up < output.length; i += 8 * up, start += 8 * down) {
      filterEight(table, row, taps, input, start, down, output, i, up);
    }
    for (; i < output.length; i += up, start += down) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += table[row + tap] * input[start + tap];
      output[i] = sum;
    }
  }
}

/** Positional, and one accumulator per output: what lets the engine keep all eight in registers. */
function filterEight(
  table: Float64Array,
  row: number,
  taps: number,
  input: Float64Array,
  start: number,
  down: number,
  output: Float32Array,
  i: number,
  up: number,
): void {
  let [y0, y1, y2, y3, y4, y5, y6, y7] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let tap = 0; tap < taps; tap++) {
    const coefficient = table[row + tap];
    const at = start + tap;
    y0 += coefficient * input[at];
    y1 += coefficient * input[at + down];
    y2 += coefficient * input[at + 2 * down];
    y3 += coefficient * input[at + 3 * down];
    y4 += coefficient * input[at + 4 * down];
    y5 += coefficient * input[at + 5 * down];
    y6 += coefficient * input[at + 6 * down];
    y7 += coefficient * input[at + 7 * down];
  }
  output[i] = y0;
  output[i + up] = y1;
  output[i + 2 * up] = y2;
  output[i + 3 * up] = y3;
  output[i + 4 * up] = y4;
  output[i + 5 * up] = y5;
  output[i + 6 * up] = y6;
  output[i + 7 * up] = y7;
}

/** Linear interpolation between the outputs of the two nearest rows. */
function applyBetweenRows(
  { taps, rows, table }: Kernel,
  { input, output, up, down, skip, phase }: Pass,
): void {
  for (let i = 0; i < output.length; i++) {
    const place = phase + i * down;
    const start = skip + Math.floor(place / up);
    const fraction = ((place % up) * rows) / up;
    const row = Math.floor(fraction) * taps;
    let before = 0;
    let after = 0;
    for (let tap = 0; tap < taps; tap++) {
      const sample = input[start + tap];
      before += table[row + tap] * sample;
      after += table[row + taps + tap] * sample;
    }
    output[i] = before + (fraction % 1) * (after - before);
  }
}

/** The kernels of the latest ratios: clip after clip has the same few rates, and a design costs 2 ms. */
const kernels = new Map<string, Kernel>();
const KEPT_KERNELS = 4;

function kernelFor(up: number, down: number): Kernel {
  const ratio = `${up}/${down}`;
  const kernel = kernels.get(ratio) ?? designKernel(up, down);
  kernels.delete(ratio);
  kernels.set(ratio, kernel);
  for (const oldest of kernels.keys()) {
    if (kernels.size <= KEPT_KERNELS) break;
    kernels.delete(oldest);
  }
  return kernel;
}

function designKernel(up: number, down: number): Kernel {
  // At equal rates every sample passes as it is.
  if (up === down) return { half: 1, taps: 1, rows: 1, table: Float64Array.of(1) };
  // Frequencies in cycles per input sample.
  const lowerNyquist = 0.5 * Math.min(1, up / down);
  const cutoff = lowerNyquist * ((PASS_BAND + STOP_BAND) / 2);
  const transition = lowerNyquist * (STOP_BAND - PASS_BAND);
  // Kaiser's two design formulas: A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", section 7.6.
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const width = (ATTENUATION_DB - 7.95) / (2.285 * 2 * Math.PI * transition) / 2;
  const half = Math.ceil(width);
  const taps = 2 * half;
  const exact = up * taps <= LARGEST_TABLE;
  const rows = exact ? up : GRID_ROWS;
  const table = new Float64Array((exact ? rows : rows + 1) * taps);
  for (let row = 0; row * taps < table.length; row++) {
    fillRow(table.subarray(row * taps, (row + 1) * taps), row / rows, { half, cutoff, beta, width });
  }
  return { half, taps, rows, table };
}

interface Prototype {
  half: number;
  /** Cycles per input sample. */
  cutoff: number;
  beta: number;
  /** Input samples from the centre to where the window ends. */
  width: number;
}

/** Windowed sinc for an output `fraction` of a sample after tap `half - 1`; every row passes DC with gain 1 exactly. */
function fillRow(row: Float64Array, fraction: number, { half, cutoff, beta, width }: Prototype): void {
  let sum = 0;
  for (let tap = 0; tap < row.length; tap++) {
    const time = tap - (half - 1) - fraction;
    const position = time / width;
    if (Math.abs(position) >= 1) continue;
    const window = besselI0(beta * Math.sqrt(1 - position * position));
    const angle = 2 * Math.PI * cutoff * time;
    row[tap] = window * (angle === 0 ? 1 : Math.sin(angle) / angle);
    sum += row[tap];
  }
  for (let tap = 0; tap < row.length; tap++) row[tap] /= sum;
}

/** Modified Bessel function of the first kind, order zero, by its power series (to double precision for x < 30). */
function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

function checkRate(name: string, rate: number): void {
  const { lowest, highest } = SAMPLE_RATE_RANGE;
  if (Number.isInteger(rate) && rate >= lowest && rate <= highest) return;
  throw new MarsError(
    'CONFIG_INVALID',
    `${name} is ${rate}; a whole number of Hz from ${lowest} to ${highest} was expected.`,
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

import { MarsError } from '../errors.ts';
import { SAMPLE_RATE_RANGE } from './audio.ts';

/** Pass band ends at 0.9 and stop band begins at 1.0 of the lower of the two Nyquist frequencies. */
const PASS_BAND = 0.9;
const STOP_BAND = 1;

/** Of the Kaiser design, dB; measured attenuation is within 1 dB of it. */
const ATTENUATION_DB = 100;

/** Coefficients above which the kernel is tabulated on a grid of phases and interpolated. */
const LARGEST_TABLE = 1 << 18;

/**
 * Phases of the interpolated table. Linear interpolation errs by at most (π / phases)² / 8 of the kernel's
 * peak: 1.2e-6, or -118 dB.
 */
const GRID_PHASES = 1024;

/** Samples that one call of `resample` hands to its `Resampler` at a time. */
const BLOCK = 1 << 16;

/**
 * Changes the sampling rate by a rational factor: a polyphase windowed-sinc (Kaiser) filter, flat to 0.01 dB up to
 * 0.9 of the lower Nyquist frequency and at least 90 dB down above it. The output is aligned with the input (no delay),
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
  private pending: Float32Array;
  /** Place of the next output between two input samples, in 1/up of a sample, from 0 up to `up`. */
  private phase = 0;
  /** Input samples by which the next output's filter begins after `pending[0]`. */
  private skip = 0;
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
    this.kernel = fromRate === toRate ? IDENTITY : designKernel(this.up, this.down);
    this.latencySec = this.kernel.half / fromRate;
    this.pending = new Float32Array(this.kernel.half - 1);
  }

  /** Takes the next input samples, any number of them, and returns the output samples that they complete. */
  process(chunk: Float32Array): Float32Array {
    this.received += chunk.length;
    return this.advance(chunk, Infinity);
  }

  /** Ends the signal: returns the rest of its output. The resampler is then ready for another signal. */
  flush(): Float32Array {
    const total = Math.ceil((this.received * this.up) / this.down);
    const rest = this.advance(new Float32Array(this.kernel.half), total - this.emitted);
    this.pending = new Float32Array(this.kernel.half - 1);
    this.phase = this.skip = this.received = this.emitted = 0;
    return rest;
  }

  private advance(chunk: Float32Array, limit: number): Float32Array {
    const { up, down, kernel } = this;
    const input = new Float32Array(this.pending.length + chunk.length);
    input.set(this.pending);
    input.set(chunk, this.pending.length);

    // Output i filters input[start + floor((phase + i · down) / up) ...], as long as all its taps are there.
    const lastStart = input.length - kernel.taps;
    const reach = (lastStart - this.skip + 1) * up - 1 - this.phase;
    const count = Math.min(limit, reach < 0 ? 0 : Math.floor(reach / down) + 1);
    const output = new Float32Array(count);
    const wholeStep = Math.floor(down / up);
    const phaseStep = down % up;
    let { phase, skip: start } = this;
    for (let i = 0; i < count; i++) {
      output[i] = kernel.apply(input, start, phase);
      start += wholeStep;
      phase += phaseStep;
      if (phase >= up) {
        phase -= up;
        start++;
      }
    }
    const consumed = Math.min(start, input.length);
    this.pending = input.slice(consumed);
    this.skip = start - consumed;
    this.phase = phase;
    this.emitted += count;
    return output;
  }
}

/**
 * The low-pass filter, sampled once per phase. Row p holds the `taps` coefficients of an output that lies p phases
 * after the input sample `half - 1` of the span it filters.
 */
interface Kernel {
  readonly half: number;
  readonly taps: number;
  /** The filtered value at `phase` / up samples after `input[start + half - 1]`. */
  apply(input: Float32Array, start: number, phase: number): number;
}

const IDENTITY: Kernel = { half: 1, taps: 1, apply: (input, start) => input[start] };

function designKernel(up: number, down: number): Kernel {
  // Frequencies in cycles per input sample.
  const lowerNyquist = 0.5 * Math.min(1, up / down);
  const cutoff = lowerNyquist * ((PASS_BAND + STOP_BAND) / 2);
  const transition = lowerNyquist * (STOP_BAND - PASS_BAND);
  // Kaiser's two design formulas; A. V. Oppenheim and R. W. Schafer, "Discrete-Time Signal Processing", section 7.6.
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const order = (ATTENUATION_DB - 7.95) / (2.285 * 2 * Math.PI * transition);
  const half = Math.ceil(order / 2) + 1;
  const taps = 2 * half;
  const interpolated = up * taps > LARGEST_TABLE;
  const phases = interpolated ? GRID_PHASES : up;
  const rows = interpolated ? phases + 1 : phases;
  const table = new Float64Array(rows * taps);
  for (let row = 0; row < rows; row++) {
    fillRow(table.subarray(row * taps, (row + 1) * taps), row / phases, {
      half,
      cutoff,
      beta,
      width: order / 2,
    });
  }
  if (!interpolated) {
    return { half, taps, apply: (input, start, phase) => dot(table, phase * taps, input, start, taps) };
  }
  return {
    half,
    taps,
    apply(input, start, phase) {
      const place = (phase * phases) / up;
      const row = Math.floor(place);
      const weight = place - row;
      const before = dot(table, row * taps, input, start, taps);
      const after = dot(table, (row + 1) * taps, input, start, taps);
      return before + weight * (after - before);
    },
  };
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

/** Sum of table[offset + k] · input[start + k]; `taps` is even. Two sums, so that additions overlap. */
function dot(table: Float64Array, offset: number, input: Float32Array, start: number, taps: number): number {
  let even = 0;
  let odd = 0;
  for (let k = 0; k < taps; k += 2) {
    even += table[offset + k] * input[start + k];
    odd += table[offset + k + 1] * input[start + k + 1];
  }
  return even + odd;
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

import { constant, indices, operations, scalar, type Tensor } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { cosine, int64, layOut, matMul, sizeAlong } from './kernels.ts';

// YAMNet's analysis, at 16 kHz: https://github.com/tensorflow/models, research/audioset/yamnet/params.py
const SAMPLE_RATE = 16_000;
const FRAME_LENGTH = 400;
const HOP_LENGTH = 160;
const N_FFT = 512;
const N_MELS = 64;
const FMIN = 125;
const FMAX = 7500;
const LOG_OFFSET = 0.001;

/** Speeds are multiples of 1 / 80: then a frame and a hop are whole numbers of samples. */
const SPEED_STEPS = 80;

const { add, cast, concat, div, log, mul, operator, sqrt, square, sub } = operations;

/**
 * The log-mel spectrogram that YAMNet reads, of waveforms played `speed` times as fast.
 *
 * Nothing is resampled: 400 samples of the faster recording are 400 · speed of the given one, and k / 512 cycles per
 * sample are k / (512 · speed). What would lie above the given recording's Nyquist frequency is zero.
 *
 * @param waveform (batch, samples), mono at 16 kHz
 * @returns (batch, 1, frames, 64), with 1 + ⌊(samples / speed - 400) / 160⌋ frames, or `leastFrames`
 * @throws MarsError CONFIG_INVALID for a speed that is no multiple of 1 / 80 from 0.5 to 2.
 * @example
 * const spectrogram = yamnetLogMel(input('waveform', ['batch', 'samples']), { speed: 0.9 });
 */
export function yamnetLogMel(waveform: Tensor, { speed = 1, leastFrames = 1 }: AnalysisOptions = {}): Tensor {
  const places = Array.from({ length: 1 + Math.floor((N_FFT / 2) * Math.min(speed, 1)) }, (_, k) =>
    melPlace(k),
  );
  const first = places.findIndex((place) => place > 0);
  const bins = places.slice(first).filter((place) => place < N_MELS + 1);

  const hops = inHops(waveform, { speed, leastFrames });
  const spectrum = magnitudes(hops, range(first, first + bins.length), speed);
  const mel = matMul(spectrum, melTriangles(bins)); // (batch, frames, 64)
  const [image] = operator('Unsqueeze', [mel, indices([1])], [['batch', 1, 'frames', N_MELS]]);
  return log(add(image, scalar(LOG_OFFSET)));
}

export interface AnalysisOptions {
  /** The recording is played so many times as fast. */
  speed?: number;
  /** Zeros after the end make up what is missing for so many frames. */
  leastFrames?: number;
}

/** Samples of a frame and of a hop that last 25 and 10 ms once played at `speed`. */
export function framing(speed: number): { frameLength: number; hopLength: number } {
  const steps = Math.round(speed * SPEED_STEPS);
  if (!(speed >= 0.5 && speed <= 2 && Math.abs(speed * SPEED_STEPS - steps) < 1e-9)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The speed is ${speed}; a multiple of 1 / ${SPEED_STEPS} from 0.5 to 2 was expected, such as 0.9 or 1.1.`,
    );
  }
  return {
    frameLength: (FRAME_LENGTH / SPEED_STEPS) * steps,
    hopLength: (HOP_LENGTH / SPEED_STEPS) * steps,
  };
}

/**
 * A waveform cut into hops: (batch, samples) → (batch, frames + 2, hopLength). Frame f is the hops f and f + 1 and the
 * first half of f + 2; what is in no frame is cut off, or zeros after the end.
 */
export function inHops(waveform: Tensor, { speed = 1, leastFrames = 1 }: AnalysisOptions = {}): Tensor {
  const { hopLength } = framing(speed);
  const samples = sizeAlong(1, waveform);
  const complete = div(add(samples, indices([hopLength / 2])), indices([hopLength]));
  const [hops] = operator('Max', [complete, indices([leastFrames + 2])], [[1]]);
  const widths = concat([indices([0, 0, 0]), sub(mul(hops, indices([hopLength])), samples)], 0);
  const [whole] = operator('Pad', [waveform, widths], [['batch', 'padded']]);
  return layOut(whole, [0, -1, hopLength]);
}

/**
 * |DFT| of every frame under a periodic Hann window: (batch, frames, bins).
 *
 * Seen from the middle of a frame the window is even, as every cosine is, and the sines are odd: what lies right of the
 * middle plus what lies left of it, mirrored, gives the real part, their difference the imaginary one. That halves the
 * products.
 */
function magnitudes(hops: Tensor, bins: Tensor, speed: number): Tensor {
  const { frameLength, hopLength } = framing(speed);
  const half = Math.floor(frameLength / 2);
  const middle = half - hopLength; // in the second of the three hops
  const odd = frameLength % 2;
  const right = concat(
    [
      samplesOf(hops, 1, middle + odd, hopLength - middle - odd),
      samplesOf(hops, 2, 0, frameLength - 2 * hopLength),
    ],
    2,
  );
  const left = concat(
    [samplesOf(hops, 1, middle, middle + 1, -1), samplesOf(hops, 0, hopLength - 1, hopLength - 1, -1)],
    2,
  );
  const { cosines, sines } = dftKernels(bins, frameLength, speed);
  const real = matMul(add(right, left), cosines);
  const imaginary = matMul(sub(right, left), sines);
  return sqrt(add(square(real), square(imaginary)));
}

/** Of every frame's first, second or third hop (0, 1, 2) `count` samples from `start` on, or back: (batch, frames, count). */
function samplesOf(hops: Tensor, hop: number, start: number, count: number, step: 1 | -1 = 1): Tensor {
  const end = start + step * count;
  const bounds = [
    [hop, start],
    // A negative end would count from the end of the axis, as that of the first two hops does.
    [hop === 2 ? Number.MAX_SAFE_INTEGER : hop - 2, end < 0 ? Number.MIN_SAFE_INTEGER : end],
    [1, 2],
    [1, step],
  ];
  return operator('Slice', [hops, ...bounds.map(indices)], [['batch', 'frames', count]])[0];
}

/** cos and sin of 2π k m / (512 · speed), m samples right of a frame's middle, under the window: (⌊frameLength / 2⌋, bins). */
function dftKernels(bins: Tensor, frameLength: number, speed: number): { cosines: Tensor; sines: Tensor } {
  const odd = frameLength % 2;
  const half = (frameLength - odd) / 2;
  const [halves] = operator('Unsqueeze', [range(0, half), indices([1])], [[half, 1]]);
  const distance = add(mul(halves, indices([2])), indices([odd])); // 2 m
  // 2 · 512 · speed in fifths, so that it is whole as the phases are.
  const period = Math.round(10 * N_FFT * speed);
  const phase = mul(mul(distance, indices([5])), bins);
  const hann = add(scalar(0.5), mul(scalar(0.5), cosine(distance, 2 * frameLength)));
  // Where a sample stands in the middle, both sides hold it. The sum has `speed` times as many terms as that of the faster
  // recording.
  const weights = Float32Array.from({ length: half }, (_, m) => (m === 0 && odd === 0 ? 0.5 : 1) / speed);
  const window = mul(hann, constant(weights, [half, 1]));
  return {
    cosines: mul(cosine(phase, period), window),
    sines: mul(cosine(sub(phase, indices([period / 4])), period), window),
  };
}

/**
 * The bins' weights (bins, 64) in triangles whose corners stand at equal distances on the mel scale: a bin between the
 * corners i and i + 1 climbs triangle i + 1 and descends triangle i, counted from 1.
 */
function melTriangles(places: readonly number[]): Tensor {
  const column = [places.length, 1];
  const below = int64(places.map(Math.floor), column);
  const climbed = constant(
    Float32Array.from(places, (place) => place % 1),
    column,
  );
  const triangles = range(1, N_MELS + 1);
  const isIn = (triangle: Tensor) =>
    cast(operator('Equal', [triangles, triangle], [[places.length, N_MELS]])[0]);
  return add(mul(isIn(add(below, indices([1]))), climbed), mul(isIn(below), sub(scalar(1), climbed)));
}

/** Where a bin of the transform lies among the 66 corners of the triangles, on HTK's mel scale: 0 is the lowest, 65 the highest. */
function melPlace(bin: number): number {
  const mel = (hz: number) => Math.log(1 + hz / 700);
  return ((mel((bin * SAMPLE_RATE) / N_FFT) - mel(FMIN)) / (mel(FMAX) - mel(FMIN))) * (N_MELS + 1);
}

/** The whole numbers from `start` up to but without `end`. */
function range(start: number, end: number): Tensor {
  return operator(
    'Range',
    [start, end, 1].map((value) => int64([value], [])),
    [[end - start]],
  )[0];
}

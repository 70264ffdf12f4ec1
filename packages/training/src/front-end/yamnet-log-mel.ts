import { constant, indices, operations, scalar, type Tensor } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { cosine, int64, matMul } from './kernels.ts';

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

const { add, cast, concat, log, mul, operator, split, sqrt, square, sub, transpose } = operations;

/**
 * The log-mel spectrogram that YAMNet reads, of waveforms played `speed` times as fast.
 *
 * Nothing is resampled: 400 samples of the faster recording are 400 · speed of the given one, and k / 512 cycles per
 * sample are k / (512 · speed). What would lie above the given recording's Nyquist frequency is zero.
 *
 * @param waveform (batch, samples), mono at 16 kHz, of at least 400 · speed samples
 * @returns (batch, 1, frames, 64), with 1 + ⌊(samples / speed - 400) / 160⌋ frames
 * @throws MarsError CONFIG_INVALID for a speed that is no multiple of 1 / 80 from 0.5 to 2.
 * @example
 * const spectrogram = yamnetLogMel(input('waveform', ['batch', 'samples']), { speed: 0.9 });
 */
export function yamnetLogMel(waveform: Tensor, { speed = 1 }: { speed?: number } = {}): Tensor {
  const { frameLength, hopLength } = framing(speed);
  const places = Array.from({ length: 1 + Math.floor((N_FFT / 2) * Math.min(speed, 1)) }, (_, k) =>
    melPlace(k),
  );
  const first = places.findIndex((place) => place > 0);
  const bins = places.slice(first).filter((place) => place < N_MELS + 1);

  const [signal] = operator('Unsqueeze', [waveform, indices([1])], [['batch', 1, 'samples']]);
  const kernels = dftKernels(first, bins.length, frameLength, speed); // (2 · bins, 1, frameLength)
  const [spectrum] = operator('Conv', [signal, kernels], [['batch', 2 * bins.length, 'frames']], {
    strides: [hopLength],
  });
  const [real, imaginary] = split(square(spectrum), [bins.length, bins.length], 1);
  const magnitude = sqrt(add(real, imaginary)); // (batch, bins, frames)
  const mel = matMul(transpose(magnitude, [0, 2, 1]), melTriangles(bins)); // (batch, frames, 64)
  const [image] = operator('Unsqueeze', [mel, indices([1])], [['batch', 1, 'frames', N_MELS]]);
  return log(add(image, scalar(LOG_OFFSET)));
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

/** cos and sin of 2π k n / (512 · speed) for the bins k from `first` on, under a periodic Hann window: (2 · count, 1, n). */
function dftKernels(first: number, count: number, frameLength: number, speed: number): Tensor {
  const n = range(0, frameLength);
  // 512 · speed in fifths, so that it is whole as the phases are.
  const period = Math.round(5 * N_FFT * speed);
  const [k] = operator('Unsqueeze', [range(first, first + count), indices([1])], [[count, 1]]);
  const phase = mul(mul(k, indices([5])), n);
  const waves = concat([cosine(phase, period), cosine(sub(phase, indices([period / 4])), period)], 0);
  const hann = sub(scalar(0.5), mul(scalar(0.5), cosine(mul(n, indices([2])), 2 * frameLength)));
  // The sum has `speed` times as many terms as that of the faster recording.
  const windowed = mul(waves, mul(hann, scalar(1 / speed)));
  return operator('Unsqueeze', [windowed, indices([1])], [[2 * count, 1, frameLength]])[0];
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

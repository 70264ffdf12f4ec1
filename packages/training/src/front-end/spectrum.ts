import { indices, operations, scalar, type Tensor } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { along, cosine, layOut, matMul, sizeAlong, upTo } from './kernels.ts';

/** The framing of a short-time Fourier transform, in samples. */
export interface FrameSettings {
  /** Samples per frame. */
  readonly nFft: number;
  /** Samples from one frame to the next. */
  readonly hopLength: number;
}

/** The power spectra of all frames, their bins in the order in which the transform gives them. */
export interface PowerSpectrum {
  /** (batch, frames, columns) */
  readonly power: Tensor;
  /** The frequency bin in each column; undefined where a bin comes a second time. */
  readonly bins: readonly (number | undefined)[];
}

const { add, concat, mul, operator, split, square, sub, transpose } = operations;

/**
 * |DFT|² of the centred frames of a waveform (batch, samples) under a periodic Hann window, zeros beyond both ends:
 * librosa's `abs(stft(y)) ** 2`, with 1 + ⌊samples / hopLength⌋ frames.
 *
 * A transform of N = A · B points is two matrix products (Cooley and Tukey 1965): with n = B·a + b,
 *
 *     X[k] = Σ_b exp(-2πi·b·k / N) · Σ_a exp(-2πi·a·k / A) · x[B·a + b].
 *
 * The inner sums depend on k modulo A, and the upper half of them mirrors the lower, since x is real. Both kernels are
 * computed from a few whole numbers when the file is loaded, so they take no room in it.
 *
 * Errors: `CONFIG_INVALID` for an nFft that is no power of two from 64 on, or a hop that is no multiple of 8.
 */
export function powerSpectrum(waveform: Tensor, settings: FrameSettings): PowerSpectrum {
  const { nFft } = settings;
  const B = stride(settings);
  const A = nFft / B;
  const half = A / 2 + 1;

  const n = add(along(0, upTo(B)), along(1, upTo(A, B))); // [b, a]
  const hann = sub(scalar(0.5), mul(scalar(0.5), cosine(n, nFft)));
  const windowed = mul(frames(waveform, settings, B), hann); // (batch, frames, b, a)

  // exp(-iθ) = cos θ + i·cos(θ + π/2): a quarter of a turn leads from the real part to the imaginary one.
  const quarter = A / 4;
  const innerAngle = add(mul(along(0, upTo(A), 3), along(1, upTo(half), 3)), along(2, [0, quarter], 3));
  const inner = layOut(cosine(innerAngle, A), [A, 2 * half]); // (a, k mod A · part)
  const sums = layOut(matMul(windowed, inner), [-1, B, half, 2]); // (batch · frames, b, k mod A, part)
  const byRemainder = layOut(transpose(sums, [2, 0, 1, 3]), [half, -1, 2 * B]); // (k mod A, batch · frames, b · part)

  const k = add(along(0, upTo(half), 5), along(4, upTo(B, A), 5));
  // (part of the inner sum, part of the result): from like to like no turn, forward or back otherwise.
  const turn = add(along(2, [0, -nFft / 4], 5), along(3, [0, nFft / 4], 5));
  const outerAngle = add(mul(along(1, upTo(B), 5), k), turn);
  const outer = layOut(cosine(outerAngle, nFft), [half, 2 * B, 2 * B]);
  const [re, im] = split(matMul(byRemainder, outer), [B, B], 2);
  const power = transpose(add(square(re), square(im)), [1, 0, 2]); // (batch · frames, k mod A, k div A)

  const bins = upTo(half).flatMap((low) => upTo(B, A).map((high) => Math.min(low + high, nFft - low - high)));
  return {
    power: perRecording(layOut(power, [-1, half * B]), waveform),
    bins: bins.map((bin, column) => (bins.indexOf(bin) === column ? bin : undefined)),
  };
}

/** B of N = A · B: near the root of N, and whole in a frame and in a hop. */
function stride({ nFft, hopLength }: FrameSettings): number {
  const exponent = Math.log2(nFft);
  const B = Math.min(2 ** Math.floor(exponent / 2), greatestCommonDivisor(nFft, hopLength));
  if (exponent >= 6 && Number.isInteger(exponent) && B >= 8) return B;
  throw new MarsError(
    'CONFIG_INVALID',
    `nFft is ${nFft} and hopLength ${hopLength}; a model file takes a power of two, 64 or more, and a multiple of 8.`,
  );
}

/** The frames (batch, frames, b, a) of a waveform (batch, samples). */
function frames(waveform: Tensor, { nFft, hopLength }: FrameSettings, B: number): Tensor {
  // After the end as many zeros as the last frame needs: what stands beyond it is in no frame.
  const [beyond] = operator('Mod', [sizeAlong(1, waveform), indices([hopLength])], [[1]]);
  const widths = concat([indices([0, nFft / 2, 0]), sub(indices([nFft / 2]), beyond)], 0);
  const [padded] = operator('Pad', [waveform, widths, scalar(0)], [['batch', 'padded']]);

  // A frame is put together of pieces such that every hop is a whole number of them too.
  const size = greatestCommonDivisor(nFft, hopLength);
  const pieces = transpose(layOut(padded, [0, -1, size / B, B]), [0, 1, 3, 2]); // (batch, pieces, b, size / B)
  const count = nFft / size;
  const parts = upTo(count).map((first) => {
    const end = first + 1 - count || Number.MAX_SAFE_INTEGER;
    const bounds = [first, end, 1, hopLength / size].map((bound) => indices([bound]));
    return operator('Slice', [pieces, ...bounds], [['batch', 'frames', B, size / B]])[0];
  });
  return concat(parts, 3);
}

/** (batch · frames, columns) → (batch, frames, columns). */
function perRecording(x: Tensor, waveform: Tensor): Tensor {
  const width = x.shape[1];
  const shape = concat([sizeAlong(0, waveform), indices([-1, Number(width)])], 0);
  return operator('Reshape', [x, shape], [['batch', 'frames', width]])[0];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

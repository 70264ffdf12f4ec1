import { fromBinary } from '@bufbuild/protobuf';
import { constant, indices, input, operations, scalar, writeGraph, type Tensor } from '@mars/autograd';
import { ModelProtoSchema, type GraphProto } from 'onnx-buf';
import { along, cosine, layOut, matMul, sizeAlong, upTo } from '../front-end/kernels.ts';

/** Samples of a frame at 16 kHz, and of the previous frame that it is heard with. */
const FRAME = 512;
const CONTEXT = 64;

/** Samples of a window and of a hop: four windows in a frame, the last of which reaches into what is mirrored. */
const N_FFT = 256;
const HOP = 128;
const BINS = N_FFT / 2 + 1;
const WINDOWS = 4;

/** Numbers that the LSTM keeps of a frame for the next. */
const HIDDEN = 128;

/**
 * As 16-bit floats these weights, a fifth of all, would cost more than all others together: 8e-3 of probability where it
 * is now 1e-3.
 */
const WHOLE = /^encoder\.[123]\./;

const { add, cast, concat, mul, operator, relu, slice, split, sqrt, square, sub } = operations;

/** The weights by PyTorch's names, such as `encoder.0.reparam_conv.weight`. */
export type SileroWeights = ReadonlyMap<string, { data: Float32Array; shape: readonly number[] }>;

/**
 * The weights of the 16 kHz network in an original `silero_vad.onnx`, version 5 or 6: the `then` branch of its `If`
 * over the sampling rate, where they stand as `Constant` nodes.
 *
 * @throws RangeError when there is no such branch
 */
export function readSileroWeights(onnx: Uint8Array): SileroWeights {
  const { graph } = fromBinary(ModelProtoSchema, onnx);
  const branch = graph && thenBranch(graph);
  if (!branch) throw new RangeError('The file holds no network behind an If over the sampling rate.');
  const weights = new Map<string, { data: Float32Array; shape: number[] }>();
  for (const { opType, output, attribute } of branch.node) {
    const [value] = attribute;
    const name = /(?:encoder|decoder)\.\S*(?:weight|bias)\w*$/.exec(output[0])?.[0];
    if (opType !== 'Constant' || name === undefined || !value.t) continue;
    // Copied, for its place in the file need not be a multiple of four bytes.
    const { buffer } = new Uint8Array(value.t.rawData);
    weights.set(name, { data: new Float32Array(buffer), shape: value.t.dims.map(Number) });
  }
  return weights;
}

function thenBranch({ node }: GraphProto): GraphProto | undefined {
  const choice = node.find(({ opType }) => opType === 'If');
  return choice?.attribute.find(({ name }) => name === 'then_branch')?.g;
}

/**
 * Silero VAD's 16 kHz network, most weights as 16-bit floats, over a whole run of frames: spectrum and encoder of all
 * of them together, then one LSTM from frame to frame. The original takes a frame per call; the probabilities are the
 * same to 0.001.
 *
 * Inputs `samples` [64 + 512 · frames], of which the first 64 are the end of what came before, and `state` [2, 1, 128],
 * h and c; outputs `probabilities` [frames] and `nextState`.
 *
 * Source: https://github.com/snakers4/silero-vad
 */
export function writeSileroVad(weights: SileroWeights): Uint8Array {
  const read = reader(weights);
  const samples = input('samples', ['samples']);
  const state = input('state', [2, 1, HIDDEN]);

  let x = magnitudes(framed(samples)); // (frames, 4, 129)
  x = convolve(x, 1, read.kernel('encoder.0.reparam_conv', [0, 1, 2])); // (frames, 4, 128)
  x = convolve(x, 2, read.kernel('encoder.1.reparam_conv', [0, 1, 2])); // (frames, 2, 64)
  // Of the last two convolutions' three taps one and two meet nothing but padding.
  x = apply(layOut(x, [-1, 128]), read.kernel('encoder.2.reparam_conv', [1, 2])); // (frames, 64)
  x = apply(x, read.kernel('encoder.3.reparam_conv', [1])); // (frames, 128)

  const { sequence, nextState } = lstm(x, state, read);
  const voice = matMul(relu(sequence), read.weight('decoder.decoder.2.weight', [HIDDEN, 1])); // (frames, 1)
  const logits = add(voice, read.bias('decoder.decoder.2.bias'));
  const [probabilities] = operator('Sigmoid', [layOut(logits, [-1])], [['frames']]);
  return writeGraph({ probabilities, nextState }, { name: 'silero-vad' });
}

/** (frames, 576): each frame behind its 64 samples of context. */
function framed(samples: Tensor): Tensor {
  const starts = layOut(slice(samples, 0, 0, -CONTEXT), [-1, FRAME]);
  const ends = layOut(slice(samples, 0, CONTEXT, Number.MAX_SAFE_INTEGER), [-1, FRAME]);
  return concat([starts, slice(ends, 1, FRAME - CONTEXT, FRAME)], 1);
}

/** (frames, 4, 129): magnitudes of the short-time spectrum, the frame's end mirrored for the last window. */
function magnitudes(frames: Tensor): Tensor {
  const padding = indices([0, 0, 0, HOP / 2]);
  const [mirrored] = operator('Pad', [frames, padding], [['frames', HOP * (WINDOWS + 1)]], {
    mode: 'reflect',
  });
  const hops = layOut(mirrored, [-1, WINDOWS + 1, HOP]);
  const windows = concat([slice(hops, 1, 0, WINDOWS), slice(hops, 1, 1, WINDOWS + 1)], 2); // (frames, 4, 256)
  const [real, imaginary] = split(square(matMul(windows, basis())), [BINS, BINS], 2);
  return sqrt(add(real, imaginary));
}

/** (256, 258): cos and sin of 2π k n / 256 under a periodic Hann window. */
function basis(): Tensor {
  const n = along(0, upTo(N_FFT));
  const k = along(1, upTo(BINS));
  const phase = mul(n, k);
  const waves = concat([cosine(phase, N_FFT), cosine(sub(phase, indices([N_FFT / 4])), N_FFT)], 1);
  const hann = sub(scalar(0.5), mul(scalar(0.5), cosine(n, N_FFT)));
  return mul(waves, hann);
}

interface Kernel {
  /** (taps · channels in, channels out) */
  weight: Tensor;
  bias: Tensor;
}

/** A convolution of three taps over the few steps within each frame, zeros before and behind them: as one product. */
function convolve(x: Tensor, stride: number, kernel: Kernel): Tensor {
  const steps = Number(x.shape[1]);
  const last = stride * (Math.ceil(steps / stride) - 1);
  const padded = operations.pad(x, 1, 1, 1);
  const taps = [0, 1, 2].map((tap) => {
    const bounds = [tap, tap + last + 1, 1, stride].map((bound) => indices([bound]));
    return operator('Slice', [padded, ...bounds], [x.shape.with(1, last / stride + 1)])[0];
  });
  return apply(concat(taps, 2), kernel);
}

function apply(x: Tensor, { weight, bias }: Kernel): Tensor {
  return relu(add(matMul(x, weight), bias));
}

function lstm(x: Tensor, state: Tensor, { weight, bias }: Reader): { sequence: Tensor; nextState: Tensor } {
  const inputs = layOut(x, [-1, 1, HIDDEN]);
  // An int32, as the operator wants it.
  const [length] = operator('Cast', [sizeAlong(0, x)], [[1]], { to: 6 });
  const gates = ['weight_ih', 'weight_hh'].map((name) =>
    weight(`decoder.rnn.${name}`, [1, 4 * HIDDEN, HIDDEN]),
  );
  const biases = concat(
    ['bias_ih', 'bias_hh'].map((name) => bias(`decoder.rnn.${name}`)),
    0,
  );
  const [h, c] = split(state, [1, 1], 0);
  const one = [1, 1, HIDDEN];
  const [sequence, nextH, nextC] = operator(
    'LSTM',
    [inputs, ...gates, layOut(biases, [1, -1]), length, h, c],
    [['frames', ...one], one, one],
    { hidden_size: HIDDEN },
  );
  return { sequence: layOut(sequence, [-1, HIDDEN]), nextState: concat([nextH, nextC], 0) };
}

type Reader = ReturnType<typeof reader>;

/** The weights as constants, in the layouts that the operators read. */
function reader(weights: SileroWeights) {
  const stored = (name: string) => {
    const tensor = weights.get(name);
    if (!tensor) throw new RangeError(`There are no weights '${name}'.`);
    return name.startsWith('decoder.rnn.') ? { ...tensor, data: inOnnxOrder(tensor.data) } : tensor;
  };
  const half = (data: Float32Array, shape: readonly number[], name: string) =>
    WHOLE.test(name) ? constant(data, shape, name) : cast(constant(Float16Array.from(data), shape, name));
  const weight = (name: string, shape: readonly number[]) => half(stored(name).data, shape, name);
  const bias = (name: string) => {
    const { data, shape } = stored(name);
    return constant(data, shape, name);
  };
  /** The given taps of a convolution's weights (out, in, 3). */
  const kernel = (name: string, taps: readonly number[]): Kernel => {
    const { data, shape } = stored(`${name}.weight`);
    const [channelsOut, channelsIn, width] = shape;
    const laidOut = new Float32Array(taps.length * channelsIn * channelsOut);
    let place = 0;
    for (const tap of taps) {
      for (let i = 0; i < channelsIn; i++) {
        for (let o = 0; o < channelsOut; o++) laidOut[place++] = data[(o * channelsIn + i) * width + tap];
      }
    }
    return {
      weight: half(laidOut, [taps.length * channelsIn, channelsOut], `${name}.weight`),
      bias: bias(`${name}.bias`),
    };
  };
  return { weight, bias, kernel };
}

/** PyTorch's gates are input, forget, cell, output; ONNX's are input, output, forget, cell. */
function inOnnxOrder(gates: Float32Array): Float32Array {
  const size = gates.length / 4;
  const ordered = new Float32Array(gates.length);
  for (const [place, gate] of [0, 3, 1, 2].entries()) {
    ordered.set(gates.subarray(gate * size, (gate + 1) * size), place * size);
  }
  return ordered;
}

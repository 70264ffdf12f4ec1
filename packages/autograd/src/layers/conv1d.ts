import { filled, heNormal } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import {
  add,
  columnSum,
  gather,
  gemm,
  operator,
  pad,
  reshape,
  transpose,
  withGradient,
} from '../operations.ts';
import { staticShape, type Tensor } from '../tensor.ts';
import { filterTiles, isFilterable } from './minimal-filtering.ts';

export interface Conv1dOptions {
  inChannels: number;
  outChannels: number;
  /** Odd, so that the output lies on the input's frames. */
  kernelSize: number;
  /** Left out before a normalisation, which would take it away again. Default true. */
  bias?: boolean;
}

/**
 * Convolution over time with zero padding that keeps the length: (B, T, inChannels) → (B, T, outChannels).
 * `weight` is [outChannels, kernelSize, inChannels]: PyTorch's `Conv1d` weight with its last two axes exchanged, so
 * that a row is one flattened window.
 */
export function conv1d({ inChannels, outChannels, kernelSize, bias = true }: Conv1dOptions): Layer {
  if (kernelSize % 2 === 0) throw new RangeError(`conv1d needs an odd kernelSize; ${kernelSize} came.`);
  return {
    parameters: {
      weight: { shape: [outChannels, kernelSize, inChannels], initialise: heNormal },
      ...(bias && { bias: { shape: [outChannels], initialise: filled(0), decay: false } }),
    },
    forward: (x, { parameter, training }) => {
      const weight = parameter('weight');
      const offset = bias ? parameter('bias') : undefined;
      if (!training) return fused(x, weight, offset);
      if (!isFilterable(kernelSize)) return unfoldAndMultiply(x, weight, offset);
      const y = filterTiles(x, weight);
      return offset ? add(y, offset) : y;
    },
  };
}

/**
 * One matrix product over all windows (im2col). The gradient of the weights is another one; that of the input is
 * again a convolution, of the upstream gradient with the kernel turned round.
 */
function unfoldAndMultiply(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outChannels, kernelSize, inChannels] = staticShape(weight);
  const [batch, frames] = staticShape(x);
  const windows = unfold(x, kernelSize);
  const flatWeight = reshape(weight, [outChannels, kernelSize * inChannels]);
  const y = reshape(gemm(windows, flatWeight, { transB: true, bias }), [batch, frames, outChannels]);
  return withGradient(y, bias ? [x, weight, bias] : [x, weight], (upstream) => {
    const g = reshape(upstream, [batch * frames, outChannels]);
    const backwards = Array.from({ length: kernelSize }, (_, k) => kernelSize - 1 - k);
    const turned = transpose(gather(weight, backwards, 1), [2, 1, 0]); // (C, K, O)
    return [
      unfoldAndMultiply(upstream, turned),
      reshape(gemm(g, windows, { transA: true }), staticShape(weight)),
      bias && columnSum(g),
    ];
  });
}

/** All windows of kernelSize frames, zeros beyond the ends, one per row: (B, T, C) → (B·T, K·C). */
function unfold(x: Tensor, kernelSize: number): Tensor {
  const [, frames, channels] = staticShape(x);
  const half = (kernelSize - 1) / 2;
  const starts = Array.from({ length: frames }, (_, t) =>
    Array.from({ length: kernelSize }, (_, k) => t + k),
  );
  return reshape(gather(pad(x, 1, half, half), starts, 1), [-1, kernelSize * channels]);
}

/** ONNX's own Conv, which works channels-first: (B, C, T). */
function fused(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outChannels, kernelSize] = staticShape(weight);
  const half = (kernelSize - 1) / 2;
  const channelsFirst = transpose(x, [0, 2, 1]);
  const inputs = [channelsFirst, transpose(weight, [0, 2, 1]), ...(bias ? [bias] : [])];
  const [y] = operator('Conv', inputs, [channelsFirst.shape.with(1, outChannels)], { pads: [half, half] });
  return transpose(y, [0, 2, 1]);
}

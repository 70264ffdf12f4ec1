import { filled, heNormal } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import {
  columnSum,
  gather,
  matmul,
  operator,
  reshape,
  slice,
  sum,
  transpose,
  withGradient,
} from '../operations.ts';
import { constant, staticShape, type Dimension, type Tensor } from '../tensor.ts';

export interface Conv2dOptions {
  inChannels: number;
  outChannels: number;
  /** Height and width of the kernel. */
  kernelSize: number;
  /** Along both axes. Default 1. */
  stride?: number;
  /** 1: every channel sees all others. As many as channels: each sees itself alone ("depthwise"). Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/**
 * Convolution over maps with TensorFlow's "SAME" padding (an odd line of it at the end):
 * (B, inChannels, H, W) → (B, outChannels, ⌈H / stride⌉, ⌈W / stride⌉). `weight` is [outChannels, inChannels / groups,
 * kernelSize, kernelSize] as in PyTorch's `Conv2d`. H and W may mean what they like; it trains fastest with the longer
 * axis last.
 *
 * @throws RangeError for groups that are neither 1 nor as many as inChannels and outChannels.
 * @example
 * const separable = network({
 *   depthwise: conv2d({ inChannels: 128, outChannels: 128, kernelSize: 3, stride: 2, groups: 128 }),
 *   act1: activation('relu6'),
 *   pointwise: conv2d({ inChannels: 128, outChannels: 256, kernelSize: 1 }),
 *   act2: activation('relu6'),
 * });
 */
export function conv2d({
  inChannels,
  outChannels,
  kernelSize,
  stride = 1,
  groups = 1,
  bias = true,
}: Conv2dOptions): Layer {
  if (groups !== 1 && (groups !== inChannels || groups !== outChannels)) {
    throw new RangeError(
      `conv2d takes 1 group, or as many as channels; ${groups} came for ${inChannels} → ${outChannels} channels.`,
    );
  }
  const shape = [outChannels, inChannels / groups, kernelSize, kernelSize];
  return {
    parameters: {
      weight: { shape, initialise: heNormal },
      ...(bias && { bias: { shape: [outChannels], initialise: filled(0), decay: false } }),
    },
    forward: (x, { parameter }) => {
      if (x.shape.length !== 4 || x.shape[1] !== inChannels) {
        throw new RangeError(`conv2d needs [B, ${inChannels}, H, W]; [${x.shape.join(', ')}] came.`);
      }
      return convolve(x, parameter('weight'), bias ? parameter('bias') : undefined, { stride, groups });
    },
  };
}

interface Grid {
  stride: number;
  groups: number;
}

function convolve(x: Tensor, weight: Tensor, bias: Tensor | undefined, { stride, groups }: Grid): Tensor {
  const [batch, , height, width] = x.shape;
  const [outChannels, , kernelSize] = staticShape(weight);
  const shape = [batch, outChannels, strided(height, stride), strided(width, stride)];
  const inputs = bias ? [x, weight, bias] : [x, weight];
  const [y] = operator('Conv', inputs, [shape], {
    auto_pad: 'SAME_UPPER',
    kernel_shape: [kernelSize, kernelSize],
    strides: [stride, stride],
    group: groups,
  });
  return withGradient(y, inputs, (g) => [
    byInput(g, x, weight, { stride, groups }),
    byWeight(g, x, weight, { stride, groups }),
    bias && columnSum(sum(g, [2, 3])),
  ]);
}

/** The upstream gradient spread by the kernel. With stride 1 it is a convolution again, which is faster. */
function byInput(g: Tensor, x: Tensor, weight: Tensor, { stride, groups }: Grid): Tensor {
  const [outChannels, perGroup, kernelSize] = staticShape(weight);
  const [before, after] = padding(x, kernelSize, stride);
  if (stride > 1) {
    const reached = (axis: number) => (staticShape(g)[axis] - 1) * stride + kernelSize;
    const [dx] = operator('ConvTranspose', [g, weight], [x.shape], {
      pads: [...before, ...after],
      strides: [stride, stride],
      output_padding: [2, 3].map((axis, i) => staticShape(x)[axis] - reached(axis) + before[i] + after[i]),
      group: groups,
    });
    return dx;
  }
  const area = kernelSize ** 2;
  const backwards = Array.from({ length: area }, (_, k) => area - 1 - k);
  const turned = gather(reshape(weight, [outChannels, perGroup, area]), backwards, 2);
  const exchanged = groups === 1 ? transpose(turned, [1, 0, 2]) : turned;
  const kernel = reshape(exchanged, [staticShape(x)[1], outChannels / groups, kernelSize, kernelSize]);
  const rest = [...before, ...after].map((lines) => kernelSize - 1 - lines);
  return operator('Conv', [g, kernel], [x.shape], { pads: rest, group: groups })[0];
}

/** Σ over clips and places of upstream gradient · input, the input shifted by each tap of the kernel. */
function byWeight(g: Tensor, x: Tensor, weight: Tensor, { stride, groups }: Grid): Tensor {
  const [outChannels, inChannels, kernelSize] = staticShape(weight);
  if (groups > 1) return byDepthwiseWeight(g, x, kernelSize, stride);
  if (kernelSize === 1 && stride === 1) {
    const [batch] = staticShape(x);
    const perClip = matmul(
      reshape(g, [batch, outChannels, -1]),
      transpose(reshape(x, [batch, inChannels, -1]), [0, 2, 1]),
    );
    return reshape(columnSum(reshape(perClip, [batch, -1])), [outChannels, inChannels, 1, 1]);
  }
  // A convolution of the input by the gradient, in which the clips are what is summed over.
  const [before, after] = padding(x, kernelSize, stride);
  const clipsInside = (tensor: Tensor) => transpose(tensor, [1, 0, 2, 3]);
  const taps = correlate(clipsInside(x), clipsInside(g), { before, after, stride, groups: 1 });
  return transpose(slice(slice(taps, 2, 0, kernelSize), 3, 0, kernelSize), [1, 0, 2, 3]);
}

/**
 * The shifts along the width come from a convolution of every line of the input by every line of the gradient
 * (of the same clip and channel); those along the height are the pairs of lines that the kernel brings together.
 * Nine products shifted along both axes, or products of unfolded windows, take longer.
 */
function byDepthwiseWeight(g: Tensor, x: Tensor, kernelSize: number, stride: number): Tensor {
  const [batch, channels, height, width] = staticShape(x);
  const [, , outHeight, outWidth] = staticShape(g);
  const [before, after] = padding(x, kernelSize, stride);
  const pairs = correlate(
    reshape(x, [1, batch * channels, height, width]),
    reshape(g, [batch * channels * outHeight, 1, 1, outWidth]),
    { before: [0, before[1]], after: [0, after[1]], stride, groups: batch * channels },
  );
  const taps = slice(pairs, 3, 0, kernelSize); // (1, B · C · outHeight, height, kernelSize)
  const overClips = columnSum(reshape(taps, [batch, -1]));
  const brought = new Float32Array(kernelSize * outHeight * height);
  for (let tap = 0; tap < kernelSize; tap += 1) {
    for (let line = 0; line < outHeight; line += 1) {
      const from = line * stride + tap - before[0];
      if (from >= 0 && from < height) brought[(tap * outHeight + line) * height + from] = 1;
    }
  }
  const [taken] = operator(
    'MatMul',
    [
      constant(brought, [kernelSize, outHeight * height]),
      reshape(overClips, [channels, outHeight * height, kernelSize]),
    ],
    [[channels, kernelSize, kernelSize]],
  );
  return reshape(taken, [channels, 1, kernelSize, kernelSize]);
}

interface Correlation extends Grid {
  before: readonly number[];
  after: readonly number[];
}

/** x convolved by the maps of g, whose pixels lie `stride` apart. */
function correlate(x: Tensor, g: Tensor, { before, after, stride, groups }: Correlation): Tensor {
  const [samples, , ...size] = staticShape(x);
  const [maps, , ...extent] = staticShape(g);
  const places = size.map((length, i) => length + before[i] + after[i] - (extent[i] - 1) * stride);
  return operator('Conv', [x, g], [[samples, maps, ...places]], {
    pads: [...before, ...after],
    dilations: [stride, stride],
    group: groups,
  })[0];
}

/** Lines of "SAME" padding before and after, along height and width. */
function padding(x: Tensor, kernelSize: number, stride: number): [before: number[], after: number[]] {
  const totals = staticShape(x)
    .slice(2)
    .map((size) => Math.max((Math.ceil(size / stride) - 1) * stride + kernelSize - size, 0));
  return [totals.map((total) => Math.floor(total / 2)), totals.map((total) => Math.ceil(total / 2))];
}

function strided(size: Dimension, stride: number): Dimension {
  if (typeof size === 'number') return Math.ceil(size / stride);
  return stride === 1 ? size : `${size}/${stride}`;
}

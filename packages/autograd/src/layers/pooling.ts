import type { Layer } from '../network.ts';
import { maximum, mean, operator, reshape, slice, split, transpose } from '../operations.ts';
import { axisSize, type Tensor } from '../tensor.ts';

/**
 * Largest value of every `size` frames: (B, T, C) → (B, ⌊T / size⌋, C), as PyTorch's `MaxPool1d(size)`. A rest of fewer
 * frames is left out; of equal values the first gets the gradient.
 */
export function maxPool1d(size: number): Layer {
  return {
    forward: (x, { training }) => (training ? groupFrames(x, size, pickLargest) : fused('MaxPool', x, size)),
  };
}

/**
 * Mean of every `size` frames: (B, T, C) → (B, ⌊T / size⌋, C), as PyTorch's `AvgPool1d(size)`. A rest of fewer frames is
 * left out.
 */
export function avgPool1d(size: number): Layer {
  return {
    forward: (x, { training }) =>
      training ? groupFrames(x, size, (groups) => mean(groups, [2])) : fused('AveragePool', x, size),
  };
}

/** Mean over all frames, however many: (B, T, C) → (B, C), as PyTorch's `AdaptiveAvgPool1d(1)`. */
export function globalAvgPool1d(): Layer {
  return {
    forward: (x, { training }) => {
      if (training) return mean(x, [1]);
      const [batch, , channels] = x.shape;
      return operator('ReduceMean', [x], [[batch, channels]], { axes: [1], keepdims: 0 })[0];
    },
  };
}

/** Applies `reduce` to the frames as groups (B, ⌊T / size⌋, size, C). */
function groupFrames(x: Tensor, size: number, reduce: (groups: Tensor) => Tensor): Tensor {
  const [batch, , channels] = x.shape;
  const steps = Math.floor(axisSize(x, 1) / size);
  if (steps === 0) throw new RangeError(`Pooling by ${size} needs ${size} frames; ${axisSize(x, 1)} came.`);
  return reduce(reshape(slice(x, 1, 0, steps * size), [batch, steps, size, channels]));
}

function pickLargest(groups: Tensor): Tensor {
  const [batch, steps, size, channels] = groups.shape;
  const frames = split(
    groups,
    Array.from({ length: size as number }, () => 1),
    2,
  );
  const largest = frames.reduce((best, frame) => maximum(best, frame));
  return reshape(largest, [batch, steps, channels]);
}

function fused(name: 'MaxPool' | 'AveragePool', x: Tensor, size: number): Tensor {
  const channelsFirst = transpose(x, [0, 2, 1]);
  const frames = channelsFirst.shape[2];
  const steps = typeof frames === 'number' ? Math.floor(frames / size) : `${frames}/${size}`;
  const [y] = operator(name, [channelsFirst], [channelsFirst.shape.with(2, steps)], {
    kernel_shape: [size],
    strides: [size],
  });
  return transpose(y, [0, 2, 1]);
}

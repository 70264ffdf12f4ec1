import { filled } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import {
  add,
  columnSum,
  div,
  mean,
  mul,
  operator,
  reciprocal,
  reshape,
  sqrt,
  sub,
  withGradient,
} from '../operations.ts';
import { axisSize, scalar, sizeOf, type Tensor } from '../tensor.ts';

interface NormalizationOptions {
  eps?: number;
}

/**
 * Batch normalisation of each channel (last axis) over all other axes: Ioffe & Szegedy 2015. As PyTorch's
 * `BatchNorm1d`, running statistics move by `momentum` and hold the unbiased variance. (..., C) → (..., C).
 *
 * @throws RangeError when a training batch has a single row, which has no variance.
 */
export function batchNorm1d(
  channels: number,
  { eps = 1e-5, momentum = 0.1 }: NormalizationOptions & { momentum?: number } = {},
): Layer {
  return {
    parameters: gainAndBias(channels),
    buffers: { running_mean: { shape: [channels], value: 0 }, running_var: { shape: [channels], value: 1 } },
    forward: (x, { training, parameter, buffer, updateBuffer }) => {
      const weight = parameter('weight');
      const bias = parameter('bias');
      if (!training) {
        const gain = div(weight, sqrt(add(buffer('running_var'), scalar(eps))));
        return add(mul(x, gain), sub(bias, mul(buffer('running_mean'), gain)));
      }
      const rows = reshape(x, [-1, channels]); // (N, C)
      const count = axisSize(rows, 0);
      if (count < 2) throw new RangeError('Batch normalisation needs more than one row to train on; 1 came.');
      const { output, mean: batchMean, variance } = normaliseColumns(rows, weight, bias, eps);
      const move = (old: Tensor, latest: Tensor) =>
        add(mul(old, scalar(1 - momentum)), mul(latest, scalar(momentum)));
      updateBuffer('running_mean', move(buffer('running_mean'), batchMean));
      updateBuffer('running_var', move(buffer('running_var'), mul(variance, scalar(count / (count - 1)))));
      return reshape(output, x.shape);
    },
  };
}

/** y = (x − mean) / √(variance + eps) · weight + bias over the rows of (N, C), with the gradient in closed form. */
function normaliseColumns(x: Tensor, weight: Tensor, bias: Tensor, eps: number) {
  const perRow = scalar(1 / axisSize(x, 0));
  const batchMean = mul(columnSum(x), perRow);
  const centred = sub(x, batchMean);
  const variance = mul(columnSum(mul(centred, centred)), perRow);
  const inverse = reciprocal(sqrt(add(variance, scalar(eps))));
  const gain = mul(weight, inverse);
  const output = withGradient(add(mul(centred, gain), bias), [x, weight, bias], (g) => {
    // Ioffe & Szegedy 2015, section 3, with the sums over N taken first.
    const sumOfG = columnSum(g);
    const sumOfGX = mul(columnSum(mul(g, centred)), inverse); // Σ g·x̂
    const slope = mul(mul(sumOfGX, inverse), perRow);
    const byX = mul(sub(sub(g, mul(sumOfG, perRow)), mul(centred, slope)), gain);
    return [byX, sumOfGX, sumOfG];
  });
  return { output, mean: batchMean, variance };
}

/** Layer normalisation over the last axis: Ba et al. 2016, eq. 4, as PyTorch's `LayerNorm(features)`. */
export function layerNorm(features: number, { eps = 1e-5 }: NormalizationOptions = {}): Layer {
  return {
    parameters: gainAndBias(features),
    forward: (x, { parameter }) => {
      const weight = parameter('weight');
      const bias = parameter('bias');
      const statistics = [...x.shape.slice(0, -1), 1];
      const [y, , inverse] = operator(
        'LayerNormalization',
        [x, weight, bias],
        [x.shape, statistics, statistics],
        {
          axis: -1,
          epsilon: { float: eps },
        },
      );
      return withGradient(y, [x, weight, bias], (g) => {
        const normalised = mul(sub(x, mean(x, [-1], true)), inverse);
        const byNormalised = mul(g, weight);
        const spread = mean(mul(byNormalised, normalised), [-1], true);
        const byX = mul(
          sub(sub(byNormalised, mean(byNormalised, [-1], true)), mul(normalised, spread)),
          inverse,
        );
        const rows = (value: Tensor) => reshape(value, [sizeOf(value) / features, features]);
        return [byX, columnSum(rows(mul(g, normalised))), columnSum(rows(g))];
      });
    },
  };
}

function gainAndBias(size: number) {
  return {
    weight: { shape: [size], initialise: filled(1), decay: false },
    bias: { shape: [size], initialise: filled(0), decay: false },
  };
}

import { add, div, logSoftmax, mul, neg, sub, sum } from './operations.ts';
import { axisSize, constant, scalar, type Tensor } from './tensor.ts';

export interface CrossEntropyOptions {
  /** Share of the target that is spread evenly over all classes: Szegedy et al. 2016. Default 0. */
  labelSmoothing?: number;
  /**
   * One weight per class; the mean over the batch is weighted by them, as PyTorch's `CrossEntropyLoss` does for class
   * indices. (For mixtures PyTorch divides by the number of rows instead; here they are weighted alike.)
   */
  classWeights?: readonly number[];
  /**
   * (B, L) of 1 and 0: the classes that a row may be. The others are left out of its softmax, so that they are neither
   * right nor wrong: what is not labelled somewhere is not absent there.
   */
  allowed?: Tensor;
}

/**
 * Softmax cross-entropy of logits (B, L) against target distributions (B, L) (one-hot rows, or mixtures): a scalar, in
 * nats.
 *
 * @throws RangeError when there is not one class weight per label.
 * @example
 * const loss = softmaxCrossEntropy(logits, input('targets', [64, 8]), { labelSmoothing: 0.1 });
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0, classWeights, allowed }: CrossEntropyOptions = {},
): Tensor {
  const possible = allowed ? add(logits, mul(sub(allowed, scalar(1)), scalar(1e9))) : logits;
  const even = allowed ? div(allowed, sum(allowed, [1], true)) : scalar(1 / axisSize(logits, 1));
  const smoothed =
    labelSmoothing > 0
      ? add(mul(targets, scalar(1 - labelSmoothing)), mul(even, scalar(labelSmoothing)))
      : targets;
  if (!classWeights)
    return mul(sum(mul(smoothed, neg(logSoftmax(possible)))), scalar(1 / axisSize(logits, 0)));
  const weights = constant(Float32Array.from(classWeights), [1, axisSize(logits, 1)]);
  const total = neg(sum(mul(mul(smoothed, weights), logSoftmax(possible))));
  return div(total, sum(mul(targets, weights)));
}

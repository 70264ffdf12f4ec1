import type { Layer } from '../network.ts';
import { cast, greater, mul } from '../operations.ts';
import { scalar, staticShape } from '../tensor.ts';

/**
 * Sets each value to 0 with the given probability and scales the rest by 1 / (1 − probability), in training only:
 * Srivastava et al. 2014, in the inverted form of PyTorch's `Dropout`. Any shape.
 *
 * @throws RangeError when `probability` does not lie in [0, 1).
 */
export function dropout(probability: number): Layer {
  return masking(probability, (shape) => shape);
}

/**
 * Dropout of whole channels of (B, T, C): Tompson et al. 2015, PyTorch's `Dropout1d` (which is channels-first).
 *
 * @throws RangeError when `probability` does not lie in [0, 1).
 */
export function channelDropout(probability: number): Layer {
  return masking(probability, ([batch, , channels]) => [batch, 1, channels]);
}

function masking(
  probability: number,
  maskShape: (shape: readonly number[]) => number[] | readonly number[],
): Layer {
  if (!(probability >= 0 && probability < 1)) {
    throw new RangeError(`A dropout probability lies in [0, 1); ${probability} came.`);
  }
  return {
    forward: (x, { training, uniform }) => {
      if (!training || probability === 0) return x;
      const kept = cast(greater(uniform(maskShape(staticShape(x))), scalar(probability)));
      return mul(x, mul(kept, scalar(1 / (1 - probability))));
    },
  };
}

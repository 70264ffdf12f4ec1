import { filled, glorotUniform } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import { exp, linear, mul, neg, reshape, square, sub, sum } from '../operations.ts';
import { scalar } from '../tensor.ts';

/**
 * How near each row is to each of so many centres, scikit-learn's `rbf_kernel`: (B, inFeatures) → (B, centres),
 * exp(-gamma · |x - centre|²). `weight` [centres, inFeatures], `gamma` [1].
 *
 * @example
 * const machine = network({ kernel: rbfKernel({ inFeatures: 64, centres: 500 }), output: dense({ inFeatures: 500, outFeatures: 8 }) });
 */
export function rbfKernel({ inFeatures, centres }: { inFeatures: number; centres: number }): Layer {
  return {
    parameters: {
      weight: { shape: [centres, inFeatures], initialise: glorotUniform },
      gamma: { shape: [1], initialise: filled(1 / inFeatures), decay: false },
    },
    forward(x, { parameter }) {
      const weight = parameter('weight');
      // |x - c|² = |x|² - 2 x·c + |c|²
      const lengths = sum(square(x), [1], true); // (B, 1)
      const ofCentres = reshape(sum(square(weight), [1]), [1, centres]);
      const distances = sub(lengths, sub(mul(scalar(2), linear(x, weight)), ofCentres)); // (B, centres)
      return exp(neg(mul(parameter('gamma'), distances)));
    },
  };
}

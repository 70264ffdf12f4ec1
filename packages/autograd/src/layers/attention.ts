import { filled, glorotUniform } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import { linear, mul, reshape, softmax, sum, tanh } from '../operations.ts';
import { operator } from '../operations.ts';
import { indices } from '../tensor.ts';

/**
 * Additive attention pooling (Bahdanau et al. 2015; with a learned context vector as in Yang et al. 2016, eq. 5-7):
 * (B, T, features) → (B, features). `attention` (B, T), each row summing to 1, is exposed.
 */
export function additiveAttention({ features, units }: { features: number; units: number }): Layer {
  return {
    parameters: {
      weight: { shape: [units, features], initialise: glorotUniform },
      bias: { shape: [units], initialise: filled(0), decay: false },
      context: { shape: [1, units], initialise: glorotUniform },
    },
    forward: (x, { parameter, expose, training }) => {
      const hidden = tanh(linear(x, parameter('weight'), parameter('bias'))); // (B, T, units)
      const weights = softmax(linear(hidden, parameter('context')), 1); // (B, T, 1)
      const [batch, frames] = x.shape;
      expose(
        'attention',
        training
          ? reshape(weights, [batch, frames])
          : operator('Squeeze', [weights, indices([2])], [[batch, frames]])[0],
      );
      return sum(mul(x, weights), [1]);
    },
  };
}

import { filled, glorotUniform } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import { linear, relu, relu6, sigmoid, tanh } from '../operations.ts';

/**
 * A fully connected layer over the last axis: [..., inFeatures] → [..., outFeatures].
 * `weight` [outFeatures, inFeatures] and `bias` [outFeatures] as in PyTorch's `Linear`.
 */
export function dense({ inFeatures, outFeatures }: { inFeatures: number; outFeatures: number }): Layer {
  return {
    parameters: {
      weight: { shape: [outFeatures, inFeatures], initialise: glorotUniform },
      bias: { shape: [outFeatures], initialise: filled(0), decay: false },
    },
    forward: (x, { parameter }) => linear(x, parameter('weight'), parameter('bias')),
  };
}

const FUNCTIONS = { relu, relu6, sigmoid, tanh };

/** An elementwise function as a layer. */
export function activation(name: keyof typeof FUNCTIONS): Layer {
  return { forward: (x) => FUNCTIONS[name](x) };
}

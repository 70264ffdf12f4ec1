import { add, div, mul, operator, sqrt, square, sub, sum } from './operations.ts';
import { constant, input, scalar, type Tensor } from './tensor.ts';

/**
 * An optimiser as a plain value: what it remembers from step to step, what it is told at each step, and the update
 * of one flat parameter vector as symbolic operations.
 */
export interface Optimiser {
  /** Flat vectors as long as the parameters, zero at the start, by name. */
  readonly moments: readonly string[];
  /** The scalars that a step is fed, from the number of the step (1, 2, …) and its learning rate. */
  scalars(step: number, learningRate: number): Record<string, number>;
  update(parameters: Tensor, gradients: Tensor, moments: Record<string, Tensor>): Update;
}

export interface Update {
  parameters: Tensor;
  moments: Record<string, Tensor>;
}

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  eps?: number;
  /** Decoupled, as in AdamW: per step the parameters shrink by learningRate · weightDecay. */
  weightDecay?: number;
  /** 1 where weight decay applies, else 0: as long as the parameter vector (`decayMask`). */
  decayMask?: Float32Array;
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1) and, with `weightDecay`, AdamW (Loshchilov & Hutter 2019, algorithm 2), with
 * PyTorch's defaults but no weight decay.
 *
 * @example
 * const optimiser = adam({ weightDecay: 0.01, decayMask: decayMask(model) });
 */
export function adam({
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-8,
  weightDecay = 0,
  decayMask,
}: AdamOptions = {}): Optimiser {
  return {
    moments: ['moment1', 'moment2'],
    scalars: (step, learningRate) => ({
      stepSize: learningRate / (1 - beta1 ** step),
      inverseBias2: 1 / Math.sqrt(1 - beta2 ** step),
      ...(weightDecay > 0 && { shrink: learningRate * weightDecay }),
    }),
    update: (parameters, gradients, moments) => {
      const moment1 = add(mul(moments.moment1, scalar(beta1)), mul(gradients, scalar(1 - beta1)));
      const moment2 = add(mul(moments.moment2, scalar(beta2)), mul(square(gradients), scalar(1 - beta2)));
      const scale = add(mul(sqrt(moment2), input('inverseBias2', [])), scalar(eps));
      let start = parameters;
      if (weightDecay > 0) {
        const shrink = input('shrink', []);
        const where = decayMask && constant(decayMask, [decayMask.length]);
        start = sub(parameters, mul(parameters, where ? mul(where, shrink) : shrink));
      }
      const stepSize = input('stepSize', []);
      return {
        parameters: sub(start, mul(div(moment1, scale), stepSize)),
        moments: { moment1, moment2 },
      };
    },
  };
}

/**
 * Gradients scaled down so that their Euclidean norm is at most `maxNorm`: Pascanu et al. 2013, algorithm 1, as
 * PyTorch's `clip_grad_norm_`.
 */
export function clipByNorm(gradients: Tensor, maxNorm: number): Tensor {
  const norm = sqrt(sum(square(gradients)));
  const scale = div(scalar(maxNorm), add(norm, scalar(1e-6)));
  return mul(gradients, operator('Min', [scale, scalar(1)], [[]])[0]);
}

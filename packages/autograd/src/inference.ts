import { writeGraph, type GraphOptions } from './graph.ts';
import {
  forward,
  unflatten,
  unflattenConstants,
  vectorSize,
  type Forward,
  type Network,
  type WeightType,
} from './network.ts';
import { input, type Shape, type Tensor } from './tensor.ts';

export interface Weights {
  /** All parameters as one vector, in the network's order. */
  parameters: Float32Array;
  /** All buffers as one vector. */
  buffers: Float32Array;
}

/**
 * The network as a graph for use: no dropout, running statistics, fused operators, and any axis that `input` leaves
 * open. The weights are stored in it.
 * `build` turns the forward pass into the outputs of the file.
 *
 * @throws RangeError when the weights are not as many as the network's.
 * @example
 * const file = writeInferenceGraph(model, weights, {
 *   x: input('mfcc', ['batch', 'frames', 40]),
 *   build: ({ output, exposed }) => ({ scores: operations.softmax(output), attention: exposed.attention }),
 *   metadata: { labels: '["calm","happy"]' },
 * });
 */
export function writeInferenceGraph(
  network: Network,
  weights: Weights,
  { x, preprocess = (tensor) => tensor, build, weightTypeOf, ...options }: InferenceOptions,
): Uint8Array {
  const pass = forward(network, preprocess(x), {
    training: false,
    parameters: unflattenConstants(weights.parameters, network.parameters, weightTypeOf),
    buffers: unflattenConstants(weights.buffers, network.buffers),
  });
  return writeGraph(build(pass), options);
}

export interface InferenceOptions extends GraphOptions {
  x: Tensor;
  /** What is done with the input before the network sees it. */
  preprocess?: (x: Tensor) => Tensor;
  build: (pass: Forward) => Record<string, Tensor>;
  /** Of each parameter, by its name: 'float32' unless the file must be small. */
  weightTypeOf?: (name: string) => WeightType;
}

/**
 * The same graph with the flat vectors `parameters` and `buffers` as inputs: for evaluating while training goes on,
 * without writing a file for every epoch. Inputs `x` (of `shape`), `parameters` and, where the network has any,
 * `buffers`; output `logits`.
 */
export function writeEvaluationGraph(network: Network, shape: Shape): Uint8Array {
  const pass = forward(network, input('x', shape), {
    training: false,
    parameters: unflatten(input('parameters', [vectorSize(network.parameters)]), network.parameters),
    buffers: unflatten(input('buffers', [vectorSize(network.buffers)]), network.buffers),
  });
  return writeGraph({ logits: pass.output }, { name: 'evaluation' });
}

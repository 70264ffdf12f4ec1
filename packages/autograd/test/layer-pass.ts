import { gradient } from '../src/gradient.ts';
import { forward, network, type Layer } from '../src/network.ts';
import { mul, sum } from '../src/operations.ts';
import { createRandom } from '../src/random.ts';
import { input, type Shape } from '../src/tensor.ts';
import { evaluate, volume, type Feed, type Result } from './evaluate.ts';
import type { LayerCase, Values } from './pytorch.ts';

export interface PassOptions {
  x: Values;
  parameters?: Record<string, Values>;
  buffers?: Record<string, Values>;
  training: boolean;
  /** The gradient of the loss by y: asks for those by x and the parameters. */
  upstream?: Values;
  /** Shape of x in the graph, where axes are left open. */
  shape?: Shape;
  seed?: string;
}

export interface Pass {
  y: Result;
  gradients: Record<string, Result>;
  buffers: Record<string, Result>;
  exposed: Record<string, Result>;
}

/** One layer, by itself, in ONNX Runtime. */
export async function passThrough(
  layer: Layer,
  { x, parameters = {}, buffers = {}, training, upstream, shape = x.shape, seed = 'dropout' }: PassOptions,
): Promise<Pass> {
  const feeds: Record<string, Feed> = { x: x };
  const tensors = (values: Record<string, Values>) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        feeds[name] = value;
        return [`layer.${name}`, input(name, value.shape)];
      }),
    );
  const random = createRandom(seed);
  const start = input('x', shape);
  const weights = tensors(parameters);
  const pass = forward(network({ layer }), start, {
    training,
    parameters: weights,
    buffers: tensors(buffers),
    uniform: (drawn) => {
      const size = volume(drawn as number[]);
      feeds.uniform = { values: Array.from({ length: size }, random.next), shape: drawn as number[] };
      return input('uniform', drawn);
    },
  });

  const outputs: Record<string, typeof start> = { y: pass.output };
  for (const [name, tensor] of Object.entries(pass.buffers)) outputs[`buffer ${name}`] = tensor;
  for (const [name, tensor] of Object.entries(pass.exposed)) outputs[`exposed ${name}`] = tensor;
  if (upstream) {
    feeds.upstream = upstream;
    const loss = sum(mul(pass.output, input('upstream', upstream.shape)));
    const wrt = { x: start, ...weights };
    const derivatives = gradient(loss, Object.values(wrt));
    for (const [i, name] of Object.keys(wrt).entries()) outputs[`gradient ${name}`] = derivatives[i];
  }
  const results = await evaluate(outputs, feeds);
  const named = (kind: string) =>
    Object.fromEntries(
      Object.entries(results)
        .filter(([name]) => name.startsWith(`${kind} `))
        .map(([name, result]) => [name.slice(kind.length + 1).replace('layer.', ''), result]),
    );
  return {
    y: results.y,
    gradients: named('gradient'),
    buffers: named('buffer'),
    exposed: named('exposed'),
  };
}

/** All that a layer gives, in the training graph and in the one for use, and what PyTorch gives for it. */
export async function besidePyTorch(layer: Layer, reference: LayerCase) {
  const { x, parameters, y, upstream, gradients } = reference;
  const training = await passThrough(layer, { x, parameters, upstream, training: true });
  const inference = await passThrough(layer, { x, parameters, training: false });
  const received = { y: training.y, 'y for use': inference.y, ...training.gradients };
  const expected = { y, 'y for use': y, ...gradients };
  return { received, expected };
}

/** What float32 leaves of PyTorch's float64. */
export const FLOAT32 = { rtol: 1e-5, atol: 2e-6 };

import { gradient } from '../src/gradient.ts';
import { forward, network, type Layer } from '../src/network.ts';
import { mul, sum } from '../src/operations.ts';
import { createRandom } from '../src/random.ts';
import { input, type Shape } from '../src/tensor.ts';
import { evaluate, volume, type Feed, type Result } from './evaluate.ts';
import { expect } from './expect.ts';
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
  const feeds: Record<string, Feed> = { x: toFeed(x) };
  const tensors = (values: Record<string, Values>) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        feeds[name] = toFeed(value);
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
    feeds.upstream = toFeed(upstream);
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

/** The training graph gives PyTorch's values and gradients, the inference graph its values. */
export async function expectPyTorch(layer: Layer, reference: LayerCase): Promise<void> {
  const specs = Object.entries(layer.parameters ?? {}).map(([name, { shape }]) => [name, shape]);
  const given = Object.entries(reference.parameters).map(([name, { shape }]) => [name, shape]);
  expect(Object.fromEntries(specs)).toEqual(Object.fromEntries(given));

  const training = await passThrough(layer, { ...reference, training: true });
  expectValues(training.y, reference.y);
  expect(Object.keys(training.gradients).sort()).toEqual(Object.keys(reference.gradients).sort());
  for (const [name, value] of Object.entries(reference.gradients)) {
    expectValues(training.gradients[name], value);
  }

  const { x, parameters, y } = reference;
  expectValues((await passThrough(layer, { x, parameters, training: false })).y, y);
}

export function expectValues(received: Result, expected: Values): void {
  expect(received.shape).toEqual(expected.shape);
  expect(received.values).toBeAllClose(expected.data, { rtol: 1e-5, atol: 2e-6 });
}

export function toFeed({ data, shape }: Values): Feed {
  return { values: data, shape };
}

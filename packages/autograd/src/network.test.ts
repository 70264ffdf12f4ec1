import { describe, test } from 'vitest';
import { evaluate, numbers, valuesOf } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import { gradient } from './gradient.ts';
import { filled, uniform } from './initialisers.ts';
import { additiveAttention } from './layers/attention.ts';
import { activation, dense } from './layers/dense.ts';
import { dropout } from './layers/dropout.ts';
import { batchNorm1d } from './layers/normalization.ts';
import {
  decayMask,
  forward,
  initialiseBuffers,
  initialiseParameters,
  network,
  unflatten,
  unflattenConstants,
  vectorSize,
  type Layer,
} from './network.ts';
import { mul, sum } from './operations.ts';
import { createRandom } from './random.ts';
import { constant, input } from './tensor.ts';

const mlp = network({
  hidden: dense({ inFeatures: 3, outFeatures: 2 }),
  norm: batchNorm1d(2),
  act: activation('relu'),
  out: dense({ inFeatures: 2, outFeatures: 1 }),
});

describe('a network', () => {
  test('has the parameters and buffers of its layers, in their order', () => {
    expect(Object.entries(mlp.parameters).map(([name, { shape }]) => [name, shape])).toEqual([
      ['hidden.weight', [2, 3]],
      ['hidden.bias', [2]],
      ['norm.weight', [2]],
      ['norm.bias', [2]],
      ['out.weight', [1, 2]],
      ['out.bias', [1]],
    ]);
    expect(Object.keys(mlp.buffers)).toEqual(['norm.running_mean', 'norm.running_var']);
    expect([vectorSize(mlp.parameters), vectorSize(mlp.buffers)]).toEqual([15, 4]);
  });

  test('begins with what its layers say', () => {
    const parameters = initialiseParameters(mlp, createRandom(1));
    expect(parameters).toHaveLength(15);
    expect([...parameters.subarray(6, 12)]).toEqual([0, 0, 1, 1, 0, 0]);
    expect([...initialiseBuffers(mlp)]).toEqual([0, 0, 1, 1]);
  });

  test('is decayed in its matrices alone', () => {
    expect([...decayMask(mlp)]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
  });

  test('draws the first values of a layer from its name: another layer before it changes nothing', () => {
    const other = network({ before: dense({ inFeatures: 3, outFeatures: 3 }), ...mlp.layers });
    expect(initialiseParameters(other, createRandom(1)).slice(12)).toEqual(
      initialiseParameters(mlp, createRandom(1)),
    );
    expect(initialiseParameters(mlp, createRandom(2))).not.toEqual(
      initialiseParameters(mlp, createRandom(1)),
    );
  });

  test.for(['1', 'a.b', ''])("refuses the layer name '%s'", (name) => {
    expect(() => network({ [name]: activation('relu') })).toThrow(/no number and has no dot/);
  });
});

describe('flat vectors', () => {
  const values = numbers('vector', [15]);

  test('come apart into tensors that stay connected to them', async () => {
    const vector = input('vector', [15]);
    const pieces = unflatten(vector, mlp.parameters);
    const [g] = gradient(sum(mul(pieces['out.weight'], constant(Float32Array.of(5, 7), [1, 2]))), [vector]);
    const feeds = { vector: { values, shape: [15] } };
    expect(await valuesOf(pieces['hidden.weight'], feeds)).toEqual(values.slice(0, 6));
    expect([...(await valuesOf(g, feeds))]).toEqual([...new Float32Array(12), 5, 7, 0]);
  });

  test('come apart into constants of the same values', async () => {
    const pieces = unflattenConstants(values, mlp.parameters);
    const stored = await evaluate({ bias: pieces['norm.bias'], weight: pieces['out.weight'] });
    expect(stored).toBeAllCloseByName({
      bias: { shape: [2], values: values.slice(10, 12) },
      weight: { shape: [1, 2], values: values.slice(12, 14) },
    });
  });

  test('of another length are refused', () => {
    expect(() => unflattenConstants(new Float32Array(16), mlp.parameters)).toThrow(
      /takes 15 values.* 16 came/,
    );
    expect(() => unflatten(input('vector', [14]), mlp.parameters)).toThrow(/add up to 14; theirs is 15/);
  });

  test('may be empty', () => {
    expect(unflatten(input('nothing', [0]), {})).toEqual({});
    expect(initialiseBuffers(network({ act: activation('relu') }))).toHaveLength(0);
  });
});

describe('the forward pass', () => {
  const x = input('x', [2, 3]);
  const pass = (layers: Record<string, Layer>, training = false) =>
    forward(network(layers), x, { training, parameters: {}, buffers: {} });

  test('goes through the layers in the order in which they stand', async () => {
    const twice: Layer = { forward: (tensor) => mul(tensor, constant(Float32Array.of(2), [1])) };
    const given = { x: { values: [-1, 2, -3, 4, -5, 6], shape: [2, 3] } };
    const { output } = pass({ b: twice, a: activation('relu'), c: twice });
    expect([...(await valuesOf(output, given))]).toEqual([0, 8, 0, 16, 0, 24]);
  });

  test('hands each layer its own parameters', async () => {
    const scale = (): Layer => ({
      parameters: { gain: { shape: [3], initialise: uniform(1) } },
      forward: (tensor, { parameter }) => mul(tensor, parameter('gain')),
    });
    const { output } = forward(network({ one: scale(), two: scale() }), x, {
      training: false,
      parameters: {
        'one.gain': constant(filled(2)([3], createRandom(1)), [3]),
        'two.gain': constant(filled(5)([3], createRandom(1)), [3]),
      },
      buffers: {},
    });
    expect([...(await valuesOf(output, { x: { values: [1, 2, 3, 4, 5, 6], shape: [2, 3] } }))]).toEqual([
      10, 20, 30, 40, 50, 60,
    ]);
  });

  test('leaves the buffers as they are outside training', () => {
    const buffers = unflatten(input('buffers', [4]), mlp.buffers);
    const parameters = unflatten(input('parameters', [15]), mlp.parameters);
    expect(forward(mlp, x, { training: false, parameters, buffers }).buffers).toEqual(buffers);
    const moved = forward(mlp, x, { training: true, parameters, buffers }).buffers;
    expect(moved['norm.running_mean']).not.toBe(buffers['norm.running_mean']);
  });

  test('refuses random numbers where none are given', () => {
    expect(() => pass({ drop: dropout(0.5) }, true)).toThrow(/drop asked for random numbers/);
  });

  test('refuses two layers that expose the same name', () => {
    const attention = additiveAttention({ features: 3, units: 2 });
    const double = network({ one: attention, act: { forward: () => clips }, two: attention });
    const clips = input('clips', [1, 4, 3]);
    const parameters = unflatten(input('parameters', [vectorSize(double.parameters)]), double.parameters);
    expect(() => forward(double, clips, { training: false, parameters, buffers: {} })).toThrow(
      /Two layers expose 'attention'/,
    );
  });
});

import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { numbers, runGraph } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { gradientsOf } from '../../test/finite-differences.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { rowsOf, conv2d as slowConv2d } from '../../test/oracles.ts';
import { layerCases, pytorch, type Values } from '../../test/pytorch.ts';
import { writeEvaluationGraph } from '../inference.ts';
import { decayMask, network, type Layer, type Scope } from '../network.ts';
import { mean } from '../operations.ts';
import { adam } from '../optimisers.ts';
import { TrainingStep } from '../step.ts';
import type { Tensor } from '../tensor.ts';
import { conv2d, type Conv2dOptions } from './conv2d.ts';
import { activation, dense } from './dense.ts';
import { frozen, startingFrom } from './given.ts';

test.for(layerCases<Conv2dOptions>('conv2d'))('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(conv2d(reference.options), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

const drawn = (label: string, shape: readonly number[]): Values => ({
  shape: [...shape],
  values: [...numbers(label, shape)],
});

const CHANNELS = [
  { inChannels: 2, outChannels: 3, groups: 1 },
  { inChannels: 3, outChannels: 3, groups: 3 },
];

interface Case {
  channels: Pick<Conv2dOptions, 'inChannels' | 'outChannels' | 'groups'>;
  kernelSize: number;
  stride: number;
  height: number;
  width: number;
}

const CASES: fc.Arbitrary<Case> = fc.record({
  channels: fc.constantFrom(...CHANNELS),
  kernelSize: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 6 }),
  width: fc.integer({ min: 1, max: 7 }),
});

test('equals the textbook, on maps smaller than the kernel too', async () => {
  const check = async ({ channels, kernelSize, stride, height, width }: Case) => {
    const layer = conv2d({ ...channels, kernelSize, stride });
    const x = drawn('x', [2, channels.inChannels, height, width]);
    const weight = drawn('weight', layer.parameters!.weight.shape);
    const bias = drawn('bias', [channels.outChannels]);
    const kernels = rowsOf(weight.values, weight.values.length / channels.outChannels).map((kernel) =>
      rowsOf(kernel, kernelSize ** 2).map((taps) => rowsOf(taps, kernelSize)),
    );
    const expected = rowsOf(x.values, channels.inChannels * height * width).flatMap((clip) =>
      slowConv2d(
        rowsOf(clip, height * width).map((map) => rowsOf(map, width)),
        kernels,
        bias.values,
        stride,
      ).flat(2),
    );
    for (const shape of [x.shape, ['batch', channels.inChannels, 'height', 'width']]) {
      const { y } = await passThrough(layer, { x, parameters: { weight, bias }, training: false, shape });
      expect(y.shape).toEqual([
        2,
        channels.outChannels,
        Math.ceil(height / stride),
        Math.ceil(width / stride),
      ]);
      expect(y.values).toBeAllClose(expected);
    }
  };
  await fc.assert(fc.asyncProperty(CASES, check), { numRuns: 60 });
});

test('has the gradients that differences of its values give', async () => {
  const check = async ({ channels, kernelSize, stride, height, width }: Case) => {
    const layer = conv2d({ ...channels, kernelSize, stride });
    const f = (x: Tensor, weight: Tensor, bias: Tensor) =>
      layer.forward(x, { parameter: (name) => (name === 'weight' ? weight : bias) } as Scope);
    const { shape, symbolic, numeric } = await gradientsOf(f, [
      {
        values: numbers('x', [2, channels.inChannels, height, width]),
        shape: [2, channels.inChannels, height, width],
      },
      { values: numbers('weight', layer.parameters!.weight.shape), shape: layer.parameters!.weight.shape },
      { values: numbers('bias', [channels.outChannels]), shape: [channels.outChannels] },
    ]);
    expect(shape.declared).toEqual(shape.computed);
    for (const [index, values] of symbolic.entries()) {
      expect(values).toBeAllClose(numeric[index], { rtol: 1e-3, atol: 1e-3 });
    }
  };
  // Lines that no tap reaches, with the kernel of every channel and of one.
  const skipping: Omit<Case, 'channels'> = { kernelSize: 1, stride: 3, height: 6, width: 6 };
  const [all, depthwise] = CHANNELS.map((channels): [Case] => [{ channels, ...skipping }]);
  await fc.assert(fc.asyncProperty(CASES, check), { numRuns: 25, examples: [all, depthwise] });
});

describe('a whole network', () => {
  const { options, layers, frozen: kept, start, batches, end, evaluation } = pytorch.training2d;
  const float = ({ values }: Values) => Float32Array.from(values);
  const given = (name: string) =>
    Object.fromEntries(
      ['weight', 'bias'].map((parameter) => [parameter, float(start[`${name}.${parameter}`])]),
    );
  const overMap: Layer = { forward: (x) => mean(x, [2, 3]) };
  const separable = network({
    stem: frozen(conv2d(layers.stem), { weight: float(kept.weight), bias: float(kept.bias) }),
    act1: activation('relu6'),
    ...Object.fromEntries(
      Object.keys(layers)
        .slice(1)
        .flatMap((name) => [
          [name, startingFrom(conv2d(layers[name]), given(name))],
          [`${name}_act`, activation('relu6')],
        ]),
    ),
    pool: overMap,
    output: startingFrom(dense({ inFeatures: 5, outFeatures: 3 }), given('output')),
  });

  test('trains as in PyTorch, its first layer frozen', async () => {
    const names = Object.keys(separable.parameters);
    expect(names).toEqual(Object.keys(start));
    const { learningRate, weightDecay, labelSmoothing } = options;
    const step = await TrainingStep.create(separable, {
      inputShape: batches[0].x.shape,
      labels: 3,
      optimiser: adam({ weightDecay, decayMask: decayMask(separable) }),
      labelSmoothing,
      seed: 1,
      threads: 1,
    });
    for (const { x, targets, loss } of batches) {
      expect((await step.run(float(x), float(targets), learningRate)).loss).toBeCloseTo(loss, 5);
    }
    const parameters = step.vector('parameters').slice();
    await step.dispose();
    const expected = names.flatMap((name) => end[name].values);
    expect(parameters).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-5 });

    const { logits } = await runGraph(writeEvaluationGraph(separable, ['batch', 1, 'height', 'width']), {
      x: evaluation.x,
      parameters: { values: parameters, shape: [parameters.length] },
    });
    expect(logits.values).toBeAllClose(evaluation.logits.values, { rtol: 1e-4, atol: 1e-5 });
  });
});

describe('is refused', () => {
  test('with groups of several channels', () => {
    const options = { inChannels: 4, outChannels: 4, kernelSize: 3, groups: 2 };
    expect(() => conv2d(options)).toThrow(/1 group, or as many as channels; 2 came for 4 → 4/);
    expect(() => conv2d({ ...options, outChannels: 8, groups: 4 })).toThrow(RangeError);
  });

  test('on a map with another number of channels', async () => {
    const pass = passThrough(conv2d({ inChannels: 3, outChannels: 4, kernelSize: 1, bias: false }), {
      x: drawn('x', [1, 2, 3, 3]),
      parameters: { weight: drawn('weight', [4, 3, 1, 1]) },
      training: true,
    });
    await expect(pass).rejects.toThrow(/needs \[B, 3, H, W\]; \[1, 2, 3, 3\] came/);
  });
});

import { describe, test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { layerCases, pytorch, type Values } from '../../test/pytorch.ts';
import { batchNorm1d, layerNorm } from './normalization.ts';

test.for(layerCases<{ features: number }>('layerNorm'))('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(layerNorm(reference.options.features), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

describe('batch normalisation', () => {
  test.for(Object.entries(pytorch.batchNorm))(
    'equals PyTorch: %s',
    async ([, { channels, momentum, steps, evaluation }]) => {
      const layer = batchNorm1d(channels, { momentum });
      let buffers: Record<string, Values> = {
        running_mean: { shape: [channels], values: Array.from({ length: channels }, () => 0) },
        running_var: { shape: [channels], values: Array.from({ length: channels }, () => 1) },
      };
      for (const step of steps) {
        const pass = await passThrough(layer, { ...step, buffers, training: true });
        const received = { y: pass.y, ...pass.gradients, ...pass.buffers };
        expect(received).toBeAllCloseByName({ y: step.y, ...step.gradients, ...step.buffers }, FLOAT32);
        buffers = step.buffers;
      }
      const { parameters } = steps[0];
      const { y } = await passThrough(layer, { ...evaluation, parameters, buffers, training: false });
      expect({ y }).toBeAllCloseByName({ y: evaluation.y }, FLOAT32);
    },
  );

  const ones = { shape: [2], values: [1, 1] };
  const zeros = { shape: [2], values: [0, 0] };
  const start = {
    parameters: { weight: ones, bias: zeros },
    buffers: { running_mean: zeros, running_var: ones },
    training: true,
  };

  test('a channel far from 0 keeps its digits', async () => {
    const x = { shape: [2, 8, 2], values: [...numbers('x', [2, 8, 2])].map((value) => 1000 + value) };
    const { y } = await passThrough(batchNorm1d(2), { ...start, x });
    const channel = y.values.filter((_, index) => index % 2 === 0);
    const mean = channel.reduce((total, value) => total + value, 0) / channel.length;
    const variance = channel.reduce((total, value) => total + (value - mean) ** 2, 0) / channel.length;
    expect([mean, variance]).toBeAllClose([0, 1], { atol: 1e-3 });
  });

  test('a constant channel gives its bias and no NaN', async () => {
    const x = { shape: [1, 4, 2], values: [3, 1, 3, 2, 3, 3, 3, 4] };
    const upstream = { shape: [1, 4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] };
    const { y, gradients } = await passThrough(batchNorm1d(2), { ...start, x, upstream });
    expect([...y.values].filter((_, index) => index % 2 === 0)).toEqual([0, 0, 0, 0]);
    expect([...gradients.x.values].every(Number.isFinite)).toBe(true);
  });

  test('a single row is refused', async () => {
    const x = { shape: [1, 1, 2], values: [1, 2] };
    await expect(passThrough(batchNorm1d(2), { ...start, x })).rejects.toThrow(/more than one row/);
  });
});

test('weight decay spares gains and biases', () => {
  for (const { parameters } of [batchNorm1d(3), layerNorm(3)]) {
    expect(Object.values(parameters!).map(({ decay }) => decay)).toEqual([false, false]);
  }
});

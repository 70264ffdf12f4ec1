import { test } from 'vitest';
import { expect } from '../../test/expect.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { layerCases } from '../../test/pytorch.ts';
import { activation, dense } from './dense.ts';

test.for(layerCases<{ inFeatures: number; outFeatures: number }>('dense'))(
  'equals PyTorch: %s',
  async ([, reference]) => {
    const { received, expected } = await besidePyTorch(dense(reference.options), reference);
    expect(received).toBeAllCloseByName(expected, FLOAT32);
  },
);

const activations = (['relu', 'relu6', 'tanh', 'sigmoid'] as const).flatMap((name) =>
  layerCases<{ name: typeof name }>(name),
);

test.for(activations)('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(activation(reference.options.name), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

test('weight decay spares the bias', () => {
  const { weight, bias } = dense({ inFeatures: 2, outFeatures: 3 }).parameters!;
  expect(weight.decay ?? true).toBe(true);
  expect(bias.decay).toBe(false);
});

test('a wrong number of features is refused', async () => {
  const pass = passThrough(dense({ inFeatures: 3, outFeatures: 1 }), {
    x: { shape: [1, 2], values: [1, 2] },
    parameters: { weight: { shape: [1, 3], values: [1, 2, 3] }, bias: { shape: [1], values: [0] } },
    training: true,
  });
  await expect(pass).rejects.toThrow(/needs \[\.\.\., 3\]; \[1, 2\] came/);
});

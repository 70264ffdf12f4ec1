import { test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { attention, rowsOf } from '../../test/oracles.ts';
import { layerCases, type Values } from '../../test/pytorch.ts';
import { additiveAttention } from './attention.ts';

test.for(layerCases<{ features: number; units: number }>('additiveAttention'))(
  'equals PyTorch: %s',
  async ([, reference]) => {
    const { received, expected } = await besidePyTorch(additiveAttention(reference.options), reference);
    expect(received).toBeAllCloseByName(expected, FLOAT32);
  },
);

test('the exposed weights are those of the textbook, in training and at any length', async () => {
  const drawn = (label: string, shape: number[]): Values => ({
    shape,
    values: [...numbers(label, shape, [-2, 2])],
  });
  const parameters = {
    weight: drawn('weight', [4, 3]),
    bias: drawn('bias', [4]),
    context: drawn('context', [1, 4]),
  };
  const layer = additiveAttention({ features: 3, units: 4 });
  for (const [clips, frames] of [
    [1, 1],
    [2, 6],
    [3, 29],
  ]) {
    const x = drawn('x', [clips, frames, 3]);
    const expected = rowsOf(x.values, frames * 3).map((clip) =>
      attention(rowsOf(clip, 3), {
        weight: rowsOf(parameters.weight.values, 3),
        bias: parameters.bias.values,
        context: parameters.context.values,
      }),
    );
    for (const [training, shape] of [
      [true, x.shape],
      [false, ['batch', 'frames', 3]],
    ] as const) {
      const { y, exposed } = await passThrough(layer, { x, parameters, training, shape });
      expect(exposed.attention.shape).toEqual([clips, frames]);
      expect(exposed.attention.values).toBeAllClose(expected.flatMap(({ weights }) => weights));
      expect(y.shape).toEqual([clips, 3]);
      expect(y.values).toBeAllClose(expected.flatMap(({ pooled }) => pooled));
    }
  }
});

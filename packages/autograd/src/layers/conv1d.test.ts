import { describe, test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { conv1d as slowConv1d, rowsOf } from '../../test/oracles.ts';
import { layerCases, type Values } from '../../test/pytorch.ts';
import { conv1d, type Conv1dOptions } from './conv1d.ts';

test.for(layerCases<Conv1dOptions>('conv1d'))('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(conv1d(reference.options), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

const drawn = (label: string, shape: number[]): Values => ({ shape, values: [...numbers(label, shape)] });

describe('equals the textbook', () => {
  // Short kernels are filtered tile by tile, others gathered; 1 and 2 frames are shorter than any.
  const cases = [3, 5, 7].flatMap((kernelSize) => [1, 2, 5, 33].map((frames) => [kernelSize, frames]));

  test.for(cases)('kernel %i, %i frames', async ([kernelSize, frames]) => {
    const parameters = { weight: drawn('weight', [4, kernelSize, 3]), bias: drawn('bias', [4]) };
    const weight = rowsOf(parameters.weight.values, 3 * kernelSize).map((kernel) => rowsOf(kernel, 3));
    const x = drawn('x', [2, frames, 3]);
    const expected = rowsOf(x.values, frames * 3).flatMap((clip) =>
      slowConv1d(rowsOf(clip, 3), weight, parameters.bias.values).flat(),
    );
    const layer = conv1d({ inChannels: 3, outChannels: 4, kernelSize });
    for (const training of [true, false]) {
      const { y } = await passThrough(layer, { x, parameters, training });
      expect(y.shape).toEqual([2, frames, 4]);
      expect(y.values).toBeAllClose(expected);
    }
    const { y } = await passThrough(layer, { x, parameters, training: false, shape: ['batch', 'frames', 3] });
    expect(y.values).toBeAllClose(expected);
  });
});

test('an even kernel is refused', () => {
  expect(() => conv1d({ inChannels: 1, outChannels: 1, kernelSize: 4 })).toThrow(/odd kernelSize; 4 came/);
});

test('a wrong number of channels is refused', async () => {
  const layer = conv1d({ inChannels: 3, outChannels: 4, kernelSize: 3, bias: false });
  const pass = passThrough(layer, {
    x: drawn('x', [1, 5, 2]),
    parameters: { weight: drawn('weight', [4, 3, 3]) },
    training: true,
  });
  await expect(pass).rejects.toThrow(RangeError);
});

import { describe, test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { maxPool1d as slowMaxPool1d, rowsOf } from '../../test/oracles.ts';
import { layerCases } from '../../test/pytorch.ts';
import { avgPool1d, maxPool1d } from './pooling.ts';

test.for(layerCases<{ size: number }>('maxPool1d'))('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(maxPool1d(reference.options.size), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

test.for(layerCases<{ size: number }>('avgPool1d'))('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(avgPool1d(reference.options.size), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

test('the open time axis may have any length from one window on', async () => {
  for (const frames of [4, 5, 7, 8, 23]) {
    const x = { shape: [2, frames, 3], values: [...numbers('x', [2, frames, 3])] };
    const { y } = await passThrough(maxPool1d(4), { x, training: false, shape: ['batch', 'frames', 3] });
    const expected = rowsOf(x.values, frames * 3).flatMap((clip) => slowMaxPool1d(rowsOf(clip, 3), 4).flat());
    expect(y.shape).toEqual([2, Math.floor(frames / 4), 3]);
    expect(y.values).toBeAllClose(expected);
  }
});

describe('a gradient is handed on', () => {
  const x = { shape: [1, 4, 1], values: [1, 1, 3, 3] };
  const upstream = { shape: [1, 2, 1], values: [10, 20] };

  test('by the first of equal values', async () => {
    const { gradients } = await passThrough(maxPool1d(2), { x, upstream, training: true });
    expect([...gradients.x.values]).toEqual([10, 0, 20, 0]);
  });

  test('by all of a mean', async () => {
    const { gradients } = await passThrough(avgPool1d(2), { x, upstream, training: true });
    expect([...gradients.x.values]).toEqual([5, 5, 10, 10]);
  });
});

test('fewer frames than one window are refused', async () => {
  const x = { shape: [1, 2, 1], values: [1, 2] };
  await expect(passThrough(maxPool1d(3), { x, training: true })).rejects.toThrow(/needs 3 frames; 2 came/);
});

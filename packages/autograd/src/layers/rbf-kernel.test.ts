import { test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { passThrough } from '../../test/layer-pass.ts';
import { rowsOf } from '../../test/oracles.ts';
import { rbfKernel } from './rbf-kernel.ts';

const weight = { shape: [5, 3], values: [...numbers('weight', [5, 3], [-2, 2])] };
const x = { shape: [4, 3], values: [...numbers('x', [4, 3], [-2, 2])] };
const gamma = 0.3;

test('exp(-gamma · |x - centre|²), and its gradients', async () => {
  const upstream = { shape: [4, 5], values: [...numbers('upstream', [4, 5])] };
  const { y, gradients } = await passThrough(rbfKernel({ inFeatures: 3, centres: 5 }), {
    x,
    parameters: { weight, gamma: { shape: [1], values: [gamma] } },
    training: true,
    upstream,
  });
  const [rows, centres] = [rowsOf(x.values, 3), rowsOf(weight.values, 3)];
  const squared = (row: readonly number[], centre: readonly number[]) =>
    row.reduce((sum, value, k) => sum + (value - centre[k]) ** 2, 0);
  const near = rows.map((row) => centres.map((centre) => Math.exp(-gamma * squared(row, centre))));
  expect(y.values).toBeAllClose(near.flat());

  /** Of the loss by gamma · |row - centre|². */
  const slope = (i: number, j: number) => -upstream.values[i * 5 + j] * near[i][j];
  const byX = rows.map((row, i) =>
    row.map((value, k) =>
      centres.reduce((sum, centre, j) => sum + slope(i, j) * 2 * gamma * (value - centre[k]), 0),
    ),
  );
  const byWeight = centres.map((centre, j) =>
    centre.map((value, k) =>
      rows.reduce((sum, row, i) => sum + slope(i, j) * 2 * gamma * (value - row[k]), 0),
    ),
  );
  const byGamma = rows.flatMap((row, i) => centres.map((centre, j) => slope(i, j) * squared(row, centre)));
  expect(gradients.x.values).toBeAllClose(byX.flat());
  expect(gradients.weight.values).toBeAllClose(byWeight.flat());
  expect(gradients.gamma.values).toBeAllClose([byGamma.reduce((sum, value) => sum + value, 0)]);
});

test('any number of rows, where that is left open', async () => {
  const layer = rbfKernel({ inFeatures: 3, centres: 5 });
  const parameters = { weight, gamma: { shape: [1], values: [gamma] } };
  const open = await passThrough(layer, { x, parameters, training: false, shape: ['batch', 3] });
  const fixed = await passThrough(layer, { x, parameters, training: true });
  expect(open.y.shape).toEqual([4, 5]);
  expect(open.y.values).toBeAllClose([...fixed.y.values]);
});

import { describe, test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { passThrough } from '../../test/layer-pass.ts';
import { initialiseParameters, network } from '../network.ts';
import { createRandom } from '../random.ts';
import { dense } from './dense.ts';
import { frozen, startingFrom } from './given.ts';
import { batchNorm1d } from './normalization.ts';

const layer = dense({ inFeatures: 3, outFeatures: 2 });
const given = { weight: numbers('weight', [2, 3]), bias: numbers('bias', [2]) };
const x = { shape: [4, 3], values: [...numbers('x', [4, 3])] };

describe('a frozen layer', () => {
  test('has no parameters, and gives what it gave with them', async () => {
    const kept = frozen(layer, given);
    expect([kept.parameters, kept.buffers]).toEqual([undefined, undefined]);
    const parameters = {
      weight: { shape: [2, 3], values: [...given.weight] },
      bias: { shape: [2], values: [...given.bias] },
    };
    const expected = await passThrough(layer, { x, parameters, training: true });
    const { y } = await passThrough(kept, { x, training: true });
    expect(y.values).toEqual(expected.y.values);
  });

  test('hands the gradient on to what stands before it', async () => {
    const upstream = { shape: [4, 2], values: [...numbers('upstream', [4, 2])] };
    const { gradients } = await passThrough(frozen(layer, given), { x, training: true, upstream });
    const expected = [0, 1, 2, 3].flatMap((row) =>
      [0, 1, 2].map(
        (column) =>
          upstream.values[2 * row] * given.weight[column] +
          upstream.values[2 * row + 1] * given.weight[3 + column],
      ),
    );
    expect(gradients.x.values).toBeAllClose(expected);
  });

  test('uses its statistics and leaves them alone', async () => {
    const statistics = {
      weight: Float32Array.of(1, 2, 3),
      bias: Float32Array.of(0, 0, 1),
      running_mean: Float32Array.of(1, 0, -1),
      running_var: Float32Array.of(4, 1, 1),
    };
    const { y, buffers } = await passThrough(frozen(batchNorm1d(3, { eps: 0 }), statistics), {
      x: { shape: [1, 3], values: [3, 5, 1] },
      training: true,
    });
    expect(y.values).toBeAllClose([1, 10, 7]);
    expect(buffers).toEqual({});
  });
});

test('a layer starts from given values, and keeps the rest of what it is', () => {
  const model = network({ one: startingFrom(layer, given) });
  expect([...initialiseParameters(model, createRandom(1))]).toEqual([...given.weight, ...given.bias]);
  expect(model.parameters['one.bias'].decay).toBe(false);
});

describe.for([
  ['frozen', frozen],
  ['startingFrom', startingFrom],
] as const)('%s refuses', ([, give]) => {
  test('a missing value, one of another length and one that belongs to nothing', () => {
    expect(() => give(layer, { weight: given.weight })).toThrow(/'bias' \[2\] needs 2 values; 0 came/);
    expect(() => give(layer, { ...given, weight: given.bias })).toThrow(
      /'weight' \[2, 3\] needs 6 values; 2/,
    );
    expect(() => give(layer, { ...given, gain: given.bias })).toThrow(/no 'gain', only weight, bias/);
  });
});

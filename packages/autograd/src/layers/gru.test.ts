import { describe, test } from 'vitest';
import { numbers } from '../../test/evaluate.ts';
import { expect } from '../../test/expect.ts';
import { besidePyTorch, FLOAT32, passThrough } from '../../test/layer-pass.ts';
import { gru as slowGru, rowsOf, type GruWeights } from '../../test/oracles.ts';
import { layerCases, type Values } from '../../test/pytorch.ts';
import { createRandom } from '../random.ts';
import { gru, type GruOptions } from './gru.ts';

test.for(layerCases<GruOptions>('gru'))('equals PyTorch: %s', async ([, reference]) => {
  const { received, expected } = await besidePyTorch(gru(reference.options), reference);
  expect(received).toBeAllCloseByName(expected, FLOAT32);
});

const drawn = (label: string, shape: number[]): Values => ({ shape, values: [...numbers(label, shape)] });

describe('equals the textbook, unrolled and fused', () => {
  const layer = gru({ inputSize: 3, hiddenSize: 2, bidirectional: true });
  const parameters = Object.fromEntries(
    Object.entries(layer.parameters!).map(([name, { shape }]) => [name, drawn(name, [...shape])]),
  );
  const weightsOf = (suffix: string): GruWeights => ({
    weightIh: rowsOf(parameters[`weight_ih${suffix}`].values, 3),
    weightHh: rowsOf(parameters[`weight_hh${suffix}`].values, 2),
    biasIh: parameters[`bias_ih${suffix}`].values,
    biasHh: parameters[`bias_hh${suffix}`].values,
  });

  test.for([
    [1, 1],
    [1, 40],
    [3, 2],
    [2, 17],
  ] as const)('%i clips of %i frames', async ([clips, frames]) => {
    const x = drawn('x', [clips, frames, 3]);
    const expected = rowsOf(x.values, frames * 3).flatMap((clip) => {
      const sequence = rowsOf(clip, 3);
      const onwards = slowGru(sequence, weightsOf(''));
      const backwards = slowGru(sequence.toReversed(), weightsOf('_reverse')).reverse();
      return onwards.flatMap((h, t) => [...h, ...backwards[t]]);
    });
    for (const [training, shape] of [
      [true, x.shape],
      [false, x.shape],
      [false, ['batch', 'frames', 3]],
    ] as const) {
      const { y } = await passThrough(layer, { x, parameters, training, shape });
      expect(y.shape).toEqual([clips, frames, 4]);
      expect(y.values).toBeAllClose(expected);
    }
  });
});

test('the recurrence starts as an orthogonal map of each gate; weight decay spares the biases', () => {
  const { weight_hh, bias_ih, bias_hh } = gru({ inputSize: 3, hiddenSize: 4 }).parameters!;
  const gates = rowsOf(weight_hh.initialise(weight_hh.shape, createRandom(1)), 16);
  expect(gates).toHaveLength(3);
  for (const gate of gates) {
    const rows = rowsOf(gate, 4);
    const products = rows.flatMap((a) => rows.map((b) => a.reduce((sum, value, i) => sum + value * b[i], 0)));
    expect(products).toBeAllClose([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  }
  expect([bias_ih.decay, bias_hh.decay]).toEqual([false, false]);
});

import { describe, test } from 'vitest';
import { numbers, runSession, valuesOf, type Feed } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import { pytorch } from '../test/pytorch.ts';
import { writeGraph } from './graph.ts';
import { adam, clipByNorm } from './optimisers.ts';
import { Session } from './session.ts';
import { constant, input } from './tensor.ts';

describe('adam', () => {
  test.for(Object.entries(pytorch.optimisers))('equals PyTorch: %s', async ([, reference]) => {
    const { options, decayMask, maxNorm, start, learningRates, gradients, positions } = reference;
    const optimiser = adam({ ...options, decayMask: Float32Array.from(decayMask) });
    const parameters = input('parameters', [6]);
    const raw = input('gradients', [6]);
    const moments = Object.fromEntries(optimiser.moments.map((name) => [name, input(name, [6])]));
    const update = optimiser.update(
      parameters,
      maxNorm === undefined ? raw : clipByNorm(raw, maxNorm),
      moments,
    );
    const next = { parameters: update.parameters, ...update.moments };
    const session = await Session.create(
      writeGraph(Object.fromEntries(Object.entries(next).map(([name, tensor]) => [`next ${name}`, tensor]))),
    );
    let state: Record<string, Feed> = Object.fromEntries(
      Object.keys(next).map((name) => [name, { shape: [6], values: new Float32Array(6) }]),
    );
    state.parameters = start;
    for (const [index, learningRate] of learningRates.entries()) {
      const scalars = Object.entries(optimiser.scalars(index + 1, learningRate)).map(
        ([name, value]): [string, Feed] => [name, { shape: [], values: [value] }],
      );
      const results = await runSession(session, {
        ...state,
        ...Object.fromEntries(scalars),
        gradients: gradients[index],
      });
      state = Object.fromEntries(Object.keys(next).map((name) => [name, results[`next ${name}`]]));
      expect(state.parameters.values).toBeAllClose(positions[index].values, { rtol: 2e-6, atol: 1e-6 });
    }
    await session.dispose();
  });

  test('spares nothing from weight decay without a mask', async () => {
    const optimiser = adam({ weightDecay: 0.5 });
    const zeros = constant(new Float32Array(2), [2]);
    const { parameters } = optimiser.update(constant(Float32Array.of(1, -2), [2]), zeros, {
      moment1: zeros,
      moment2: zeros,
    });
    const feeds = Object.entries(optimiser.scalars(1, 0.1)).map(([name, value]): [string, Feed] => [
      name,
      { shape: [], values: [value] },
    ]);
    expect(await valuesOf(parameters, Object.fromEntries(feeds))).toBeAllClose([0.95, -1.9]);
  });

  test('refuses a mask of another length', () => {
    const optimiser = adam({ weightDecay: 0.1, decayMask: new Float32Array(3) });
    const vector = (name: string) => input(name, [4]);
    expect(() =>
      optimiser.update(vector('p'), vector('g'), { moment1: vector('m'), moment2: vector('v') }),
    ).toThrow(/do not broadcast/);
  });
});

describe('clipByNorm', () => {
  const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

  test('leaves a short gradient as it is', async () => {
    const values = numbers('gradient', [20], [-0.1, 0.1]);
    expect(await valuesOf(clipByNorm(constant(values, [20]), 1))).toEqual(values);
  });

  test('shortens a long one to the norm, in the same direction', async () => {
    const values = numbers('gradient', [20], [-100, 100]);
    const clipped = await valuesOf(clipByNorm(constant(values, [20]), 2));
    expect(norm(clipped)).toBeCloseTo(2, 5);
    expect(clipped).toBeAllClose(values.map((value) => (2 * value) / norm(values)));
  });

  test('leaves a gradient of zeros at 0', async () => {
    expect([...(await valuesOf(clipByNorm(constant(new Float32Array(3), [3]), 1)))]).toEqual([0, 0, 0]);
  });
});

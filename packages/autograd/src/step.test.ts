import { describe, test } from 'vitest';
import { numbers, runGraph } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import { pytorch, type Values } from '../test/pytorch.ts';
import { writeEvaluationGraph } from './inference.ts';
import { additiveAttention } from './layers/attention.ts';
import { conv1d } from './layers/conv1d.ts';
import { activation, dense } from './layers/dense.ts';
import { dropout } from './layers/dropout.ts';
import { gru } from './layers/gru.ts';
import { batchNorm1d } from './layers/normalization.ts';
import { maxPool1d } from './layers/pooling.ts';
import { decayMask, network, type Network } from './network.ts';
import { adam } from './optimisers.ts';
import { TrainingStep, type TrainingOptions } from './step.ts';

const recogniser = (dropoutRate = 0) =>
  network({
    convolution: conv1d({ inChannels: 3, outChannels: 5, kernelSize: 3 }),
    pool: maxPool1d(2),
    act: activation('relu'),
    normalisation: batchNorm1d(5),
    drop: dropout(dropoutRate),
    recurrence: gru({ inputSize: 5, hiddenSize: 4 }),
    attention: additiveAttention({ features: 4, units: 4 }),
    output: dense({ inFeatures: 4, outFeatures: 3 }),
  });

const BATCH = 4;
const FRAMES = 9;

/** `use` with a step that is disposed afterwards. */
async function withStep<T>(
  model: Network,
  options: Partial<TrainingOptions>,
  use: (step: TrainingStep) => Promise<T>,
): Promise<T> {
  const step = await TrainingStep.create(model, {
    inputShape: [BATCH, FRAMES, 3],
    labels: 3,
    optimiser: adam(),
    seed: 1,
    ...options,
  });
  try {
    return await use(step);
  } finally {
    await step.dispose();
  }
}

/** Clips of which the largest channel on average is the label. */
function batchOf(index: number) {
  const x = numbers(`batch ${index}`, [BATCH, FRAMES, 3]);
  const targets = new Float32Array(BATCH * 3);
  for (let clip = 0; clip < BATCH; clip += 1) {
    const label = (clip + index) % 3;
    targets[clip * 3 + label] = 1;
    for (let t = 0; t < FRAMES; t += 1) x[(clip * FRAMES + t) * 3 + label] += 1;
  }
  return { x, targets };
}

/** Steps `from` … `to` and their losses. */
async function train(step: TrainingStep, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let index = from; index < to; index += 1) {
    const { x, targets } = batchOf(index);
    losses.push((await step.run(x, targets, 0.01)).loss);
  }
  return losses;
}

const flat = (tensors: Record<string, Values>, names: readonly string[]) =>
  Float32Array.from(names.flatMap((name) => tensors[name].values));

test('a whole training equals PyTorch: losses, parameters, running statistics and what comes of them', async () => {
  const { options, start, batches, end, buffers, evaluation } = pytorch.training;
  const { learningRate, weightDecay, ...rest } = options;
  const model = recogniser();
  const names = Object.keys(model.parameters);
  const optimiser = adam({ weightDecay, decayMask: decayMask(model) });
  await withStep(model, { optimiser, ...rest }, async (step) => {
    const state = step.save();
    step.restore({ ...state, vectors: { ...state.vectors, parameters: flat(start, names) } });
    for (const { x, targets, loss } of batches) {
      const result = await step.run(
        Float32Array.from(x.values),
        Float32Array.from(targets.values),
        learningRate,
      );
      expect(result.loss).toBeCloseTo(loss, 5);
    }
    const trained = { parameters: step.vector('parameters'), buffers: step.vector('buffers') };
    expect(trained.parameters).toBeAllClose(flat(end, names), { rtol: 1e-4, atol: 1e-5 });
    expect(trained.buffers).toBeAllClose(flat(buffers, ['running_mean', 'running_var']));

    const { logits } = await runGraph(writeEvaluationGraph(model, ['batch', 'frames', 3]), {
      x: evaluation.x,
      parameters: { values: trained.parameters, shape: [trained.parameters.length] },
      buffers: { values: trained.buffers, shape: [trained.buffers.length] },
    });
    expect(logits.values).toBeAllClose(evaluation.logits.values, { rtol: 1e-4, atol: 1e-5 });
  });
});

test('a training learns', async () => {
  await withStep(recogniser(0.1), { averageDecay: 0.9 }, async (step) => {
    const losses = await train(step, 0, 150);
    const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
    expect(mean(losses.slice(0, 10))).toBeGreaterThan(0.8);
    expect(mean(losses.slice(-10))).toBeLessThan(0.4);
  });
});

describe('bit for bit', () => {
  const options = { averageDecay: 0.95, maxGradientNorm: 1 };
  const after = (steps: number, changes: Partial<TrainingOptions> = {}) =>
    withStep(recogniser(0.3), { ...options, ...changes }, async (step) => {
      const losses = await train(step, 0, steps);
      return { losses, ...step.save() };
    });

  test('the same seed gives the same training', async () => {
    expect(await after(8)).toEqual(await after(8));
  });

  test('another seed gives another one: other first values, other dropout', async () => {
    const [one, two] = [await after(0), await after(0, { seed: 2 })];
    expect(one.vectors.parameters).not.toEqual(two.vectors.parameters);

    const drawn = (seed: number) =>
      withStep(recogniser(0.3), { ...options, seed }, async (step) => {
        step.restore(one);
        return train(step, 0, 1);
      });
    expect(await drawn(1)).not.toEqual(await drawn(2));
  });

  test('a training that was saved and taken up elsewhere equals the one that was not', async () => {
    const whole = await after(9);
    for (const cut of [1, 4]) {
      const begun = await after(cut);
      const finished = await withStep(recogniser(0.3), { ...options }, async (step) => {
        await train(step, 0, 2); // what it did before must leave no trace
        step.restore({ step: begun.step, vectors: begun.vectors });
        const losses = await train(step, cut, 9);
        return { losses: [...begun.losses, ...losses], ...step.save() };
      });
      expect(finished).toEqual(whole);
    }
  });

  test('what was saved does not change with the training', async () => {
    await withStep(recogniser(), options, async (step) => {
      await train(step, 0, 1);
      const saved = step.save();
      const copy = structuredClone(saved);
      await train(step, 1, 4);
      expect(saved).toEqual(copy);
      expect(step.save()).not.toEqual(copy);
    });
  });
});

test('dropout is drawn anew at each step', async () => {
  const lossesOf = (rate: number) =>
    withStep(recogniser(rate), {}, async (step) => {
      const { x, targets } = batchOf(0);
      const losses: number[] = [];
      for (let i = 0; i < 4; i += 1) losses.push((await step.run(x, targets, 0)).loss);
      return new Set(losses).size;
    });
  expect(await lossesOf(0.5)).toBe(4);
  expect(await lossesOf(0)).toBe(1);
});

test('the average of the weights follows them as its definition says', async () => {
  const decay = 0.8;
  await withStep(recogniser(), { averageDecay: decay }, async (step) => {
    let expected = Array.from(step.vector('parameters'));
    expect([...step.vector('average')]).toEqual(expected);
    for (let index = 0; index < 6; index += 1) {
      await train(step, index, index + 1);
      const parameters = step.vector('parameters');
      expected = expected.map((value, i) => decay * value + (1 - decay) * parameters[i]);
      expect(step.vector('average')).toBeAllClose(expected);
    }
  });
});

test('the logits are those of the parameters before the step', async () => {
  const linear = network({ out: dense({ inFeatures: 3, outFeatures: 3 }) });
  await withStep(linear, { inputShape: [2, 3] }, async (step) => {
    const weight = Array.from(step.vector('parameters').subarray(0, 9));
    const { logits } = await step.run(
      Float32Array.of(1, 0, 0, 0, 1, 0),
      Float32Array.of(1, 0, 0, 0, 1, 0),
      1,
    );
    expect(logits).toBeAllClose([0, 3, 6, 1, 4, 7].map((at) => weight[at]));
    expect(step.vector('parameters').subarray(0, 9)).not.toEqual(Float32Array.from(weight));
  });
});

describe('an error', () => {
  test('for a batch of another size; the state stays as it was', async () => {
    await withStep(recogniser(), {}, async (step) => {
      await train(step, 0, 1);
      const before = step.save();
      await expect(step.run(new Float32Array(5), new Float32Array(12), 0.1)).rejects.toThrow(/./);
      expect(step.save()).toEqual(before);
    });
  });

  test('for the state of another network', async () => {
    await withStep(recogniser(), {}, async (step) => {
      const state = step.save();
      const zeros = { ...state.vectors, parameters: state.vectors.parameters.map(() => 0) };
      const wrong = { ...zeros, moment2: new Float32Array(3) };
      expect(() => step.restore({ step: 1, vectors: wrong })).toThrow(/'moment2' holds 3 values/);
      expect(() => step.restore({ step: 1, vectors: {} })).toThrow(/holds 0 values/);
      expect(step.save()).toEqual(state);
    });
  });

  test('for a network that gives another number of labels', async () => {
    const created = TrainingStep.create(recogniser(), {
      inputShape: [BATCH, FRAMES, 3],
      labels: 4,
      optimiser: adam(),
      seed: 1,
    });
    await expect(created).rejects.toThrow(/\[4, 4\].*\[4, 3\]/);
  });
});

import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, test } from 'vitest';
import { evaluate, feed, numbers, runGraph, volume, type Feed } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import * as oracles from '../test/oracles.ts';
import { writeEvaluationGraph, writeInferenceGraph, type Weights } from './inference.ts';
import { additiveAttention } from './layers/attention.ts';
import { conv1d } from './layers/conv1d.ts';
import { activation, dense } from './layers/dense.ts';
import { channelDropout, dropout } from './layers/dropout.ts';
import { gru } from './layers/gru.ts';
import { batchNorm1d } from './layers/normalization.ts';
import { maxPool1d } from './layers/pooling.ts';
import { forward, network, unflattenConstants, vectorSize, type Network } from './network.ts';
import { mul, softmax } from './operations.ts';
import { constant, input, type Shape } from './tensor.ts';

const CHANNELS = 3;
const recogniser = network({
  conv: conv1d({ inChannels: CHANNELS, outChannels: 5, kernelSize: 3 }),
  pool: maxPool1d(2),
  act: activation('relu'),
  norm: batchNorm1d(5),
  channelDrop: channelDropout(0.2),
  gru: gru({ inputSize: 5, hiddenSize: 4, bidirectional: true }),
  drop: dropout(0.5),
  attention: additiveAttention({ features: 8, units: 6 }),
  out: dense({ inFeatures: 8, outFeatures: 3 }),
});

/** Weights and statistics as a training might leave them. */
function drawnWeights({ parameters, buffers }: Network): Weights {
  return {
    parameters: numbers('parameters', [vectorSize(parameters)]),
    buffers: numbers('buffers', [vectorSize(buffers)], [0.5, 2]),
  };
}

const weights = drawnWeights(recogniser);

const write = (x: Shape, metadata?: Record<string, string>) =>
  writeInferenceGraph(recogniser, weights, {
    x: input('x', x),
    build: ({ output, exposed }) => ({ scores: softmax(output), logits: output, ...exposed }),
    metadata,
  });

/** The whole network, layer by layer, from the oracles. */
function slowly({ values, shape: [, frames] }: Feed) {
  const named = (vector: Float32Array, specs: Network['parameters'] | Network['buffers']) => {
    let offset = 0;
    const entries = Object.entries(specs).map(([name, { shape }]) => {
      const size = volume(shape);
      return [name, Array.from(vector.subarray(offset, (offset += size)))] as const;
    });
    return Object.fromEntries(entries);
  };
  const p = named(weights.parameters, recogniser.parameters);
  const b = named(weights.buffers, recogniser.buffers);
  const cell = (suffix: string): oracles.GruWeights => ({
    weightIh: oracles.rowsOf(p[`gru.weight_ih${suffix}`], 5),
    weightHh: oracles.rowsOf(p[`gru.weight_hh${suffix}`], 4),
    biasIh: p[`gru.bias_ih${suffix}`],
    biasHh: p[`gru.bias_hh${suffix}`],
  });
  const kernel = oracles.rowsOf(p['conv.weight'], 3 * CHANNELS).map((row) => oracles.rowsOf(row, CHANNELS));
  const clips = oracles.rowsOf(values, frames * CHANNELS).map((clip) => {
    const convolved = oracles.conv1d(oracles.rowsOf(clip, CHANNELS), kernel, p['conv.bias']);
    const activated = oracles.maxPool1d(convolved, 2).map((frame) => frame.map((v) => Math.max(v, 0)));
    const normalised = oracles.batchNorm(activated, {
      weight: p['norm.weight'],
      bias: p['norm.bias'],
      mean: b['norm.running_mean'],
      variance: b['norm.running_var'],
    });
    const onwards = oracles.gru(normalised, cell(''));
    const backwards = oracles.gru(normalised.toReversed(), cell('_reverse')).reverse();
    const attended = oracles.attention(
      onwards.map((h, t) => [...h, ...backwards[t]]),
      {
        weight: oracles.rowsOf(p['attention.weight'], 8),
        bias: p['attention.bias'],
        context: p['attention.context'],
      },
    );
    const logits = oracles.dense(attended.pooled, oracles.rowsOf(p['out.weight'], 8), p['out.bias']);
    return { logits, attention: attended.weights };
  });
  return {
    logits: clips.flatMap(({ logits }) => logits),
    attention: clips.flatMap(({ attention }) => attention),
  };
}

describe('the file for use, the graph for evaluation and the textbook agree', () => {
  const file = write(['batch', 'frames', CHANNELS]);

  test.for([
    [1, 2],
    [1, 3],
    [3, 8],
    [2, 51],
    [5, 20],
  ] as const)('%i clips of %i frames', async ([clips, frames]) => {
    const x = feed(`${clips} clips`, [clips, frames, CHANNELS], [-2, 2]);
    const expected = slowly(x);
    const used = await runGraph(file, { x });
    expect(used.logits.values).toBeAllClose(expected.logits, { atol: 2e-6 });
    expect(used.attention.values).toBeAllClose(expected.attention);
    expect(used.attention.shape).toEqual([clips, Math.floor(frames / 2)]);
    const sums = oracles.rowsOf(used.scores.values, 3).map((row) => row.reduce((total, v) => total + v, 0));
    expect(sums).toBeAllClose(sums.map(() => 1));

    const vectors = {
      parameters: { values: weights.parameters, shape: [weights.parameters.length] },
      buffers: { values: weights.buffers, shape: [weights.buffers.length] },
    };
    for (const shape of [x.shape, ['batch', 'frames', CHANNELS]]) {
      const { logits } = await runGraph(writeEvaluationGraph(recogniser, shape), { x, ...vectors });
      expect(logits.values).toBeAllClose(used.logits.values);
    }
  });

  test('a clip gets the same scores alone and among others', async () => {
    const x = feed('clips', [4, 12, CHANNELS]);
    const together = await runGraph(file, { x });
    for (let clip = 0; clip < 4; clip += 1) {
      const values = Array.from(x.values).slice(clip * 12 * CHANNELS, (clip + 1) * 12 * CHANNELS);
      const alone = await runGraph(file, { x: { values, shape: [1, 12, CHANNELS] } });
      expect(alone.logits.values).toBeAllClose(together.logits.values.subarray(3 * clip, 3 * clip + 3));
    }
  });
});

test('without dropout and batch statistics, the training graph gives the same', async () => {
  const { norm: _, ...layers } = recogniser.layers;
  const model = network({ ...layers, channelDrop: channelDropout(0), drop: dropout(0) });
  const stored = drawnWeights(model);
  const inferenceFile = writeInferenceGraph(model, stored, {
    x: input('x', ['batch', 'frames', CHANNELS]),
    build: ({ output, exposed }) => ({ output, ...exposed }),
  });
  for (const [clips, frames] of [
    [1, 2],
    [2, 7],
    [3, 32],
  ]) {
    const pass = forward(model, input('x', [clips, frames, CHANNELS]), {
      training: true,
      parameters: unflattenConstants(stored.parameters, model.parameters),
      buffers: {},
    });
    const x = feed('x', [clips, frames, CHANNELS]);
    const training = await evaluate({ output: pass.output, ...pass.exposed }, { x });
    expect(await runGraph(inferenceFile, { x })).toBeAllCloseByName(training);
  }
});

describe('the file', () => {
  const { graph, metadataProps } = fromBinary(
    ModelProtoSchema,
    write(['batch', 'frames', CHANNELS], { labels: '["a","b","c"]', licence: 'MIT' }),
  );

  test('keeps the weights under their names, value by value', () => {
    const stored = new Map(graph!.initializer.map((tensor) => [tensor.name, tensor]));
    let offset = 0;
    for (const [name, { shape }] of Object.entries(recogniser.parameters)) {
      const { dims, rawData } = stored.get(name)!;
      const values = new Float32Array(rawData.slice().buffer);
      expect([name, dims]).toEqual([name, shape.map(BigInt)]);
      expect(values).toEqual(weights.parameters.slice(offset, (offset += values.length)));
    }
    expect([...stored.keys()]).toEqual(expect.arrayContaining(Object.keys(recogniser.buffers)));
  });

  test('says what it was given to say', () => {
    expect(Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]))).toEqual({
      labels: '["a","b","c"]',
      licence: 'MIT',
    });
  });

  test('takes the clip alone: no weights, no random numbers', () => {
    expect(graph!.input.map(({ name }) => name)).toEqual(['x']);
    expect(graph!.output.map(({ name }) => name)).toEqual(['scores', 'logits', 'attention']);
  });

  test('uses the fused operators', () => {
    const operators = graph!.node.map(({ opType }) => opType);
    expect(operators.filter((operator) => operator === 'GRU')).toHaveLength(2);
    expect(operators).toEqual(expect.arrayContaining(['Conv', 'MaxPool']));
    expect(operators).not.toContain('Gather');
  });
});

test('the input may be prepared on its way in', async () => {
  const model = network({ out: dense({ inFeatures: 2, outFeatures: 1 }) });
  const file = writeInferenceGraph(
    model,
    { parameters: Float32Array.of(1, 10, 0.5), buffers: new Float32Array(0) },
    {
      x: input('x', ['batch', 2]),
      preprocess: (x) => mul(x, constant(Float32Array.of(2, 3), [2])),
      build: ({ output }) => ({ output }),
    },
  );
  const { output } = await runGraph(file, { x: { values: [1, 1, 2, 0], shape: [2, 2] } });
  expect([...output.values]).toEqual([32.5, 4.5]);
});

test('the evaluation graph of a network without buffers takes an empty vector of them', async () => {
  const model = network({ out: dense({ inFeatures: 2, outFeatures: 1 }) });
  const { logits } = await runGraph(writeEvaluationGraph(model, [1, 2]), {
    x: { values: [3, 4], shape: [1, 2] },
    parameters: { values: [1, 10, 0.5], shape: [3] },
    buffers: { values: [], shape: [0] },
  });
  expect([...logits.values]).toEqual([43.5]);
});

test('weights of another network are refused', () => {
  const build = { x: input('x', ['batch', 'frames', CHANNELS]), build: () => ({}) };
  const longer = { ...weights, parameters: new Float32Array(weights.parameters.length + 1) };
  expect(() => writeInferenceGraph(recogniser, longer, build)).toThrow(/a vector of \d+ came/);
});

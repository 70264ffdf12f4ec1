import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  constant,
  createRandom,
  float32,
  input,
  operations,
  Session,
  writeGraph,
  type Tensor,
} from '@mars/autograd';
import { InferenceSession, Tensor as WebTensor } from 'onnxruntime-web/wasm';
import { afterAll, describe, expect, test } from 'vitest';
import { greatestDifference, readNpy } from '../../../core/src/features/fixtures/npy.node.ts';
import { openFrontEnd } from './open-front-end.ts';
import { yamnetLogMel } from './yamnet-log-mel.ts';
import { YAMNET_LAYERS, yamnetSettings, yamnetWidth } from './yamnet-settings.ts';
import { yamnetFrontEnd, yamnetTrunk } from './yamnet.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const settings = yamnetSettings.parse({ kind: 'yamnet' });
const waveform = input('waveform', ['batch', 'samples']);

async function run(outputs: Record<string, Tensor>, samples: Float32Array, batch = 1) {
  const session = await Session.create(writeGraph(outputs), { threads: 1 });
  const results = await session.run({ waveform: float32(samples, [batch, samples.length / batch]) });
  await session.dispose();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }]),
  );
}

/** Bursts of a gliding tone, with hiss 50 dB below them that goes on in between and at both ends. */
function bursts(length: number, seed = 'bursts'): Float32Array {
  const random = createRandom(seed);
  const pitch = random.uniform(0.03, 0.2);
  return new Float32Array(length).map((_, i) => {
    const gate = Math.sin(i / 5000 - 1) > 0 ? 0.2 : 0;
    return gate * Math.sin(pitch * i + 3 * Math.sin(i / 2000)) + 0.0004 * random.normal();
  });
}

describe('the trunk', () => {
  test.each([
    [4, 4],
    [6, 1],
    [7, 1],
  ] as const)("of layer %d gives YAMNet's numbers", async (layer, everyChannel) => {
    const golden = readNpy(`yamnet.layer${layer}.pointwise`, FIXTURES);
    const samples = readNpy('yamnet.waveform', FIXTURES).data;
    const activations = await trunkOf(samples, layer);
    const [, channels, steps, bands] = activations.dims;
    expect([channels / everyChannel, steps, bands]).toEqual(golden.shape);
    const kept = activations.data.filter((_, i) => Math.floor(i / (steps * bands)) % everyChannel === 0);
    expect(greatestDifference(kept, golden.data)).toBeLessThan(1e-4);
  });
});

async function trunkOf(samples: Float32Array, layer: keyof typeof YAMNET_LAYERS) {
  const trunk = yamnetTrunk(yamnetLogMel(waveform), layer);
  const { activations } = await run({ activations: trunk.get(layer)! }, samples);
  return activations;
}

/** What the pooling should give, one number after the other. */
function poolOracle(samples: Float32Array, activations: Float32Array, layer: keyof typeof YAMNET_LAYERS) {
  const { channels, bands, framesPerStep } = YAMNET_LAYERS[layer];
  const frames = 1 + Math.floor((samples.length - 400) / 160);
  const steps = Math.ceil(frames / framesPerStep);
  const powers = Array.from({ length: frames }, (_, frame) =>
    samples.subarray(frame * 160, frame * 160 + 400).reduce((sum, sample) => sum + sample ** 2, 0),
  );
  const levels = Array.from({ length: steps }, (_, step) =>
    Math.max(...powers.slice(step * framesPerStep, (step + 1) * framesPerStep)),
  );
  const loud = levels.flatMap((level, step) =>
    10 * Math.log10(Math.max(...levels) / level) <= 35 ? [step] : [],
  );
  const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const means: number[] = [];
  const bandDeviations: number[] = [];
  const deviations: number[] = [];
  const maxima: number[] = [];
  for (let channel = 0; channel < channels; channel += 1) {
    const at = (step: number, band: number) => activations[(channel * steps + step) * bands + band];
    for (let band = 0; band < bands; band += 1) {
      const mean = average(loud.map((step) => at(step, band)));
      means.push(mean);
      bandDeviations.push(Math.sqrt(average(loud.map((step) => (at(step, band) - mean) ** 2))));
    }
    const overBands = loud.map((step) => average(Array.from({ length: bands }, (_, band) => at(step, band))));
    const mean = average(overBands);
    deviations.push(Math.sqrt(average(overBands.map((value) => (value - mean) ** 2))));
    maxima.push(Math.max(...overBands));
  }
  return { vector: [...means, ...deviations, ...maxima], bandDeviations, counted: loud.length, steps };
}

describe('the pooled vector', () => {
  const frontEnd = openFrontEnd(settings);
  afterAll(() => frontEnd.dispose());

  test.each([4, 5, 6, 7] as const)('of layer %d is the pooling of its loud steps', async (layer) => {
    const samples = bursts(50_000);
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const level = samples.map((sample) => (sample * 0.5) / peak);
    const activations = await trunkOf(level, layer);
    const { vector } = await run({ vector: yamnetFrontEnd(waveform, { ...settings, layer }) }, samples);

    const wanted = poolOracle(level, activations.data, layer);
    expect(wanted.counted).toBeLessThan(0.8 * wanted.steps);
    expect(wanted.counted).toBeGreaterThan(0.3 * wanted.steps);
    expect(vector.dims).toEqual([1, 1, yamnetWidth({ layer })]);
    expect(greatestDifference(vector.data, wanted.vector)).toBeLessThan(1e-4);
  });

  test('holds the deviations of other layers, band by band', async () => {
    const samples = bursts(50_000);
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const level = samples.map((sample) => (sample * 0.5) / peak);
    const wanted = yamnetSettings.parse({ kind: 'yamnet', deviationsOf: [5, 7] });
    const { vector } = await run({ vector: yamnetFrontEnd(waveform, wanted) }, samples);
    const of = async (layer: 5 | 7) => poolOracle(level, (await trunkOf(level, layer)).data, layer);
    const [five, seven] = [await of(5), await of(7)];

    expect(vector.dims).toEqual([1, 1, yamnetWidth(wanted)]);
    const expected = [...seven.vector.slice(0, 2048), ...five.bandDeviations, ...seven.bandDeviations];
    expect(vector.data).toHaveLength(expected.length);
    expect(greatestDifference(vector.data, expected)).toBeLessThan(1e-3);
  });

  test('without means holds the deviations alone', async () => {
    const samples = bursts(50_000);
    const both = yamnetSettings.parse({ kind: 'yamnet', layer: 6, deviationsOf: [6] });
    const alone = yamnetSettings.parse({ ...both, means: false });
    const { vector } = await run({ vector: yamnetFrontEnd(waveform, alone) }, samples);
    expect(vector.dims).toEqual([1, 1, yamnetWidth(alone)]);
    const whole = await run({ vector: yamnetFrontEnd(waveform, both) }, samples);
    expect(vector.data).toEqual(whole.vector.data.subarray(2048));
    const nothing = { kind: 'yamnet', means: false };
    expect(yamnetSettings.safeParse(nothing).error?.message).toContain('must be \\"deviationsOf\\"');
  });

  test('cannot hold the deviations of a layer above the trunk', () => {
    const settings = { kind: 'yamnet', layer: 5, deviationsOf: [6] };
    expect(yamnetSettings.safeParse(settings).error?.message).toContain('up to the last one');
  });

  test.each([1e-3, 0.1, 16])('does not depend on the level: times %d', async (factor) => {
    const samples = bursts(30_000);
    const louder = await frontEnd.run(samples.map((sample) => sample * factor));
    expect(greatestDifference(louder, await frontEnd.run(samples))).toBeLessThan(1e-3);
  });

  test('hardly changes when silence comes before and after', async () => {
    const samples = bursts(32_000);
    const longer = new Float32Array(64_000);
    longer.set(samples, 16_000);
    const [short, long] = [await frontEnd.run(samples), await frontEnd.run(longer)];
    const average = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const change = average(long.map((value, i) => Math.abs(value - short[i])));
    expect(change).toBeLessThan(0.2 * average(short.map(Math.abs)));
  });

  test.each([0.9, 1.1])('of every recording in a batch is its own, at speed %d', async (speed) => {
    const rows = ['one', 'two', 'three'].map((seed) => bursts(20_000, seed));
    rows[1].fill(0);
    rows[2] = rows[2].map((sample) => sample / 100);
    const batch = Float32Array.from(rows.flatMap((row) => [...row]));
    const { vectors } = await run({ vectors: yamnetFrontEnd(waveform, settings, { speed }) }, batch, 3);
    expect(vectors.dims).toEqual([3, 1, frontEnd.width]);
    for (const [index, row] of rows.entries()) {
      const alone = await frontEnd.run(row, speed);
      const together = vectors.data.subarray(index * frontEnd.width, (index + 1) * frontEnd.width);
      expect(greatestDifference(together, alone)).toBeLessThan(1e-4);
    }
  });

  test.each([0, 1, 399, 400, 2799, 2800, 2801, 5360])('of %d samples is made of numbers', async (length) => {
    for (const samples of [bursts(length), new Float32Array(length)]) {
      const vector = await frontEnd.run(samples, 1.1);
      expect(vector).toHaveLength(3072);
      expect(vector.every(Number.isFinite)).toBe(true);
    }
  });

  test('of less than a step is that of the same with zeros up to one', async () => {
    const samples = bursts(6000).subarray(5000);
    const step = new Float32Array(400 + 15 * 160);
    step.set(samples);
    expect(await frontEnd.run(samples)).toEqual(await frontEnd.run(step));
  });

  test('at a speed that is not possible is an error', async () => {
    await expect(frontEnd.run(bursts(8000), 3)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a model file of three speeds', () => {
  const HIDDEN = 256;
  const LABELS = 8;
  const samples = bursts(48_000);

  /** Weights as a training might leave them, on vectors that were z-scored. */
  function scores(store: (values: Float32Array, shape: readonly number[], name: string) => Tensor): Tensor {
    const random = createRandom('head');
    const normal = (rows: number, columns: number) =>
      new Float32Array(rows * columns).map(() => random.normal() * Math.sqrt(2 / columns));
    const hidden = store(normal(HIDDEN, 3072), [HIDDEN, 3072], 'hidden.weight');
    const output = store(normal(LABELS, HIDDEN), [LABELS, HIDDEN], 'output.weight');
    return [0.9, 1, 1.1]
      .map((speed) => yamnetFrontEnd(waveform, settings, { speed }))
      .map((vector) => operations.linear(operations.relu(operations.linear(vector, hidden)), output))
      .map((logits) => operations.softmax(logits))
      .reduce((sum, each) => operations.add(sum, each));
  }
  /** As `writeInferenceGraph` stores the weights of a small file. */
  const halfPrecision = (values: Float32Array, shape: readonly number[], name: string) =>
    operations.cast(constant(Float16Array.from(values), shape, name));
  const half = () => writeGraph({ scores: scores(halfPrecision) });

  test('is small', () => {
    expect(half().length).toBeLessThan(1_910_000);
  });

  test('scores the same with weights of 16 bits, within 1e-3', async () => {
    const full = await run({ scores: scores((values, shape) => constant(values, shape)) }, samples);
    const rounded = await run({ scores: scores(halfPrecision) }, samples);
    expect(greatestDifference(rounded['scores'].data, full['scores'].data)).toBeLessThan(1e-3);
    expect(greatestDifference(rounded['scores'].data, full['scores'].data)).toBeGreaterThan(0);
  });

  test('scores the same in the browser’s runtime', async () => {
    const session = await InferenceSession.create(half(), { executionProviders: ['wasm'] });
    const inBrowser = await session.run({ waveform: new WebTensor('float32', samples, [1, samples.length]) });
    await session.release();
    const inNode = await run({ scores: scores(halfPrecision) }, samples);
    expect(greatestDifference(inBrowser['scores'].data as Float32Array, inNode['scores'].data)).toBeLessThan(
      1e-4,
    );
  });

  test('computes kernels and weights when it is loaded, and the level once for all speeds', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mars-profile-'));
    const session = await Session.create(half(), { threads: 1, profilePrefix: join(folder, 'run') });
    await session.run({ waveform: float32(samples, [1, samples.length]) });
    session.endProfiling();
    await session.dispose();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
      cat: string;
      args: { op_name?: string };
    }[];
    await rm(folder, { recursive: true });
    const ran = events.filter(({ cat }) => cat === 'Node').map(({ args }) => args.op_name);
    expect(ran.filter((name) => name === 'Conv')).toHaveLength(3 * 13);
    // One cast per speed remains, that of the mask.
    expect(ran.filter((name) => name === 'Cast')).toHaveLength(3);
    for (const before of ['Cos', 'Mod', 'Range', 'Equal']) expect(ran).not.toContain(before);
    expect(ran.filter((name) => name === 'Abs')).toHaveLength(1);
    // One for the level, then one per speed, for the spectrum and the mask.
    expect(ran.filter((name) => name === 'Pad')).toHaveLength(1 + 3);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, float32, input, Session, writeGraph } from '@mars/autograd';
import { resample } from '@mars/core';
import { InferenceSession, Tensor as WebTensor } from 'onnxruntime-web/wasm';
import { afterAll, describe, expect, test } from 'vitest';
import { greatestDifference } from '../../../core/src/features/fixtures/npy.node.ts';
import { syntheticVoice } from '../../../core/test/synthetic-voice.ts';
import { MOONSHINE_CHANNELS, MOONSHINE_WIDTH, moonshineSettings } from './moonshine-settings.ts';
import { moonshineFrontEnd } from './moonshine.ts';
import { openFrontEnd } from './open-front-end.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const settings = moonshineSettings.parse({ kind: 'moonshine' });
const voice = syntheticVoice(' saisou eiasoue ');

/** 1 for the same direction. */
function likeness(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const sum = (each: (i: number) => number) => Array.from(a, (_, i) => each(i)).reduce((x, y) => x + y, 0);
  return sum((i) => a[i] * b[i]) / Math.sqrt(sum((i) => a[i] ** 2) * sum((i) => b[i] ** 2));
}

/** Mean and deviation, part by part. */
function partsOf(vector: Float32Array): Float32Array[] {
  return Array.from({ length: 6 }, (_, i) =>
    vector.subarray(i * MOONSHINE_CHANNELS, (i + 1) * MOONSHINE_CHANNELS),
  );
}

describe('the pooled vector', () => {
  const frontEnd = openFrontEnd(settings);
  afterAll(() => frontEnd.dispose());

  test("has the original encoder's numbers, as far as weights of 4 to 6 bits allow", async () => {
    const golden = JSON.parse(readFileSync(join(FIXTURES, 'moonshine.json'), 'utf8')) as {
      text: string;
      parts: { means: number[]; deviations: number[] }[];
    };
    // Of all of it: the original leaves out no silence.
    const hearsAll = openFrontEnd({ ...settings, topDb: 300 });
    const found = partsOf(await hearsAll.run(syntheticVoice(golden.text)));
    await hearsAll.dispose();
    for (const [part, { means, deviations }] of golden.parts.entries()) {
      expect(likeness(found[2 * part], means)).toBeGreaterThan(0.99);
      expect(likeness(found[2 * part + 1], deviations)).toBeGreaterThan(0.97);
    }
  });

  test.each([1e-3, 0.1, 16])('does not depend on the level: times %d', async (factor) => {
    const louder = await frontEnd.run(voice.map((sample) => sample * factor));
    expect(likeness(louder, await frontEnd.run(voice))).toBeGreaterThan(0.9999);
  });

  test('does not hear the silence before, after and between', async () => {
    const half = Math.floor(voice.length / 2);
    const longer = new Float32Array(voice.length + 48_000);
    longer.set(voice.subarray(0, half), 16_000);
    longer.set(voice.subarray(half), half + 32_000);
    expect(likeness(await frontEnd.run(longer), await frontEnd.run(voice))).toBeGreaterThan(0.985);
  });

  test.each([1.25, 0.75])('at speed %d is that of the faster recording', async (speed) => {
    const faster = resample(voice, 16_000 * speed, 16_000);
    const [stretched, resampled] = [await frontEnd.run(voice, speed), await frontEnd.run(faster)];
    expect(likeness(stretched, resampled)).toBeGreaterThan(0.995);
    expect(likeness(stretched, await frontEnd.run(voice))).toBeLessThan(0.994);
  });

  test.each([1, 1.25])('of every recording in a batch is its own, at speed %d', async (speed) => {
    const random = createRandom('noise');
    const rows = [
      voice.subarray(0, 20_000),
      new Float32Array(20_000),
      voice.subarray(4000, 24_000).map((sample) => sample / 100 + 1e-4 * random.normal()),
    ];
    const waveform = input('waveform', ['batch', 'samples']);
    const session = await Session.create(
      writeGraph({ vectors: moonshineFrontEnd(waveform, settings, { speed }) }),
      { threads: 1 },
    );
    const batch = Float32Array.from(rows.flatMap((row) => [...row]));
    const { vectors } = await session.run({ waveform: float32(batch, [3, 20_000]) });
    await session.dispose();
    expect(vectors.dims).toEqual([3, 1, MOONSHINE_WIDTH]);
    for (const [index, row] of rows.entries()) {
      const alone = await frontEnd.run(row, speed);
      const together = (vectors.data as Float32Array).subarray(
        index * MOONSHINE_WIDTH,
        (index + 1) * MOONSHINE_WIDTH,
      );
      expect(greatestDifference(together, alone)).toBeLessThan(1e-2);
    }
  });

  test.each([0, 1, 63, 64, 831, 832, 833, 5360])('of %d samples is made of numbers', async (length) => {
    for (const samples of [voice.subarray(4000, 4000 + length), new Float32Array(length)]) {
      const vector = await frontEnd.run(samples, 1.25);
      expect(vector).toHaveLength(MOONSHINE_WIDTH);
      expect(vector.every(Number.isFinite)).toBe(true);
    }
  });

  test('is the same in the browser’s runtime', async () => {
    const waveform = input('waveform', ['batch', 'samples']);
    const graph = writeGraph({ vector: moonshineFrontEnd(waveform, settings, { speed: 1.25 }) });
    const session = await InferenceSession.create(graph, { executionProviders: ['wasm'] });
    const { vector } = await session.run({ waveform: new WebTensor('float32', voice, [1, voice.length]) });
    await session.release();
    const inNode = await frontEnd.run(voice, 1.25);
    expect(likeness(vector.data as Float32Array, inNode)).toBeGreaterThan(0.999_99);
  });

  test.each([3, 1.1])('at a speed of %d is an error', async (speed) => {
    await expect(frontEnd.run(voice, speed)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

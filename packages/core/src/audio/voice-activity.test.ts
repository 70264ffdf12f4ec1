import * as fc from 'fast-check';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syntheticVoice } from '../../test/synthetic-voice.ts';
import { decodeAudio } from './decode.ts';
import golden from './fixtures/silero-vad.json' with { type: 'json' };
import { resample } from './resample.ts';
import { VAD_FRAME, VAD_SAMPLE_RATE, VoiceActivityDetector } from './voice-activity.ts';

const corpora = process.env.MARS_CORPORA ?? join(import.meta.dirname, '../../../../../shared/corpora');
const CORPORA = ['ravdess', 'crema-d', 'tess']
  .map((name) => join(corpora, name))
  .filter((path) => existsSync(path));
if (CORPORA.length < 3)
  console.warn(
    `skipped: not all of RAVDESS, CREMA-D and TESS at ${corpora}; set MARS_CORPORA to test on real recordings`,
  );

let detector: VoiceActivityDetector;
beforeAll(async () => (detector = await VoiceActivityDetector.open()));
afterAll(() => detector.dispose());

/** The probabilities of a whole recording that is handed over in pieces ending at `cuts`. */
async function hear(samples: Float32Array, cuts: readonly number[] = []): Promise<number[]> {
  const recording = detector.stream();
  const pieces = [0, ...cuts].map((start, index) => samples.subarray(start, cuts[index]));
  const heard = await Promise.all([...pieces.map((piece) => recording.process(piece)), recording.flush()]);
  return heard.flatMap((probabilities) => [...probabilities]);
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...actual.map((value, index) => Math.abs(value - expected[index])));
  expect(worst).toBeLessThan(tolerance);
}

test.each(golden.voices)('hears in a voice under noise of $noise what the original hears', async (voice) => {
  const { text, noise, probabilities } = voice;
  const certain = probabilities.filter((p) => p < 0.05 || p > 0.95).length;
  expect(Math.min(...probabilities)).toBeLessThan(0.05);
  expect(Math.max(...probabilities)).toBeGreaterThan(0.95);
  expect(certain).toBeLessThan(0.95 * probabilities.length);
  expectClose(await hear(syntheticVoice(text, { noise })), probabilities, 1e-3);
});

describe('a stream', () => {
  const voice = syntheticVoice(' saisou ', { noise: 0.1 });

  test('gives the same probabilities whatever the cut', async () => {
    const whole = await hear(voice);
    expect(whole.length).toBe(Math.ceil(voice.length / VAD_FRAME));
    const cut = fc.integer({ min: 0, max: voice.length });
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 12 }), async (cuts) => {
        expectClose(
          await hear(
            voice,
            cuts.toSorted((a, b) => a - b),
          ),
          whole,
          1e-5,
        );
      }),
      { numRuns: 40 },
    );
  });

  test('gives the same probabilities in runs of the network as in one', async () => {
    // 40 s: three runs.
    const long = new Float32Array(40 * VAD_SAMPLE_RATE);
    for (let start = 0; start < long.length; start += voice.length) {
      long.set(voice.subarray(0, long.length - start), start);
    }
    const seconds = Array.from({ length: 39 }, (_, index) => (index + 1) * VAD_SAMPLE_RATE);
    expectClose(await hear(long, seconds), await hear(long), 1e-5);
  });

  test('remembers: a frame is heard by what came before it', async () => {
    const start = 20 * VAD_FRAME;
    const [whole, alone] = [await hear(voice), await hear(voice.subarray(start))];
    expect(Math.abs(whole[20] - alone[0])).toBeGreaterThan(0.3);
  });

  test('begins anew after flush, and does not hear its neighbours', async () => {
    const expected = await hear(voice);
    const [one, other] = [detector.stream(), detector.stream()];
    const [first] = await Promise.all([one.process(voice), other.process(voice.toReversed())]);
    const rest = await one.flush();
    expectClose([...first, ...rest], expected, 1e-6);
    expectClose([...(await one.process(voice)), ...(await one.flush())], expected, 1e-6);
  });

  test('lets go of the samples at once', async () => {
    const samples = voice.slice();
    const recording = detector.stream();
    const heard = recording.process(samples);
    samples.fill(0);
    expectClose([...(await heard), ...(await recording.flush())], await hear(voice), 1e-6);
  });

  test('has nothing to say of nothing', async () => {
    const recording = detector.stream();
    expect(await recording.process(new Float32Array(0))).toHaveLength(0);
    expect(await recording.process(new Float32Array(VAD_FRAME - 1))).toHaveLength(0);
    expect(await recording.flush()).toHaveLength(1);
    expect(await recording.flush()).toHaveLength(0);
  });

  test.each([NaN, Infinity, -Infinity, 1e30])('refuses %d, and goes on without it', async (wrong) => {
    const recording = detector.stream();
    await expect(recording.process(Float32Array.of(0, wrong))).rejects.toMatchObject({
      code: 'AUDIO_NOT_FINITE',
    });
    expectClose([...(await recording.process(voice)), ...(await recording.flush())], await hear(voice), 1e-6);
  });

  test('survives the loudest samples that it takes', async () => {
    const loud = Float32Array.from({ length: 4 * VAD_FRAME }, (_, i) => (i % 3 === 0 ? 1e10 : -1e10));
    const recording = detector.stream();
    const heard = [...(await recording.process(loud)), ...(await recording.process(voice))];
    expect(heard.every((p) => p >= 0 && p <= 1)).toBe(true);
  });
});

describe('what is no voice', () => {
  const seconds = (make: (t: number) => number) =>
    Float32Array.from({ length: 2 * VAD_SAMPLE_RATE }, (_, i) => make(i / VAD_SAMPLE_RATE));
  test.each([
    ['silence', () => 0],
    ['a constant', () => 0.1],
    ['a dial tone', (t: number) => 0.1 * (Math.sin(2 * Math.PI * 350 * t) + Math.sin(2 * Math.PI * 440 * t))],
    ['a sweep', (t: number) => 0.3 * Math.sin(2 * Math.PI * (200 * t + 400 * t * t))],
  ])('%s is heard as none', async (_, make) => {
    const probabilities = await hear(seconds(make));
    // Where a tone sets in a single frame may err.
    expect(probabilities.filter((p) => p >= 0.5).length).toBeLessThanOrEqual(1);
  });
});

test.skipIf(CORPORA.length < 3)('hears the speech in recordings of actors', async () => {
  let [clips, found] = [0, 0];
  for (const folder of CORPORA) {
    const names = (await readdir(folder, { recursive: true }))
      .filter((name) => /\.(?:flac|opus)$/.test(name))
      .toSorted();
    const step = Math.floor(names.length / 12);
    for (let index = 0; index < names.length; index += step) {
      const { samples, sampleRate } = await decodeAudio(await readFile(join(folder, names[index])));
      const probabilities = await hear(resample(samples, sampleRate, VAD_SAMPLE_RATE));
      clips++;
      if (probabilities.filter((p) => p >= 0.5).length * VAD_FRAME >= 0.25 * VAD_SAMPLE_RATE) found++;
    }
  }
  expect(found / clips).toBeGreaterThan(0.95);
});

test('needs no more memory at the thousandth recording than at the hundredth', async () => {
  const voice = syntheticVoice('a');
  const grow = async (recordings: number) => {
    for (let k = 0; k < recordings; k++) await hear(voice);
    return process.memoryUsage().rss;
  };
  const before = await grow(100);
  // A session of its own for each recording would take over a gigabyte.
  expect((await grow(900)) - before).toBeLessThan(100e6);
});

test('a disposed detector says so by rejecting, and can be disposed again', async () => {
  const short = await VoiceActivityDetector.open();
  const recording = short.stream();
  await short.dispose();
  await expect(short.dispose()).resolves.toBeUndefined();
  await expect(recording.process(new Float32Array(VAD_FRAME))).rejects.toThrow('disposed');
});

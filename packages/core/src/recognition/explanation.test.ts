import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyMetadata, tinyModel } from '../../test/tiny-model.ts';
import type { Audio } from '../audio/audio.ts';
import { stretchRemover } from './occlusion.ts';
import { explainVerdict, type Explainable, type ExplainOptions } from './explanation.ts';
import { loadRecogniser, type ClassifyOptions, type Recogniser } from './recogniser.ts';
import { emotionVerdict } from './verdict.ts';

const RATE = 16_000;

let recogniser: Recogniser;
beforeAll(async () => {
  const metadata = tinyMetadata({ sampleRate: String(RATE), windowSec: '0.5' });
  recogniser = await loadRecogniser(tinyModel({ metadata }));
});
afterAll(() => recogniser.dispose());

/** Silence with a buzz in it. */
function buzzIn(durationSec: number, [startSec, endSec] = [0, durationSec]): Audio {
  const samples = new Float32Array(Math.round(durationSec * RATE));
  for (let i = Math.round(startSec * RATE); i < Math.round(endSec * RATE); i++) {
    for (let k = 1; k < 20; k++) samples[i] += (0.2 / k) * Math.sin((2 * Math.PI * k * 140 * i) / RATE);
  }
  return { samples, sampleRate: RATE };
}

/** Buzzes stand for voices here. */
const explain = (clip: Audio, options: ClassifyOptions & ExplainOptions = {}) =>
  recogniser.explain(clip, { assumeSpeech: true, ...options });

test('what is said once in a recording is what its score rests on', async () => {
  const place = fc.tuple(
    fc.double({ min: 0, max: 0.7, noNaN: true }),
    fc.double({ min: 0.1, max: 0.3, noNaN: true }),
  );
  await fc.assert(
    fc.asyncProperty(place, async ([start, share]) => {
      const [startSec, endSec] = [2 * start, 2 * (start + share)];
      const { explanation } = await explain(buzzIn(2, [startSec, endSec]), { bands: 0 });
      const { stretches } = explanation!;
      expect(stretches).toHaveLength(10);
      const fadeSec = 0.01;
      const apart = stretches.filter((s) => s.endSec + fadeSec < startSec || s.startSec - fadeSec > endSec);
      for (const { contribution } of apart) expect(Math.abs(contribution)).toBeLessThan(1e-6);
      const largest = Math.max(...stretches.map(({ contribution }) => Math.abs(contribution)));
      expect(largest).toBeGreaterThan(0.01);
    }),
    { numRuns: 15 },
  );
});

describe('recogniser.explain', () => {
  const clip = buzzIn(1.9, [0.3, 1.7]);

  test('gives the verdict of classify, and what it rests on as JSON', async () => {
    const { explanation, ...verdict } = await explain(clip);
    expect(verdict).toEqual(await recogniser.classify(clip, { assumeSpeech: true }));
    expect(explanation).toMatchObject({ emotion: verdict.emotion, score: verdict.confidence });
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);

    const { stretches, bands, attention } = explanation!;
    for (const steps of [stretches, attention!]) {
      expect(steps[0].startSec).toBe(0);
      expect(steps.at(-1)!.endSec).toBeCloseTo(1.9, 9);
      for (const [index, { startSec }] of steps.slice(1).entries()) {
        expect(startSec).toBeCloseTo(steps[index].endSec, 9);
      }
    }
    expect(bands).toHaveLength(12);
    expect([bands[0].lowHz, bands[11].highHz]).toEqual([0, 8000]);
    expect(attention!.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 5);
  });

  test('contributions are differences of verdicts', async () => {
    const { explanation } = await explain(clip, { bands: 0 });
    const { startSec, endSec, contribution } = explanation!.stretches[4];
    const [start, end] = [startSec, endSec].map((seconds) => Math.round(seconds * RATE));
    const samples = stretchRemover(clip.samples, { sampleRate: RATE })({ start, end });
    const { scores } = await recogniser.classify({ samples, sampleRate: RATE }, { assumeSpeech: true });
    const rest = scores.find(({ label }) => label === explanation!.emotion)!.score;
    expect(Math.abs(contribution)).toBeGreaterThan(0.005);
    expect(contribution).toBeCloseTo(explanation!.score - rest, 9);
  });

  test('explains a part as the recording that it is', async () => {
    const { explanation, ...verdict } = await explain(clip, { startSec: 0.5, endSec: 1.5 });
    const samples = clip.samples.subarray(0.5 * RATE, 1.5 * RATE);
    const alone = await explain({ samples, sampleRate: RATE });
    expect(verdict).toEqual({ ...alone, explanation: undefined });
    expect(explanation!.bands).toEqual(alone.explanation!.bands);
    for (const kind of ['stretches', 'attention'] as const) {
      expect(explanation![kind]!.map(({ startSec }) => startSec)).toEqual(
        alone.explanation![kind]!.map(({ startSec }) => 0.5 + startSec),
      );
      expect(explanation![kind]!.at(-1)!.endSec).toBeCloseTo(1.5, 9);
    }
  });

  test('explains any emotion, and with a profile', async () => {
    const { scores } = await recogniser.classify(clip, { assumeSpeech: true });
    const { label, score } = scores.at(-1)!;
    const { explanation } = await explain(clip, { emotion: label });
    expect(explanation).toMatchObject({ emotion: label, score });

    const profile = await recogniser.calibrate([{ recording: buzzIn(1) }]);
    const known = await explain(clip, { profile });
    expect(known).toMatchObject(await recogniser.classify(clip, { assumeSpeech: true, profile }));
    // All stretches under the profile: that which is silent anyway does nothing.
    expect(known.explanation!.stretches[0].contribution).toBeCloseTo(0, 4);
  });

  test('has nothing to explain where nobody speaks', async () => {
    const verdict = await recogniser.explain(clip);
    expect(verdict).toMatchObject({ verdict: 'no-speech', emotion: null, explanation: null });
    expect((await explain(buzzIn(1, [0, 0]))).explanation).toBeNull();
  });

  test.each([
    ['an emotion that the model does not know', { emotion: 'bored' }, 'CONFIG_INVALID'],
    ['fewer bands than none', { bands: -1 }, 'CONFIG_INVALID'],
    ['half a band', { bands: 2.5 }, 'CONFIG_INVALID'],
    ['too many bands', { bands: 41 }, 'CONFIG_INVALID'],
    ['a beginning before the recording', { startSec: -0.1 }, 'CONFIG_INVALID'],
    ['a beginning after the recording', { startSec: 32 }, 'CONFIG_INVALID'],
    ['an end before the beginning', { startSec: 1, endSec: 0.9 }, 'CONFIG_INVALID'],
    ['a part of 50 ms', { startSec: 1, endSec: 1.05 }, 'AUDIO_TOO_SHORT'],
    ['31 s', { endSec: 40 }, 'AUDIO_TOO_LONG'],
  ])('%s is %s', async (_, options, code) => {
    const clip = { samples: new Float32Array(31 * RATE), sampleRate: RATE };
    await expect(explain(clip, options)).rejects.toMatchObject({ code });
  });
});

const WHISTLE_HZ = 1150;

/** Hears nothing but how loud the whistle is; attends to ten steps of two seconds. */
const WHISTLE: Explainable = {
  metadata: { labels: ['quiet', 'whistle'], sampleRate: RATE, windowSec: 2, calibration: null },
  classify: async ({ samples, sampleRate }) =>
    emotionVerdict(whistle(samples), ['quiet', 'whistle'], {
      durationSec: samples.length / sampleRate,
      calibration: null,
    }),
  infer: async (waveform) => ({
    scores: whistle(waveform),
    attention: Float32Array.from({ length: 10 }, (_, step) => step / 45),
    embedding: undefined,
  }),
};

function whistle(samples: Float32Array): Float32Array {
  let [re, im] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    re += sample * Math.cos((2 * Math.PI * WHISTLE_HZ * i) / RATE);
    im += sample * Math.sin((2 * Math.PI * WHISTLE_HZ * i) / RATE);
  }
  const loudness = Math.min(1, (4 * Math.hypot(re, im)) / samples.length);
  return Float32Array.of(1 - loudness, loudness);
}

const whistling = (durationSec: number): Audio => ({
  samples: Float32Array.from(
    { length: durationSec * RATE },
    (_, i) =>
      0.4 * Math.sin((2 * Math.PI * WHISTLE_HZ * i) / RATE) + 0.1 * Math.sin((2 * Math.PI * 3000 * i) / RATE),
  ),
  sampleRate: RATE,
});

describe('of a known mind', () => {
  test('the band that it hears has the whole score, the others none; all stretches have the same', async () => {
    const { explanation } = await explainVerdict(whistling(1), WHISTLE);
    const { score, bands, stretches } = explanation!;
    for (const { lowHz, highHz, contribution } of bands) {
      const isHeard = lowHz <= WHISTLE_HZ && WHISTLE_HZ < highHz;
      expect(Math.abs(contribution - (isHeard ? score : 0))).toBeLessThan(0.03);
    }
    expect(stretches).toHaveLength(5);
    for (const { contribution } of stretches) expect(contribution).toBeCloseTo(score / 5, 1);
  });

  test('of the attention, what lay on the recording is told, in its seconds', async () => {
    const { explanation } = await explainVerdict(whistling(1), WHISTLE, { bands: 0 });
    expect(explanation!.attention!.map(({ startSec, weight }) => [startSec, weight])).toEqual(
      [0, 1, 2, 3, 4].map((step) => [expect.closeTo(step / 5, 9), expect.closeTo(step / 45, 6)]),
    );
  });
});

describe('the runs of the model', () => {
  const SILENT: Explainable = { ...WHISTLE, infer: async () => WHISTLE.infer(new Float32Array(1)) };

  test('are told one by one, and are not more for half a minute than for 12 s', async () => {
    for (const [durationSec, runs] of [
      [0.1, 13],
      [3, 27],
      [12, 72],
      [30, 72],
    ]) {
      const told: [number, number][] = [];
      const onProgress = (done: number, all: number): unknown => told.push([done, all]);
      await explainVerdict(whistling(durationSec), SILENT, { onProgress });
      expect(told).toEqual(Array.from({ length: runs }, (_, index) => [index + 1, runs]));
    }
  });

  test('end when the signal aborts', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let last = 0;
    const onProgress = (done: number): void => {
      last = done;
      if (done === 3) controller.abort(new Error('enough'));
    };
    await expect(explainVerdict(whistling(1), SILENT, { signal, onProgress })).rejects.toThrow('enough');
    expect(last).toBe(3);
    await expect(explainVerdict(whistling(1), SILENT, { signal })).rejects.toThrow('enough');
  });

  test('let a timer abort them', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('time is up')), 20);
    await expect(explainVerdict(whistling(30), SILENT, { signal: controller.signal })).rejects.toThrow(
      'time is up',
    );
  });
});

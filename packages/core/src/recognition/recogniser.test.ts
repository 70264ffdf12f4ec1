import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syntheticVoice } from '../../test/synthetic-voice.ts';
import { tinyMetadata, tinyModel } from '../../test/tiny-model.ts';
import type { Audio } from '../audio/audio.ts';
import { resample } from '../audio/resample.ts';
import { Profile } from './profile.ts';
import { loadRecogniser, type ClassifyOptions, type Recogniser } from './recogniser.ts';

let recogniser: Recogniser;
beforeAll(async () => {
  recogniser = await loadRecogniser(tinyModel());
});
afterAll(() => recogniser.dispose());

/** A voice-like buzz: harmonics of `pitchHz` that fade with their number, with a slow tremolo. */
function buzz({ durationSec = 1, sampleRate = 22050, pitchHz = 140, peak = 0.5 } = {}): Audio {
  const samples = new Float32Array(Math.round(durationSec * sampleRate));
  for (let i = 0; i < samples.length; i++) {
    const t = i / sampleRate;
    let sum = 0;
    for (let k = 1; k * pitchHz < Math.min(3500, 0.45 * sampleRate); k++)
      sum += Math.sin(2 * Math.PI * k * pitchHz * t) / k;
    samples[i] = (peak / 2) * sum * (0.7 + 0.3 * Math.sin(2 * Math.PI * 4 * t));
  }
  return { samples, sampleRate };
}

/** Buzzes stand for voices here: what matters is that they differ. */
const classify = (clip: Audio | Uint8Array, options?: ClassifyOptions, by = recogniser) =>
  by.classify(clip, { assumeSpeech: true, ...options });

const scoresByLabel = (scores: readonly { label: string; score: number }[]) =>
  Object.fromEntries(scores.map(({ label, score }) => [label, score]));

describe('classify', () => {
  test('gives what the graph says of the clip’s waveform', async () => {
    const clip = buzz();
    const { createSession, Tensor } = await import('#onnxruntime');
    const session = await createSession(tinyModel(), { threads: 1 });
    const waveform = new Tensor('float32', clip.samples, [1, clip.samples.length]);
    const { scores } = await session.run({ waveform });
    await session.release();

    const verdict = await classify(clip);
    expect(verdict.durationSec).toBe(1);
    expect(verdict.verdict).toBe('emotion');
    for (const [index, label] of recogniser.metadata.labels.entries()) {
      expect(scoresByLabel(verdict.scores)[label]).toBeCloseTo(Number(scores.data[index]), 6);
    }
  });

  test('tells clips apart, and the same clip at two rates alike', async () => {
    const low = scoresByLabel((await classify(buzz({ pitchHz: 90 }))).scores);
    const high = scoresByLabel((await classify(buzz({ pitchHz: 300 }))).scores);
    const atDouble = scoresByLabel((await classify(buzz({ pitchHz: 90, sampleRate: 44100 }))).scores);
    const distance = (a: Record<string, number>, b: Record<string, number>) =>
      Math.max(...Object.keys(a).map((label) => Math.abs(a[label] - b[label])));
    expect(distance(low, high)).toBeGreaterThan(0.05);
    expect(distance(low, atDouble)).toBeLessThan(0.02);
  });

  test('averages the pieces of a recording that is longer than two minutes', async () => {
    const minute = buzz({ durationSec: 61, sampleRate: 4000, pitchHz: 90 });
    const other = buzz({ durationSec: 61, sampleRate: 4000, pitchHz: 300 });
    const both = new Float32Array(minute.samples.length * 2);
    both.set(minute.samples);
    both.set(other.samples, minute.samples.length);

    const [first, second, whole] = await Promise.all(
      [minute, other, { samples: both, sampleRate: 4000 }].map(async (clip) =>
        scoresByLabel((await classify(clip)).scores),
      ),
    );
    for (const label of Object.keys(whole)) {
      expect(whole[label]).toBeCloseTo((first[label] + second[label]) / 2, 7);
    }
  });

  test('a silent half of a long recording has no vote', async () => {
    const voice = buzz({ durationSec: 61, sampleRate: 4000 });
    const padded = new Float32Array(voice.samples.length * 2);
    padded.set(voice.samples);
    const alone = await classify(voice);
    const withSilence = await classify({ samples: padded, sampleRate: 4000 });
    expect(withSilence.scores).toEqual(alone.scores);
    expect(withSilence.durationSec).toBe(122);
  });
});

describe('nothing to hear', () => {
  test.each([
    ['zeros', 0, 0],
    ['a constant', 0, 0.25],
    ['a tone just below -80 dBFS', 0.99e-4, 0],
  ])('%s: no speech', async (_, peak, offset) => {
    const samples = Float32Array.from({ length: 22050 }, (_, i) => offset + peak * Math.sin(i / 10));
    const verdict = await classify({ samples, sampleRate: 22050 });
    expect(verdict).toMatchObject({ durationSec: 1, verdict: 'no-speech', emotion: null, confidence: 0 });
    expect(verdict.scores).toHaveLength(8);
    expect(verdict.scores.every(({ score }) => score === 1 / 8)).toBe(true);
  });

  test('a tone just above -80 dBFS is heard', async () => {
    const samples = Float32Array.from({ length: 22050 }, (_, i) => 1.01e-4 * Math.sin(i / 10));
    expect((await classify({ samples, sampleRate: 22050 })).verdict).toBe('emotion');
  });
});

describe('what is no voice', () => {
  const sound = (at: (t: number) => number): Audio => ({
    samples: Float32Array.from({ length: 32_000 }, (_, i) => at(i / 16_000)),
    sampleRate: 16_000,
  });
  const tone = (t: number, hz: number) => Math.sin(2 * Math.PI * hz * t);
  let state = 1;
  const noise = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  test.each([
    ['white noise', () => 0.3 * noise()],
    ['a dial tone', (t: number) => 0.2 * (tone(t, 350) + tone(t, 440))],
    [
      'a chord',
      (t: number) => 0.1 * [262, 330, 392].reduce((sum, hz) => sum + tone(t, hz) + tone(t, 2 * hz), 0),
    ],
  ])('%s is no speech, unless it is said to be', async (_, at) => {
    const clip = sound(at);
    expect(await recogniser.classify(clip)).toMatchObject({
      verdict: 'no-speech',
      emotion: null,
      confidence: 0,
    });
    expect((await classify(clip)).verdict).toBe('emotion');
  });

  test('a word is heard, but not surely', async () => {
    const word = syntheticVoice(' sa ', { pitchHz: 140 });
    const samples = new Float32Array(16_000);
    samples.set(word, 4000);
    expect((await recogniser.classify({ samples, sampleRate: 16_000 })).verdict).toBe('uncertain');
  });

  test('a voice between two minutes of hum is heard, and the hum has no say', async () => {
    const samples = syntheticVoice('sa i  sosu ea', { pitchHz: 140 });
    const sampleRate = 16_000;
    const hum = sound((t) => 0.02 * tone(t, 50));
    const minutes = new Float32Array(2 * 125 * sampleRate);
    for (let at = 0; at < minutes.length; at += hum.samples.length) {
      minutes.set(hum.samples.subarray(0, minutes.length - at), at);
    }
    minutes.set(samples, 0);
    expect((await recogniser.classify({ samples: minutes, sampleRate })).verdict).toBe('emotion');
  });
});

describe('what cannot be classified', () => {
  test.each([
    ['no sample', 'AUDIO_TOO_SHORT', 0],
    ['one sample', 'AUDIO_TOO_SHORT', 1],
    ['just under 0.1 s', 'AUDIO_TOO_SHORT', 2204],
  ])('%s is %s', async (_, code, length) => {
    const { samples } = buzz();
    await expect(classify({ samples: samples.slice(0, length), sampleRate: 22050 })).rejects.toMatchObject({
      code,
    });
  });

  test('0.1 s is enough', async () => {
    expect((await classify(buzz({ durationSec: 0.1 }))).verdict).toBe('emotion');
  });

  test.each([NaN, Infinity, -Infinity])('a sample of %s is AUDIO_NOT_FINITE', async (bad) => {
    const { samples, sampleRate } = buzz();
    samples[5000] = bad;
    await expect(classify({ samples, sampleRate })).rejects.toMatchObject({
      code: 'AUDIO_NOT_FINITE',
    });
  });

  test('samples whose energy would overflow are AUDIO_NOT_FINITE', async () => {
    const clip = buzz({ peak: 1e30 });
    await expect(classify(clip)).rejects.toMatchObject({ code: 'AUDIO_NOT_FINITE' });
  });

  test('bytes that are no recording keep the code of the decoder', async () => {
    const bytes = new TextEncoder().encode('A letter, and not a recording of one.');
    await expect(classify(bytes)).rejects.toMatchObject({ code: 'AUDIO_UNREADABLE' });
  });
});

test('a calibrated model says when it is not sure', async () => {
  const metadata = tinyMetadata({ calibration: '{"temperature":1,"threshold":0.999}' });
  await using careful = await loadRecogniser(tinyModel({ metadata }));
  const verdict = await classify(buzz(), {}, careful);
  const plain = await classify(buzz());
  expect(verdict).toEqual({ ...plain, verdict: 'uncertain' });
});

test('a model may still be on its way, and may never come', async () => {
  await using later = await loadRecogniser(Promise.resolve(tinyModel()));
  expect(await later.classify(buzz())).toEqual(await recogniser.classify(buzz()));
  await expect(loadRecogniser(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
});

test.each([16_000, 22_050])(
  'a model that hears at %i Hz finds the voice in clips of other rates',
  async (sampleRate) => {
    await using other = await loadRecogniser(
      tinyModel({ metadata: tinyMetadata({ sampleRate: String(sampleRate) }) }),
    );
    const voice = syntheticVoice(' saisou  eiasoue ');
    for (const rate of [16_000, 32_000, 44_100]) {
      const clip = { samples: resample(voice, 16_000, rate), sampleRate: rate };
      expect((await other.classify(clip)).verdict, `${rate} Hz`).not.toBe('no-speech');
    }
  },
);

test('dispose can be called again', async () => {
  const short = await loadRecogniser(tinyModel());
  await short.dispose();
  await expect(short.dispose()).resolves.toBeUndefined();
});

describe('a profile', () => {
  const clips = [90, 120, 150, 180].map((pitchHz) => ({ recording: buzz({ pitchHz }) }));

  test('changes what is heard, and comes back from JSON to the same scores', async () => {
    const profile = await recogniser.calibrate(clips);
    expect(profile).toMatchObject({ clips: 4, labelled: 0 });
    const plain = await classify(buzz());
    const known = await classify(buzz(), { profile });
    expect(known.scores).not.toEqual(plain.scores);
    const stored = Profile.parse(JSON.parse(JSON.stringify(profile)));
    const again = scoresByLabel((await classify(buzz(), { profile: stored })).scores);
    for (const { label, score } of known.scores) expect(again[label]).toBeCloseTo(score, 2);
  });

  test('learns what the clips are said to hold', async () => {
    const labelled = clips.map((clip, index) => ({ ...clip, emotion: index % 2 === 0 ? 'sad' : 'angry' }));
    const profile = await recogniser.calibrate(labelled);
    expect(profile.labelled).toBe(4);
    const scoreOf = async (profileOrNone?: Profile) =>
      scoresByLabel((await classify(clips[0].recording, { profile: profileOrNone })).scores).sad;
    expect(await scoreOf(profile)).toBeGreaterThan(await scoreOf());
  });

  test.each([
    ['no clip', [], 'NO_INPUT'],
    ['an emotion that the model does not know', [{ ...clips[0], emotion: 'bored' }], 'CONFIG_INVALID'],
    ['silence', [{ recording: { samples: new Float32Array(22050), sampleRate: 22050 } }], 'AUDIO_TOO_SHORT'],
  ])('%s teaches nothing', async (_, given, code) => {
    await expect(recogniser.calibrate(given)).rejects.toMatchObject({ code });
  });

  test('is one model’s', async () => {
    const profile = await recogniser.calibrate(clips);
    const { space, model, mean } = profile;
    const fields = { space, model, clips: 4, labelled: 0, mean };
    const foreign = new Profile({ ...fields, space: 'another', model: 'other' });
    await expect(classify(buzz(), { profile: foreign })).rejects.toMatchObject({
      code: 'PROFILE_INVALID',
      message: expect.stringContaining('learnt with the model "other"'),
    });
    for (const wrong of [{ mean: mean.slice(1) }, { lastLayer: new Float32Array(5) }]) {
      const broken = new Profile({ ...fields, ...wrong });
      await expect(classify(buzz(), { profile: broken })).rejects.toMatchObject({
        code: 'PROFILE_INVALID',
      });
    }
  });

  test('is nothing for a model without an embedding', async () => {
    await using seed = await loadRecogniser(tinyModel({ embedding: false }));
    await expect(seed.calibrate(clips)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    const plain = await classify(buzz(), {}, seed);
    expect(scoresByLabel(plain.scores)).toEqual(scoresByLabel((await classify(buzz())).scores));
  });
});

test('one speaker’s utterances help each other, and the verdicts say so', async () => {
  const sentence = syntheticVoice('sa i  sosu ea', { pitchHz: 140 });
  const pause = 16_000;
  const samples = new Float32Array(3 * (sentence.length + pause));
  for (const turn of [0, 1, 2]) samples.set(sentence, turn * (sentence.length + pause));
  const audio = { samples, sampleRate: 16_000 };

  const apart = await recogniser.timeline(audio);
  const together = await recogniser.timeline(audio, { oneSpeaker: true });
  expect(apart.segments.map(({ knownVoice }) => knownVoice)).toEqual([undefined, undefined, undefined]);
  expect(together.segments.map(({ knownVoice }) => knownVoice)).toEqual(
    [0, 1, 2].map((utterances) => ({ profileClips: 0, utterances })),
  );
  expect(together.segments[0].scores).toEqual(apart.segments[0].scores);
  expect(together.segments[2].scores).not.toEqual(apart.segments[2].scores);

  const profile = await recogniser.calibrate([{ recording: { samples: sentence, sampleRate: 16_000 } }]);
  const { segments } = await recogniser.timeline(audio, { profile, oneSpeaker: true });
  expect(segments[1].knownVoice).toEqual({ profileClips: 1, utterances: 1 });
});

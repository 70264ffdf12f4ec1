import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMOTIONS, encodeWav } from '@mars/core';
import { KeyStore, openPool, serve } from '@mars/service';
import { array, assert, constantFrom, property, tuple } from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { syntheticVoice } from '../../packages/core/test/synthetic-voice.ts';
import { startExample } from '../shared/start-example.ts';
import { FIRST_TONE, nextTone, TONES, type ToneState } from './tone.ts';

const folder = await mkdtemp(join(tmpdir(), 'mars-assistant-'));
afterAll(() => rm(folder, { recursive: true }));
const ASSISTANT = 'voice-assistant/assistant.ts';
const MODEL = join(import.meta.dirname, '../../models/flagship/model.onnx');

/** An utterance that sounds like one emotion and nothing else. */
function heard(emotion: string, verdict: 'emotion' | 'uncertain' | 'no-speech' = 'emotion') {
  const scores = EMOTIONS.map((label) => ({ label, score: label === emotion ? 1 : 0 }));
  return { verdict, emotion, confidence: 1, scores };
}

const after = (...utterances: readonly ReturnType<typeof heard>[]): ToneState =>
  utterances.reduce(nextTone, FIRST_TONE);
const ANGRY = heard('angry');

test('it softens with every strained utterance, and comes back when they are over', () => {
  expect(after(ANGRY)).toEqual({ tone: 'warm', strain: 0.5 });
  expect(after(ANGRY, heard('sad'))).toEqual({ tone: 'gentle', strain: 0.75 });
  expect(after(ANGRY, ANGRY, heard('calm')).tone).toBe('warm');
  expect(after(ANGRY, ANGRY, heard('calm'), heard('happy')).tone).toBe('plain');
});

test('a tone holds a little below where it begins: it does not waver', () => {
  const warm: ToneState = { tone: 'warm', strain: 0.41 };
  const almost = {
    ...heard('calm'),
    scores: [
      { label: 'angry', score: 0.3 },
      { label: 'calm', score: 0.7 },
    ],
  };
  expect(nextTone(warm, almost)).toEqual({ tone: 'warm', strain: expect.closeTo(0.355) });
  expect(nextTone(FIRST_TONE, { ...almost, scores: [{ label: 'angry', score: 0.71 }] }).tone).toBe('plain');
});

test('what is uncertain moves it less, and what is no speech not at all', () => {
  expect(after(heard('angry', 'uncertain'))).toEqual({ tone: 'plain', strain: 0.25 });
  const state = after(ANGRY);
  expect(nextTone(state, heard('angry', 'no-speech'))).toEqual(state);
});

test('whatever is heard, the strain stays a share and the tone is one of the three', () => {
  const utterance = tuple(constantFrom(...EMOTIONS), constantFrom('emotion', 'uncertain', 'no-speech')).map(
    ([emotion, verdict]) => heard(emotion, verdict as 'emotion'),
  );
  assert(
    property(array(utterance), (utterances) => {
      const { tone, strain } = after(...utterances);
      expect(strain).toBeGreaterThanOrEqual(0);
      expect(strain).toBeLessThanOrEqual(1);
      const { from } = TONES.find(({ name }) => name === tone)!;
      expect(strain).toBeGreaterThanOrEqual(from - 0.1);
    }),
  );
});

test('it answers every utterance of a recording, with a service of its own; its notice comes first', async () => {
  const { status, stdout, stderr } = await startExample(ASSISTANT, [
    'samples/man-high-fast-loud.flac',
    'samples/woman-plain.wav',
  ]);
  expect(stderr).toMatch(/^This assistant guesses .*Art\. 50.*Art\. 5\(1\)\(f\)/s);
  expect(status, stderr).toBe(0);
  expect(stdout.match(/^[\d.]+ – [\d.]+ s {2}strain 0\.\d\d$/gm)).toHaveLength(2);
  expect(stdout.match(/^ {2}\[(?:plain|warm|gentle)\] .+$/gm)).toHaveLength(2);
  expect(stderr.match(/^ {2}to the writer: .+$/gm)).toHaveLength(2);
});

test('it asks the service that it is given, with its key', async () => {
  const talk = join(folder, 'talk.wav');
  await writeFile(talk, encodeWav({ samples: syntheticVoice('sa io sue ea si'), sampleRate: 16_000 }));
  const keys = new KeyStore(join(folder, 'keys.json'));
  const { key } = await keys.create('the test');
  const pool = await openPool({ model: await readFile(MODEL), size: 1 });
  try {
    await using service = await serve({ pool, keys, port: 0, log: { level: 'silent' } });
    const env = { MARS_API_KEY: key };
    const [allowed, refused] = await Promise.all([
      startExample(ASSISTANT, [talk, '--url', service.url], { env }),
      startExample(ASSISTANT, [talk, '--url', service.url], { env: { MARS_API_KEY: '' } }),
    ]);
    expect(allowed.status, allowed.stderr).toBe(0);
    expect(allowed.stdout, allowed.stderr).toMatch(/\[(?:plain|warm|gentle)\]/);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('[UNAUTHORIZED]');
  } finally {
    await pool.close();
  }
});

test('switched off, it is plain and hears nothing', async () => {
  const { status, stdout } = await startExample(ASSISTANT, ['no-such-file.wav', '--off']);
  expect({ status, stdout }).toEqual({ status: 0, stdout: `[plain] ${TONES[0].reply}\n` });
});

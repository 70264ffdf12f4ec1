import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeAudio } from '../audio/decode.ts';
import { encodeWav } from '../audio/wav-writer.ts';
import { resample } from '../audio/resample.ts';
import { trim } from '../features/envelope.ts';
import { loadRecogniser, type Recogniser } from './recogniser.ts';
import type { LiveEvent, LiveMeasurement } from './stream.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const RATE = 16_000;
const SAMPLES = ['man-plain.wav', 'man-high-fast-loud.flac', 'woman-high-fast-loud.mp3', 'woman-plain.wav'];
const SILENCE_SEC = 1.2;
const MARGIN_SEC = 0.25;

let recogniser: Recogniser;
/** The repository's samples one after the other, with silences instead of their own, and where each lies. */
let talk: Float32Array;
const spoken: { startSec: number; endSec: number }[] = [];

beforeAll(async () => {
  recogniser = await loadRecogniser(await readFile(join(ROOT, 'models/flagship/model.onnx')));
  const silence = new Float32Array(SILENCE_SEC * RATE);
  const pieces: Float32Array[] = [silence];
  let at = silence.length;
  for (const name of SAMPLES) {
    const { samples, sampleRate } = await decodeAudio(await readFile(join(ROOT, 'samples', name)));
    const { samples: voice } = trim(resample(samples, sampleRate, RATE), { topDb: 35 });
    pieces.push(voice, silence);
    spoken.push({ startSec: at / RATE, endSec: (at + voice.length) / RATE });
    at += voice.length + silence.length;
  }
  talk = new Float32Array(at);
  let offset = 0;
  for (const piece of pieces) {
    talk.set(piece, offset);
    offset += piece.length;
  }
});
afterAll(() => recogniser.dispose());

async function* frames(samples: Float32Array, length: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; at += length) yield samples.subarray(at, at + length);
}

async function listenTo(length: number): Promise<LiveEvent[]> {
  const events: LiveEvent[] = [];
  for await (const event of recogniser.listen(frames(talk, length), { sampleRate: RATE })) events.push(event);
  return events;
}

test('a timeline finds every utterance, where it is', async () => {
  const { segments, durationSec, summary } = await recogniser.timeline(
    encodeWav({ samples: talk, sampleRate: RATE }),
  );
  expect(durationSec).toBeCloseTo(talk.length / RATE, 6);
  expect(summary.speechSec).toBeGreaterThan(0.5 * durationSec);
  for (const { startSec, endSec } of spoken) {
    const within = segments.filter((segment) => segment.startSec < endSec && segment.endSec > startSec);
    expect(Math.abs(within[0].startSec - startSec)).toBeLessThan(0.3);
    expect(Math.abs(within.at(-1)!.endSec - endSec)).toBeLessThan(0.3);
  }
});

test('clip, timeline and stream give the same scores of the same samples', async () => {
  const { segments } = await recogniser.timeline({ samples: talk, sampleRate: RATE });
  const events = (await listenTo(1600)).filter((event) => event.type === 'measurement');
  expect(events.some(({ trigger }) => trigger === 'interval')).toBe(true);
  // What was measured at once, and is no mean of windows.
  const measured = [...segments, ...events].filter(({ startSec, endSec }) => endSec - startSec <= 6);
  expect(measured.length).toBeGreaterThan(2 * spoken.length);
  for (const part of measured) {
    const { startSec, endSec, scores } = part;
    // What follows an interval has not been said yet.
    const after = 'trigger' in part && part.trigger === 'interval' ? 0 : MARGIN_SEC;
    const [start, end] = [startSec - MARGIN_SEC, endSec + after].map((sec) => Math.round(sec * RATE));
    const samples = talk.subarray(start, end);
    const clip = await recogniser.classify({ samples, sampleRate: RATE });
    expect(clip.scores.map(({ label }) => label)).toEqual(scores.map(({ label }) => label));
    for (const [i, { score }] of scores.entries()) expect(score).toBeCloseTo(clip.scores[i].score, 4);
  }
});

test('a stream of another cut has the same events', async () => {
  const [a, b] = [await listenTo(1600), await listenTo(7321)];
  expect(b.length).toBe(a.length);
  for (const [i, event] of a.entries()) {
    const { scores: _, confidence: __, ...rest } = event as LiveMeasurement;
    expect(b[i]).toMatchObject(rest);
  }
});

test('segments come one by one from a stream of bytes', async () => {
  const wav = encodeWav({ samples: talk, sampleRate: RATE });
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < wav.length; at += 50_000) yield wav.subarray(at, at + 50_000);
  }
  const found = [];
  for await (const segment of recogniser.segments(bytes())) found.push(segment);
  expect(found).toEqual((await recogniser.timeline(wav)).segments);
});

test('two people may be heard at once', async () => {
  const [one, other] = await Promise.all([listenTo(1600), listenTo(1600)]);
  expect(other).toEqual(one);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeAudio, EMOTIONS, encodeWav } from '@mars/core';
import { afterAll, expect, test } from 'vitest';
import { syntheticVoice } from '../../packages/core/test/synthetic-voice.ts';
import { startExample } from '../shared/start-example.ts';
import { findMoments } from './moments.ts';
import { findTalk, readSides } from './sides.ts';
import { encodeStereoWav } from './stereo-wav.ts';
import { drawSides } from './strips.ts';

const folder = await mkdtemp(join(tmpdir(), 'mars-call-'));
afterAll(() => rm(folder, { recursive: true }));
const CALL = 'support-call/call.ts';
const RATE = 16_000;

/** Ten seconds: the customer speaks from 1 s and from 7 s on, the agent from 4 s. */
const customer = new Float32Array(10 * RATE);
const agent = new Float32Array(10 * RATE);
customer.set(syntheticVoice('sa io sue ea', { pitchHz: 220 }), RATE);
customer.set(syntheticVoice('so ei sua io', { pitchHz: 260 }), 7 * RATE);
agent.set(syntheticVoice('su oa sei io'), 4 * RATE);
const call = join(folder, 'call.wav');
await writeFile(call, encodeStereoWav(customer, agent, RATE));

const segment = (
  startSec: number,
  endSec: number,
  emotion: string | null,
  verdict = 'emotion',
  confidence = 0.8,
) => ({
  startSec,
  endSec,
  emotion,
  confidence,
  scores: [],
  verdict: verdict as 'emotion',
});

test('the sides of a call are its channels', async () => {
  const { sampleRate, left, right } = await readSides(new Blob([encodeStereoWav(customer, agent, RATE)]));
  expect(sampleRate).toBe(RATE);
  const farthest = (a: Float32Array, b: Float32Array) =>
    a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
  expect(farthest(left, customer)).toBeLessThan(1 / 32_000);
  expect(farthest(right, agent)).toBeLessThan(1 / 32_000);
  await expect(readSides(new Blob([encodeWav({ samples: agent, sampleRate: RATE })]))).rejects.toMatchObject({
    code: 'AUDIO_UNSUPPORTED',
  });
});

test('when somebody speaks is found without a model of emotions', async () => {
  const [only, ...more] = await findTalk(agent, RATE);
  expect(more).toEqual([]);
  expect(Math.abs(only.startSec - 4)).toBeLessThan(0.3);
  expect(only.endSec).toBeLessThan(7);
  expect(await findTalk(new Float32Array(RATE), RATE)).toEqual([]);
});

test('moments are the certain and strained ones, from what was said before on', () => {
  const segments = [
    segment(10, 12, 'angry', 'emotion', 0.6),
    segment(20, 22, 'happy', 'emotion', 0.9),
    segment(30, 32, 'sad', 'uncertain', 0.5),
    segment(40, 42, 'fearful', 'emotion', 0.7),
    segment(100, 102, 'disgust', 'emotion', 0.5),
  ];
  const other = [
    { startSec: 5, endSec: 9 },
    { startSec: 15, endSec: 39 },
  ];
  expect(findMoments(segments, other)).toEqual([
    { startSec: 40, endSec: 42, emotion: 'fearful', confidence: 0.7, fromSec: 25 },
    { startSec: 10, endSec: 12, emotion: 'angry', confidence: 0.6, fromSec: 5 },
    { startSec: 100, endSec: 102, emotion: 'disgust', confidence: 0.5, fromSec: 100 },
  ]);
  expect(findMoments(segments, other, { most: 1 })).toHaveLength(1);
});

test('of a side that is not looked at, the drawing says only when it speaks', () => {
  const drawn = drawSides(
    [
      { name: 'customer', stretches: [segment(0, 0.5, 'angry'), segment(1, 1.5, 'sad', 'uncertain')] },
      { name: 'agent', stretches: [{ startSec: 0.5, endSec: 1 }] },
    ],
    2,
    EMOTIONS,
  );
  expect(drawn).toBe(['0:00      ╌╌╌╌╌╌╌╌', 'customer  AA  ss', 'agent       ▪▪'].join('\n'));
});

test('a call: the customer’s side with emotions, the agent’s without, the notice first', async () => {
  const { status, stdout, stderr } = await startExample(CALL, [call]);
  expect(stderr).toMatch(/^This example hears the customer.*Art\. 5\(1\)\(f\).*Art\. 50/s);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^customer {4} +[a-zA-Z]+ +[a-zA-Z]+$/m);
  expect(stdout).toMatch(/^agent {4} +▪+$/m);
  expect(stdout).toMatch(/^customer: [\d.]+ s of speech\. /m);
  expect(stdout).not.toMatch(/^agent: /m);
});

test('what the service gets is the customer’s channel, and nothing of the agent’s', async () => {
  const received = new Map<string, Uint8Array>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = new Response(request as unknown as ReadableStream, {
      headers: { 'content-type': request.headers['content-type']! },
    });
    const file = (await body.formData()).get('file') as File;
    received.set(request.url!, new Uint8Array(await file.arrayBuffer()));
    const summary = { speechSec: 0, shares: [], uncertainShare: 0, changes: [], strongest: [] };
    response.end(JSON.stringify({ durationSec: 10, segments: [], summary }));
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ended = await Promise.all(
      ['left', 'right'].map((side) =>
        startExample(CALL, [call, '--customer', side, '--url', `${url}/${side}`]),
      ),
    );
    expect(ended.map(({ status }) => status)).toEqual([0, 0]);
  } finally {
    server.close();
  }
  for (const [side, expected] of Object.entries({ left: customer, right: agent })) {
    const { samples } = await decodeAudio(received.get(`/${side}/v1/classify`)!);
    expect(samples).toHaveLength(expected.length);
    expect(samples.every((sample, at) => Math.abs(sample - expected[at]) < 1 / 16_000)).toBe(true);
  }
});

test('without a file it makes a call of the samples; both sides are heard where one says so', async () => {
  const { status, stdout, stderr } = await startExample(CALL, ['--both-sides']);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^left {4} +[a-zA-Z]+ /m);
  expect(stdout).toMatch(/^right {3} +[a-zA-Z]+ /m);
  expect(stdout).toMatch(/^right: [\d.]+ s of speech/m);
});

test('a recording with one channel is no call', async () => {
  const { status, stdout, stderr } = await startExample(CALL, ['samples/man-plain.wav']);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('two were expected, with a side of the call on each. [AUDIO_UNSUPPORTED]');
});

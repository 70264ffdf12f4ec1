import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MarsClient, MarsClientError, type LiveStream, type StreamEvent } from '@mars/client';
import { encodeWav, loadRecogniser } from '@mars/core';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { tinyMetadata, tinyModel } from '../../core/test/tiny-model.ts';
import { buildApp } from '../src/http/app.ts';
import { KeyStore } from '../src/http/keys.ts';
import type { RecogniserPool } from '../src/recognition/pool-protocol.ts';
import { openPool } from '../src/recognition/recogniser-pool.ts';

const MODEL = tinyModel({ metadata: tinyMetadata({ windowSec: '2' }) });
const RATE = 16_000;
const voice = syntheticVoice('sa i  sosu ea si');
/** As 16 bits have it: what is sent is heard to the bit. */
const heard = voice.map((sample) => Math.round(32_768 * sample) / 32_768);
const wav = encodeWav({ samples: heard, sampleRate: RATE });

let pool: RecogniserPool;
beforeAll(async () => {
  pool = await openPool({ model: MODEL, size: 1 });
});
afterAll(() => pool.close());

const started: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((app) => app.close()));
});

type AppOptions = Omit<Parameters<typeof buildApp>[0], 'pool'>;

async function serve({ port = 0, ...options }: AppOptions & { port?: number } = {}) {
  const app = await buildApp({ pool, log: { level: 'silent' }, ...options });
  await app.listen({ port, host: '127.0.0.1' });
  started.push(app);
  const { port: bound } = app.server.address() as AddressInfo;
  return { app, port: bound, baseUrl: `http://127.0.0.1:${bound}` };
}

async function drain(stream: LiveStream): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const types = (events: readonly StreamEvent[]) => events.map(({ type }) => type);

describe('classify', () => {
  test.each([
    ['a Blob', () => new Blob([wav])],
    ['bytes', () => wav],
    ['a stream', () => new Blob([wav]).stream()],
  ])('%s: the verdict of the library', async (_, recording) => {
    const { baseUrl } = await serve();
    await using recogniser = await loadRecogniser(MODEL);
    const verdict = await new MarsClient({ baseUrl }).classify(recording());
    expect(verdict).toEqual(await recogniser.classify(wav));
  });

  test('options, and the types of what they give', async () => {
    const { baseUrl } = await serve();
    const client = new MarsClient({ baseUrl: new URL(baseUrl) });
    const timeline = await client.classify(wav, { timeline: true, top: 2 });
    expect(timeline.segments[0].scores).toHaveLength(2);
    const { channels } = await client.classify(wav, { channels: 'split' });
    expect(channels.map(({ verdict }) => verdict)).toHaveLength(1);
    expect((await client.models())[0].name).toBe('tiny');
  });

  test('errors have the code of the service, its words, and the name of the request', async () => {
    const { baseUrl } = await serve();
    const error = await new MarsClient({ baseUrl })
      .classify(new TextEncoder().encode('no recording at all'))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MarsClientError);
    expect(error).toMatchObject({
      code: 'AUDIO_UNREADABLE',
      status: 422,
      message: expect.stringMatching(/./),
      requestId: expect.stringMatching(/^[\w-]{8,}$/),
    });
    const wrong = new MarsClient({ baseUrl }).classify(wav, { tops: 2 } as object);
    await expect(wrong).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('top'),
    });
  });

  test('nobody there, somebody else there, and a request that is called off', async () => {
    const nobody = new MarsClient({ baseUrl: `http://127.0.0.1:${await freePort()}` });
    await expect(nobody.classify(wav)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    const other = new MarsClient({ baseUrl: 'http://x', fetch: async () => new Response('<html>') });
    await expect(other.classify(wav)).rejects.toMatchObject({ code: 'RESPONSE_INVALID', status: 200 });
    const { baseUrl } = await serve();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(new MarsClient({ baseUrl }).classify(wav, { signal })).rejects.toThrow('enough');
    const controller = new AbortController();
    const asked = new MarsClient({ baseUrl }).classify(wav, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('too late')), 3);
    await expect(asked).rejects.toThrow('too late');
  });
});

describe('a live stream', () => {
  test('the events of the library, in order', async () => {
    await using recogniser = await loadRecogniser(MODEL);
    const direct = recogniser.stream({ sampleRate: RATE });
    const expected = [...(await direct.push(heard)), ...(await direct.end())];

    const { baseUrl } = await serve();
    const stream = new MarsClient({ baseUrl }).stream();
    const all = drain(stream);
    for (let at = 0; at < heard.length; at += 1600) await stream.send(heard.subarray(at, at + 1600), RATE);
    await stream.close();
    const events = await all;
    expect(types(events).slice(0, 3)).toEqual(['session.created', 'session.updated', 'utterance.start']);
    expect(events.at(-1)).toMatchObject({ type: 'session.closed', reason: 'client' });
    const measured = events.filter((event) => event.type === 'measurement.result');
    const directMeasured = expected.filter((event) => event.type === 'measurement');
    expect(measured.map(({ scores }) => scores)).toEqual(directMeasured.map(({ scores }) => scores));
  });

  test('16-bit samples and other rates', async () => {
    const { baseUrl } = await serve();
    const stream = new MarsClient({ baseUrl }).stream({ intervalSec: null });
    const all = drain(stream);
    const doubled = Int16Array.from({ length: 2 * heard.length }, (_, at) => 32_767 * heard[at >> 1]);
    void stream.send(doubled, 32_000);
    await expect(stream.send(doubled, RATE)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(stream.send(Float32Array.of(NaN), 32_000)).rejects.toMatchObject({
      code: 'AUDIO_NOT_FINITE',
    });
    await stream.close();
    const events = await all;
    expect(events[1]).toMatchObject({ config: { sampleRate: 32_000, intervalSec: null } });
    expect(types(events)).toContain('utterance.end');
    await expect(stream.send(doubled, 32_000)).rejects.toMatchObject({ code: 'STREAM_CLOSED' });
  });

  test('goes on after the service has been started anew, at its place in time', async () => {
    const first = await serve();
    const stream = new MarsClient({ baseUrl: first.baseUrl }).stream({ reconnect: { delayMs: 20 } });
    const all = drain(stream);
    const silence = new Float32Array(RATE);
    await stream.send(silence, RATE);
    await sleep(100);
    await first.app.close();
    // Said while nobody hears: kept.
    void stream.send(heard, RATE);
    await sleep(100);
    await serve({ port: first.port });
    await stream.close();
    const events = await all;
    expect(types(events).slice(0, 6)).toEqual([
      'session.created',
      'session.updated',
      'stream.interrupted',
      'stream.resumed',
      'session.created',
      'session.updated',
    ]);
    expect(events[2]).toMatchObject({ reason: 'shutdown', audio_ms: 1000 });
    expect(events[3]).toMatchObject({ audio_ms: 1000, lost_ms: 0 });
    const start = events.find((event) => event.type === 'utterance.start')!;
    expect(start.audio_start_ms).toBeGreaterThanOrEqual(1000);
    expect(start.audio_start_ms).toBeLessThan(1400);
  });

  test('a session whose time is over is followed by another one', async () => {
    const { baseUrl } = await serve({ streamLimits: { maxSessionSec: 0.3 } });
    const stream = new MarsClient({ baseUrl }).stream({ reconnect: { delayMs: 10 } });
    const all = drain(stream);
    for (let sent = 0; sent < 8; sent++) {
      await stream.send(new Float32Array(1600), RATE);
      await sleep(100);
    }
    await stream.close();
    const interrupted = (await all).filter((event) => event.type === 'stream.interrupted');
    expect(interrupted.length).toBeGreaterThanOrEqual(1);
    expect(interrupted[0]).toMatchObject({ reason: 'time_limit' });
  });

  test('of what is said while there is no connection, the latest is kept', async () => {
    const first = await serve();
    const client = new MarsClient({ baseUrl: first.baseUrl });
    const stream = client.stream({ reconnect: { delayMs: 20 }, maxBufferSec: 2 });
    const all = drain(stream);
    await stream.send(new Float32Array(RATE), RATE);
    await sleep(100);
    await first.app.close();
    for (let sent = 0; sent < 5; sent++) void stream.send(new Float32Array(RATE), RATE);
    await serve({ port: first.port });
    await stream.close();
    const resumed = (await all).find((event) => event.type === 'stream.resumed');
    expect(resumed).toMatchObject({ audio_ms: 4000, lost_ms: 3000 });
  });

  test('gives up when nobody comes back', async () => {
    const { app, baseUrl } = await serve();
    const stream = new MarsClient({ baseUrl }).stream({ reconnect: { delayMs: 5, attempts: 3 } });
    const failed = drain(stream).catch((error: unknown) => error);
    await stream.send(new Float32Array(RATE), RATE);
    await sleep(50);
    await app.close();
    const timer = setInterval(() => void stream.send(new Float32Array(160), RATE).catch(() => undefined), 10);
    expect(await failed).toMatchObject({ code: 'CONNECTION_FAILED' });
    clearInterval(timer);
  });

  test('says why it cannot begin', async () => {
    const nobody = new MarsClient({ baseUrl: `http://127.0.0.1:${await freePort()}` });
    await expect(drain(nobody.stream())).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });

    const { baseUrl } = await serve({ streamLimits: { maxSessions: 0 } });
    await expect(drain(new MarsClient({ baseUrl }).stream())).rejects.toMatchObject({
      code: 'SERVICE_BUSY',
      requestId: expect.stringMatching(/./),
    });
  });

  test('an option that is wrong ends it, with its name', async () => {
    const { baseUrl } = await serve();
    const stream = new MarsClient({ baseUrl }).stream({ intervalSec: 0 });
    const failed = drain(stream).catch((error: unknown) => error);
    await stream.send(heard, RATE);
    expect(await failed).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('intervalSec'),
    });
  });

  test('who leaves the loop, or calls it off, ends it', async () => {
    const { app, baseUrl } = await serve();
    const client = new MarsClient({ baseUrl });
    for await (const event of client.stream()) {
      expect(event.type).toBe('session.created');
      break;
    }
    const controller = new AbortController();
    const stream = client.stream({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(drain(stream)).rejects.toThrow('enough');
    while (app.liveSessions.count > 0) await sleep(5);
  });
});

test('keys: of requests and of streams', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mars-keys-'));
  try {
    const keys = new KeyStore(join(folder, 'keys.json'));
    const { key: apiKey } = await keys.create('test');
    const { baseUrl } = await serve({ keys });
    const stranger = new MarsClient({ baseUrl });
    await expect(stranger.classify(wav)).rejects.toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    await expect(drain(stranger.stream())).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const client = new MarsClient({ baseUrl, apiKey });
    expect((await client.classify(wav)).verdict).toMatch(/./);
    const stream = client.stream();
    const all = drain(stream);
    await stream.close();
    expect(types(await all)).toEqual(['session.created', 'session.closed']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

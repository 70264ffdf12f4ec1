import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadRecogniser, MarsError, type LiveEvent } from '@mars/core';
import fastify from 'fastify';
import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import { syntheticVoice } from '../../../core/test/synthetic-voice.ts';
import { tinyMetadata, tinyModel } from '../../../core/test/tiny-model.ts';
import type { PooledStream, RecogniserPool } from '../recognition/pool-protocol.ts';
import { openPool } from '../recognition/recogniser-pool.ts';
import type { StreamLimits } from './limits.ts';
import { liveStreams } from './live-streams.ts';
import type { ServerMessage } from './messages.ts';

type Pool = Pick<RecogniserPool, 'openStream' | 'model'>;

const started: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((app) => app.close()));
});

async function serve(
  pool: Pool,
  limits: Partial<StreamLimits> = {},
  onMessage?: (message: ServerMessage) => void,
) {
  const app = fastify();
  await app.register(liveStreams, { pool, limits, ...(onMessage && { onMessage }) });
  await app.listen({ port: 0, host: '127.0.0.1' });
  started.push(app);
  const { port } = app.server.address() as AddressInfo;
  return { app, port, url: `ws://127.0.0.1:${port}/v1/stream` };
}

class Client {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  readonly closed: Promise<number>;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => this.messages.push(JSON.parse(data as string) as ServerMessage);
    this.closed = new Promise((resolve) => (this.socket.onclose = ({ code }) => resolve(code)));
  }

  static async open(url: string): Promise<Client> {
    const client = new Client(url);
    await new Promise<void>((resolve, reject) => {
      client.socket.onopen = () => resolve();
      client.socket.onerror = () => reject(new Error('no connection'));
    });
    return client;
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await sleep(5);
  }

  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }
}

/** What is told last: the error if there was one, and why the session closed. */
function ending({ messages }: Client) {
  const closed = messages.at(-1);
  const error = messages.find((message) => message.type === 'error');
  return {
    code: error?.type === 'error' ? error.error.code : undefined,
    reason: closed?.type === 'session.closed' ? closed.reason : undefined,
  };
}

/** A pool of streams that answer as they are told. */
function pretend(changes: Partial<PooledStream> = {}) {
  const opened: { closed: boolean; samples: number; readonly lost: AbortController }[] = [];
  const pool = {
    model: { name: 'pretended', labels: ['calm'] } as unknown as RecogniserPool['model'],
    async openStream() {
      const stream = { closed: false, samples: 0, lost: new AbortController() };
      opened.push(stream);
      return {
        push: async (samples: { length: number }) => {
          stream.samples += samples.length;
          return [];
        },
        end: async () => [],
        close: () => void (stream.closed = true),
        signal: stream.lost.signal,
        ...changes,
      };
    },
  } satisfies Pool;
  return { pool, opened };
}

const never = () => new Promise<LiveEvent[]>(() => undefined);

describe('with a real pool', () => {
  const model = tinyModel({ metadata: tinyMetadata({ windowSec: '2' }) });
  const voice = syntheticVoice('sa i  sosu ea si');
  const bytes = new Uint8Array(2 * voice.length);
  const view = new DataView(bytes.buffer);
  for (const [at, sample] of voice.entries()) view.setInt16(2 * at, Math.round(32_767 * sample), true);
  const heard = Float32Array.from(voice, (_, at) => view.getInt16(2 * at, true) / 32_768);
  let pool: RecogniserPool;

  beforeAll(async () => {
    pool = await openPool({ model, size: 1 });
  });
  afterAll(() => pool.close());

  test('the events are those of the library, however the bytes are cut', async () => {
    await using recogniser = await loadRecogniser(model);
    const stream = recogniser.stream({ sampleRate: 16_000 });
    const expected = [...(await stream.push(heard)), ...(await stream.end())];
    expect(expected.length).toBeGreaterThan(4);

    const { url } = await serve(pool);
    const client = await Client.open(url);
    for (let at = 0, piece = 1; at < bytes.length; at += piece, piece = (piece * 7) % 6007) {
      client.socket.send(bytes.subarray(at, at + piece));
    }
    client.say({ type: 'session.close' });
    expect(await client.closed).toBe(1000);

    const [created, ...rest] = client.messages;
    expect(created).toMatchObject({ type: 'session.created', model: 'tiny' });
    const closed = rest.pop();
    expect(rest).toEqual(
      expected.map((event) => {
        if (event.type === 'utteranceStart') {
          return { type: 'utterance.start', audio_start_ms: Math.round(1000 * event.startSec) };
        }
        const span = {
          audio_start_ms: Math.round(1000 * event.startSec),
          audio_end_ms: Math.round(1000 * event.endSec),
        };
        if (event.type === 'utteranceEnd') return { type: 'utterance.end', ...span };
        const { verdict, emotion, confidence, scores } = event;
        const trigger = event.trigger === 'interval' ? 'interval' : 'speech_ended';
        return { type: 'measurement.result', trigger, ...span, verdict, emotion, confidence, scores };
      }),
    );
    expect(closed).toMatchObject({
      type: 'session.closed',
      reason: 'client',
      totals: { audio_ms: Math.round(voice.length / 16), utterances: 1 },
    });
  });

  test('options change what is heard', async () => {
    const { url } = await serve(pool);
    const client = await Client.open(url);
    client.say({ type: 'session.update', config: { intervalSec: null, oneSpeaker: true } });
    client.socket.send(bytes);
    client.say({ type: 'session.close' });
    await client.closed;
    expect(client.types).toEqual([
      'session.created',
      'session.updated',
      'utterance.start',
      'measurement.result',
      'utterance.end',
      'session.closed',
    ]);
    expect(client.messages[3]).toMatchObject({ knownVoice: { profileClips: 0, utterances: 0 } });
  });

  test('a profile of another model is refused, with what is wrong', async () => {
    const { url } = await serve(pool);
    const client = await Client.open(url);
    const profile = {
      format: 'mars-profile',
      version: 1,
      model: 'x',
      space: 'y',
      clips: 1,
      labelled: 0,
      mean: 'AAA=',
    };
    client.say({ type: 'session.update', config: { profile } });
    client.socket.send(bytes);
    await client.closed;
    expect(client.types).toEqual(['session.created', 'error', 'session.closed']);
    expect(ending(client)).toEqual({ code: 'PROFILE_INVALID', reason: 'error' });
  });
});

describe('limits', () => {
  test('of sessions: those that are too many are told so, and let go of their place', async () => {
    const { pool } = pretend();
    const { app, url } = await serve(pool, { maxSessions: 2 });
    const [first] = [await Client.open(url), await Client.open(url)];
    const third = await Client.open(url);
    expect(await third.closed).toBe(1013);
    expect(third.types).toEqual(['error', 'session.closed']);
    expect(ending(third)).toEqual({ code: 'SERVICE_BUSY', reason: 'busy' });
    first.say({ type: 'session.close' });
    await first.closed;
    const fourth = await Client.open(url);
    await fourth.until(() => fourth.messages.length > 0);
    expect(fourth.types).toEqual(['session.created']);
    expect(app.liveSessions.count).toBe(2);
  });

  test('of the sessions of one client', async () => {
    const { url } = await serve(pretend().pool, { maxSessionsPerClient: 1 });
    await Client.open(url);
    const second = await Client.open(url);
    await second.closed;
    expect(ending(second)).toEqual({ code: 'TOO_MANY_SESSIONS', reason: 'busy' });
  });

  test('of a message', async () => {
    const { url } = await serve(pretend().pool, { maxFrameBytes: 1000 });
    const client = await Client.open(url);
    client.socket.send(new Uint8Array(1000));
    client.socket.send(new Uint8Array(1001));
    expect(await client.closed).toBe(1009);
    expect(client.types).toEqual(['session.created', 'error', 'session.closed']);
    expect(ending(client)).toEqual({ code: 'MESSAGE_TOO_LARGE', reason: 'error' });
  });

  test('of silence: a session without audio ends, one with audio does not', async () => {
    const { url } = await serve(pretend().pool, { idleSec: 0.3 });
    const [silent, talking] = [await Client.open(url), await Client.open(url)];
    const timer = setInterval(() => talking.socket.send(new Uint8Array(320)), 50);
    await silent.closed;
    expect(ending(silent)).toEqual({ reason: 'idle' });
    await sleep(200);
    expect(talking.types).toEqual(['session.created']);
    clearInterval(timer);
    await talking.closed;
    expect(ending(talking)).toEqual({ reason: 'idle' });
  });

  test('of the time in all, whatever the client does', async () => {
    const { url } = await serve(pretend().pool, { maxSessionSec: 0.3 });
    const client = await Client.open(url);
    const timer = setInterval(() => client.socket.send(new Uint8Array(3200)), 20);
    await client.closed;
    clearInterval(timer);
    expect(ending(client)).toEqual({ reason: 'time_limit' });
  });

  test('of audio that runs ahead of the clock: it is held back, and not lost', async () => {
    const { pool, opened } = pretend();
    const { url } = await serve(pool, { maxAheadSec: 0.5 });
    const client = await Client.open(url);
    const before = performance.now();
    // 1.5 s of audio.
    for (let piece = 0; piece < 15; piece++) client.socket.send(new Uint8Array(3200));
    client.say({ type: 'session.close' });
    await sleep(100);
    expect(opened[0].samples).toBeLessThan(20_000);
    await client.closed;
    expect(opened[0].samples).toBe(24_000);
    expect(performance.now() - before).toBeGreaterThan(400);
  });

  test('of what is kept: a client that sends without end has to wait', async () => {
    const { url } = await serve(pretend({ push: never }).pool, { drainSec: 0.1 });
    const client = await Client.open(url);
    const piece = new Uint8Array(500_000);
    for (let sent = 0; sent < 60; sent++) client.socket.send(piece);
    await sleep(500);
    // What the system's buffers take is gone from here; the rest has not been read by the service.
    expect(client.socket.bufferedAmount).toBeGreaterThan(10_000_000);
  });

  test('of what a client may leave unread', async () => {
    const event: LiveEvent = { type: 'utteranceStart', startSec: 1 };
    const { pool, opened } = pretend({ push: async () => Array.from({ length: 20_000 }, () => event) });
    const told: ServerMessage[] = [];
    const limits = { maxBufferedBytes: 10_000, drainSec: 0.2 };
    const { port, app } = await serve(pool, limits, (message) => told.push(message));
    const socket = await rawClient(port);
    socket.pause();
    // The buffers of the system have to be full first.
    const timer = setInterval(() => socket.write(frame(2, Buffer.alloc(2))), 10);
    await until(() => opened[0]?.closed);
    clearInterval(timer);
    expect(told.at(-1)).toMatchObject({ type: 'session.closed', reason: 'slow_client' });
    expect(told.at(-2)).toMatchObject({ error: { code: 'CLIENT_TOO_SLOW' } });
    // It does not say farewell either.
    await until(() => app.websocketServer.clients.size === 0);
  });
});

describe('ends', () => {
  test('a client that is no more: its stream is let go of', async () => {
    const { pool, opened } = pretend();
    const { app, port } = await serve(pool);
    const socket = await rawClient(port);
    socket.write(frame(2, Buffer.alloc(100)));
    await until(() => opened.length === 1);
    socket.destroy();
    await until(() => opened[0].closed);
    expect(app.liveSessions.count).toBe(0);
  });

  test('a client that has vanished without a word (half-open): pings find out', async () => {
    const { pool, opened } = pretend();
    const { app, port } = await serve(pool, { pingSec: 0.1 });
    const socket = await rawClient(port);
    socket.write(frame(2, Buffer.alloc(100)));
    await until(() => opened[0]?.closed);
    expect(app.liveSessions.count).toBe(0);
    socket.destroy();
  });

  test('a client that answers pings stays', async () => {
    const { app, url } = await serve(pretend().pool, { pingSec: 0.05 });
    await Client.open(url);
    await sleep(400);
    expect(app.liveSessions.count).toBe(1);
  });

  test('a worker that is lost', async () => {
    const { pool, opened } = pretend();
    const { url } = await serve(pool);
    const client = await Client.open(url);
    client.socket.send(new Uint8Array(320));
    await until(() => opened.length === 1);
    opened[0].lost.abort(new MarsError('WORKER_LOST', 'It died.'));
    expect(await client.closed).toBe(1011);
    expect(ending(client)).toEqual({ code: 'WORKER_LOST', reason: 'error' });
  });

  test('a worker that hangs does not keep a session open', async () => {
    const { pool, opened } = pretend({ push: never, end: never });
    const { url } = await serve(pool, { maxSessionSec: 0.2, drainSec: 0.2 });
    const client = await Client.open(url);
    client.socket.send(new Uint8Array(320));
    await client.closed;
    expect(ending(client)).toEqual({ reason: 'time_limit' });
    expect(opened[0].closed).toBe(true);
  });

  test('a last push that hangs does not keep a client that has closed', async () => {
    const { url } = await serve(pretend({ end: never }).pool, { drainSec: 0.1 });
    const client = await Client.open(url);
    client.socket.send(new Uint8Array(320));
    client.say({ type: 'session.close' });
    await client.closed;
    expect(ending(client)).toEqual({ reason: 'client' });
  });

  test('the service stops: sessions are told what was heard, and why they end', async () => {
    const last: LiveEvent = { type: 'utteranceStart', startSec: 1 };
    const { app, url } = await serve(pretend({ end: async () => [last] }).pool);
    const client = await Client.open(url);
    client.socket.send(new Uint8Array(320));
    await sleep(50);
    await app.close();
    expect(await client.closed).toBe(1001);
    expect(client.types).toEqual(['session.created', 'utterance.start', 'session.closed']);
    expect(ending(client)).toEqual({ reason: 'shutdown' });
  });

  test.each([
    ['bytes that are no frames', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame that is not masked', Buffer.from([0x82, 2, 0, 0])],
    ['a text that is not UTF-8', frame(1, Buffer.from([0xff, 0xfe]))],
    ['a frame of a type that is none', frame(3, Buffer.alloc(2))],
    ['a length of 2^63', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])],
  ])('what is not WebSocket: %s', async (_, bytes) => {
    const { app, port } = await serve(pretend().pool);
    const socket = await rawClient(port);
    let said = '';
    socket.on('data', (data: Buffer) => (said += data.toString('latin1')));
    const ended = once(socket, 'end');
    socket.write(bytes);
    await ended;
    expect(said).toMatch(/"code":"MESSAGE_(?:INVALID|TOO_LARGE)".*"session.closed","reason":"error"/);
    expect(app.liveSessions.count).toBe(0);
    socket.destroy();
  });

  test.each([
    ['what is not there', '/v1/streams', 404],
    ['by whom may not', '/v1/stream?', 401],
  ])('a WebSocket to %s is refused, and its connection closed', async (_, path, status) => {
    const app = fastify();
    app.addHook('onRequest', async ({ url }, reply) =>
      url.endsWith('?') ? reply.code(401).send('no') : undefined,
    );
    await app.register(liveStreams, { pool: pretend().pool });
    await app.listen({ port: 0, host: '127.0.0.1' });
    started.push(app);
    const socket = createConnection((app.server.address() as AddressInfo).port, '127.0.0.1');
    let said = '';
    socket.on('data', (data: Buffer) => (said += data.toString('latin1')));
    socket.write(upgradeRequest(path, 'AAAAAAAAAAAAAAAAAAAAAA=='));
    await once(socket, 'end');
    expect(said).toContain(`HTTP/1.1 ${status}`);
    socket.destroy();
  });

  test('asked for without WebSocket, it is nothing', async () => {
    const { app } = await serve(pretend().pool);
    expect((await app.inject('/v1/stream')).statusCode).toBe(404);
  });
});

/** A socket that has shaken hands, and does nothing by itself: no pong, no farewell. */
async function rawClient(port: number): Promise<Socket> {
  const socket = createConnection(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const key = randomBytes(16).toString('base64');
  socket.write(upgradeRequest('/v1/stream', key));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  expect(answer.toString('latin1')).toContain(`Sec-WebSocket-Accept: ${accept}`);
  return socket;
}

function upgradeRequest(path: string, key: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
  );
}

/** A masked frame (RFC 6455, 5.2) of up to 125 bytes; the mask is 0. */
function frame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

async function until(isTrue: () => boolean | undefined): Promise<void> {
  while (!isTrue()) await sleep(5);
}

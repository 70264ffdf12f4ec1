import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { encodeWav } from '@mars/core';
import type { FastifyInstance } from 'fastify';
import { afterEach } from 'vitest';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { tinyMetadata, tinyModel } from '../../core/test/tiny-model.ts';
import { buildApp, type AppOptions } from '../src/http/app.ts';
import {
  ServiceBusyError,
  type AudioInput,
  type ClassifyResult,
  type RecogniserPool,
} from '../src/recognition/pool-protocol.ts';

export const MODEL = tinyModel({ metadata: tinyMetadata({ windowSec: '2' }) });

export const WAV = encodeWav({ samples: syntheticVoice('sa i  sosu ea si'), sampleRate: 16_000 });

export interface Served {
  readonly app: FastifyInstance;
  readonly port: number;
  readonly url: string;
  /** What was logged, parsed. */
  readonly logged: Record<string, unknown>[];
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly post: (body: BodyInit, path?: string, headers?: Record<string, string>) => Promise<Response>;
}

const started: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((app) => app.close()));
});

/** The service at a port of its own, until the test has ended. */
export async function served(options: AppOptions): Promise<Served> {
  const logged: Record<string, unknown>[] = [];
  const log = { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) };
  const app = await buildApp({ log, ...options });
  await app.listen({ port: 0, host: '127.0.0.1' });
  started.push(app);
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const get = (path: string, headers = {}) => fetch(`${url}${path}`, { headers });
  const post = (body: BodyInit, path = '/v1/classify', headers = {}) =>
    fetch(`${url}${path}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  return { app, port, url, logged, get, post };
}

export function form(
  config?: unknown,
  recording: Uint8Array<ArrayBuffer> = WAV,
  name = 'clip.wav',
): FormData {
  const data = new FormData();
  data.set('file', new Blob([recording]), name);
  if (config !== undefined) data.set('config', typeof config === 'string' ? config : JSON.stringify(config));
  return data;
}

export async function errorOf(
  response: Response,
): Promise<{ status: number; code: string; message: string }> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, ...error };
}

/** A connection whose bytes are the test's own. */
export interface RawConnection {
  readonly socket: Socket;
  /** All that has come, when the other side has closed. */
  readonly answered: Promise<string>;
  readonly send: (...lines: string[]) => void;
}

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.on('error', () => undefined);
  const answered = once(socket, 'close').then(() => Buffer.concat(parts).toString('latin1'));
  return { socket, answered, send: (...lines) => void socket.write(lines.join('\r\n')) };
}

/** A pool whose jobs end when the test says so: for what depends on the moment. */
export function scriptedPool({ places = Infinity } = {}) {
  const jobs: {
    readonly audio: AudioInput;
    readonly resolve: (result: ClassifyResult) => void;
    readonly signal: AbortSignal | undefined;
  }[] = [];
  const pool = {
    model: { name: 'scripted', labels: ['calm'] },
    size: 1,
    queued: 0,
    streams: 0,
    totals: { done: 0, failed: {}, aborted: 0, replaced: 0, audioSec: 0, busySec: 0 },
    get running() {
      return jobs.length;
    },
    async classify(audio, _options, signal) {
      if (jobs.length >= places) throw new ServiceBusyError('No place.', 7);
      return await new Promise<ClassifyResult>((resolve, reject) => {
        jobs.push({ audio, resolve, signal });
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
  } as Pick<RecogniserPool, 'classify'> as RecogniserPool;
  return { pool, jobs };
}

export const SILENT_VERDICT: ClassifyResult = {
  durationSec: 1,
  verdict: 'no-speech',
  emotion: null,
  confidence: 0,
  scores: [{ label: 'calm', score: 1 }],
};

/** Asks again and again until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/**
 * Live streams over WebSockets in real time: a service in a process of its own, as many streams as it takes, and halfway as
 * many again, which it has to refuse; and how long after an utterance its verdict comes, before and after that.
 *
 *   MARS_CORPORA=/data/corpora node bench/streams-service.ts [STREAMS] [SECONDS]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MarsClient, MarsClientError, type LiveStream } from '@mars/client';
import { buildApp } from '../packages/service/src/http/app.ts';
import { openPool } from '../packages/service/src/recognition/recogniser-pool.ts';
import { cpuMsOf, residentOf, workersOf } from './proc.ts';
import { SAMPLE_RATE, speech } from './speech.ts';

const FRAME_MS = 100;
const FRAME = (SAMPLE_RATE * FRAME_MS) / 1000;

/** The detector is sure of an end after 16 frames of 32 ms without speech: the default of minSilenceSec. */
const CERTAIN_MS = 512;

interface Usage {
  readonly mainMs: number;
  readonly workersMs: number;
  /** All of them together. */
  readonly memoryMB: number;
}

async function usageOf(pid: number): Promise<Usage> {
  const workers = await workersOf(pid);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    mainMs: await cpuMsOf(pid),
    workersMs: sum(await Promise.all(workers.map(cpuMsOf))),
    memoryMB: sum(await Promise.all([pid, ...workers].map(residentOf))),
  };
}

async function serve(maxSessions: number): Promise<void> {
  const model = await readFile(join(import.meta.dirname, '../models/flagship/model.onnx'));
  const pool = await openPool({ model, maxStreams: maxSessions });
  const streamLimits = { maxSessions, maxSessionsPerClient: Infinity };
  const app = await buildApp({ pool, streamLimits, log: { level: 'silent' } });
  await app.listen({ port: 0, host: '127.0.0.1' });
  process.on('disconnect', () => process.exit());
  process.send!((app.server.address() as AddressInfo).port);
}

interface Talk {
  readonly voice: Float32Array;
  readonly shift: number;
  readonly startMs: number;
  readonly frames: number;
}

/** Sends frames when they are due. Returns the verdicts: when each could be known at the earliest, and how much later it came. */
async function talk(stream: LiveStream, { voice, shift, startMs, frames }: Talk) {
  const verdicts: { readonly atMs: number; readonly lagMs: number }[] = [];
  const listening = (async () => {
    for await (const event of stream) {
      if (event.type !== 'measurement.result' || event.trigger !== 'speech_ended') continue;
      const dueMs = startMs + FRAME_MS * Math.ceil((event.audio_end_ms + CERTAIN_MS) / FRAME_MS);
      // An utterance that the end of the stream cuts off is known before.
      if (dueMs <= startMs + FRAME_MS * frames)
        verdicts.push({ atMs: dueMs, lagMs: performance.now() - dueMs });
    }
  })();
  for (let frame = 0; frame < frames; frame++) {
    const dueMs = startMs + (frame + 1) * FRAME_MS;
    await sleep(Math.max(0, dueMs - performance.now()));
    const from = (shift + frame * FRAME) % (voice.length - FRAME);
    await stream.send(voice.subarray(from, from + FRAME), SAMPLE_RATE);
  }
  await stream.close();
  await listening;
  return verdicts;
}

async function offer(client: MarsClient, count: number): Promise<Record<string, number>> {
  const codes: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: count }, async () => {
      const stream = client.stream({ reconnect: false });
      let code = 'accepted';
      try {
        for await (const _ of stream) break;
      } catch (error) {
        code = error instanceof MarsClientError ? error.code : String(error);
      }
      codes[code] = (codes[code] ?? 0) + 1;
    }),
  );
  return codes;
}

async function bench(streams: number, seconds: number): Promise<void> {
  const child = fork(import.meta.filename, ['serve', String(streams)]);
  try {
    const [port] = (await once(child, 'message')) as [number];
    const client = new MarsClient({ baseUrl: `http://127.0.0.1:${port}` });
    const voices = await Promise.all(
      Array.from({ length: Math.min(streams, 10) }, (_, index) => speech(Math.max(seconds, 10), `${index}`)),
    );
    const before = await usageOf(child.pid!);
    const startMs = performance.now() + 500;
    const talks = Array.from({ length: streams }, (_, index) =>
      talk(client.stream({ reconnect: false }), {
        voice: voices[index % voices.length],
        shift: Math.floor(index / voices.length) * 7 * FRAME,
        // Streams do not begin together.
        startMs: startMs + (index / streams) * FRAME_MS,
        frames: (1000 * seconds) / FRAME_MS,
      }),
    );
    const half = startMs + 500 * seconds;
    await sleep(half - performance.now());
    const refused = await offer(client, streams);
    const offeredMs = performance.now() - half;
    const verdicts = (await Promise.all(talks)).flat();
    const after = await usageOf(child.pid!);
    const cores = availableParallelism();
    const [mainMs, workersMs] = [after.mainMs - before.mainMs, after.workersMs - before.workersMs];
    const cpuMs = mainMs + workersMs;
    console.log(
      `${streams} streams for ${seconds} s, ${cores} cores: the service keeps them ` +
        `${((100 * cpuMs) / (cores * 1000 * seconds)).toFixed(0)} % busy, ` +
        `${(cpuMs / (streams * seconds)).toFixed(1)} ms of processor per second of audio (${(mainMs / (streams * seconds)).toFixed(1)} of ` +
        `them in the main process), ${after.memoryMB.toFixed(0)} MB`,
    );
    console.log(`  ${streams} more offered: ${JSON.stringify(refused)} in ${offeredMs.toFixed(0)} ms`);
    describe(
      'before',
      verdicts.filter(({ atMs }) => atMs < half),
    );
    describe(
      'from then on',
      verdicts.filter(({ atMs }) => atMs >= half),
    );
  } finally {
    child.disconnect();
  }
}

function describe(when: string, verdicts: readonly { readonly lagMs: number }[]): void {
  const lags = verdicts.map(({ lagMs }) => lagMs).sort((a, b) => a - b);
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(share * lags.length))]?.toFixed(0);
  console.log(
    `  ${when}: the verdict of ${lags.length} utterances after their last frame was due, ms: ` +
      `median ${at(0.5)}, 99 % ${at(0.99)}, worst ${at(1)}`,
  );
}

const [first = '100', seconds = '30'] = process.argv.slice(2);
if (first === 'serve') await serve(Number(seconds));
else await bench(Number(first), Number(seconds));

import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeWav, resample } from '@mars/core';
import { openPool, serve } from '@mars/service';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';

const SECONDS = 3;
const MODEL = join(import.meta.dirname, '../models/transfer/model.onnx');

/** Of requests that wait for each worker, so that none of them ever waits for a request. */
const ASKERS_PER_WORKER = 2;

export interface ServiceBenchOptions {
  readonly workers?: number;
  /** Of each of the two measurements, after as long a warm-up at most. */
  readonly measureSec?: number;
}

/** How many recordings the service answers in a second, against the library in as many workers without a service. */
export async function benchService({
  workers = availableParallelism(),
  measureSec = 5,
}: ServiceBenchOptions = {}): Promise<void> {
  const wav = voice(16_000);
  console.log(
    `POST /v1/classify of a WAV of ${SECONDS} s, ${workers} workers of one thread, ${measureSec} s each:`,
  );
  const library = await measureLibrary(wav, workers, measureSec);
  console.log(`  the library in a loop in ${workers} workers: ${library.toFixed(1)} recordings/s`);
  const { perSec, p50, p99 } = await measureService(wav, workers, measureSec);
  console.log(
    `  the service: ${perSec.toFixed(1)} recordings/s (${(perSec / library).toFixed(2)} of it), ` +
      `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${ASKERS_PER_WORKER * workers} requests at a time`,
  );
  const alone = await measureService(wav, workers, measureSec, 1);
  console.log(`  one request at a time: p50 ${alone.p50.toFixed(1)} ms, p99 ${alone.p99.toFixed(1)} ms`);
}

/** A worker that is nothing but the library: it says how many recordings it has heard in the time it was given. */
const LOOP = `
  import { readFileSync } from 'node:fs';
  import { parentPort, workerData } from 'node:worker_threads';
  const { loadRecogniser } = await import(workerData.core);
  const recogniser = await loadRecogniser(readFileSync(workerData.model));
  for (let i = 0; i < 10; i++) await recogniser.classify(workerData.wav);
  parentPort.once('message', async (ms) => {
    const end = performance.now() + ms;
    let heard = 0;
    for (; performance.now() < end; heard++) await recogniser.classify(workerData.wav);
    parentPort.postMessage(heard);
  });
  parentPort.postMessage('ready');
`;

async function measureLibrary(wav: Uint8Array, workers: number, measureSec: number): Promise<number> {
  const core = import.meta.resolve('@mars/core');
  const url = new URL(`data:text/javascript,${encodeURIComponent(LOOP)}`);
  const threads = Array.from(
    { length: workers },
    () => new Worker(url, { workerData: { core, model: MODEL, wav } }),
  );
  const next = (thread: Worker) =>
    new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  await Promise.all(threads.map(next));
  const heard = threads.map(next);
  for (const thread of threads) thread.postMessage(1000 * measureSec);
  const counts = (await Promise.all(heard)) as number[];
  await Promise.all(threads.map((thread) => thread.terminate()));
  return counts.reduce((sum, count) => sum + count, 0) / measureSec;
}

async function measureService(
  wav: Uint8Array<ArrayBuffer>,
  workers: number,
  measureSec: number,
  askers = ASKERS_PER_WORKER * workers,
): Promise<{ perSec: number; p50: number; p99: number }> {
  await using pool = await openPool({ model: await readFile(MODEL), size: workers });
  await using service = await serve({ pool, port: 0, log: { level: 'warn' } });
  // Who asks takes its time from the same cores: fetch would take more of it.
  using agent = disposable(new Agent({ keepAlive: true }));
  const options = { method: 'POST', agent: agent.agent, headers: { 'content-type': 'audio/wav' } };
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      const asked = request(`${service.url}v1/classify`, options, (answer) => {
        answer.resume().once('end', () => {
          if (answer.statusCode === 200) resolve(performance.now() - began);
          else reject(new Error(`The service answered ${answer.statusCode}.`));
        });
      });
      asked.once('error', reject).end(wav);
    });
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: askers }, ask));
  const times: number[] = [];
  const end = performance.now() + 1000 * measureSec;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: askers }, async () => {
      while (performance.now() < end) times.push(await ask());
    }),
  );
  const tookSec = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { perSec: times.length / tookSec, p50: quantile(0.5), p99: quantile(0.99) };
}

function disposable(agent: Agent): Disposable & { readonly agent: Agent } {
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

/** What the detector takes for speech: otherwise the model would not be asked. */
function voice(sampleRate: number): Uint8Array<ArrayBuffer> {
  const spoken = syntheticVoice('sa i sosu ea sio saei sua esi osa').slice(0, SECONDS * 16_000);
  return encodeWav({ samples: resample(spoken, 16_000, sampleRate), sampleRate });
}

if (import.meta.main) await benchService();

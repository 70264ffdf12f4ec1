/**
 * How many recordings of 3 s the service answers in a second, against the library in a loop in as many workers without a
 * service: in turn, round by round, so that a machine whose speed drifts treats both alike; and the processor time of a
 * recording, which tells more where others use the machine. Who asks is in the service's process, and takes its time from
 * the same cores: as little as can be, since it is not what is measured.
 *
 *   node bench/service.ts
 */
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeWav, resample } from '@mars/core';
import { openPool, serve } from '@mars/service';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';
import { bodyOf } from './answers.ts';
import { show, summarise } from './measure.ts';
import { cpuMsOf, workersOf } from './proc.ts';

const SECONDS = 3;
const MODEL = join(import.meta.dirname, '../models/flagship/model.onnx');

/** Of requests that wait for each worker, so that none of them ever waits for a request. */
const ASKERS_PER_WORKER = 2;

const WORKERS = availableParallelism();
const ROUNDS = 9;
const ROUND_MS = 2000;

async function bench(): Promise<void> {
  const wav = voice(16_000);
  console.log(
    `POST /v1/classify of a WAV of ${SECONDS} s, ${WORKERS} workers of one thread, ${ROUNDS} rounds of ${ROUND_MS / 1000} s each:`,
  );
  await using pool = await openPool({ model: await readFile(MODEL), size: WORKERS });
  await using service = await serve({ pool, port: 0, log: { level: 'warn' } });
  using askers = new DisposableStack();
  const all = Array.from({ length: ASKERS_PER_WORKER * WORKERS }, () =>
    askers.use(new Asker(new URL(`${service.url}v1/classify`), wav)),
  );
  const library = await openLibrary(wav);
  for (let i = 0; i < 10; i++) await Promise.all(all.map((asker) => asker.ask()));

  const rates: { library: number[]; service: number[] } = { library: [], service: [] };
  const times: { many: number[]; alone: number[] } = { many: [], alone: [] };
  const spent = { library: 0, service: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const beganMs = await processorMs();
    rates.library.push(await library.round());
    const betweenMs = await processorMs();
    const asked = await askFor(ROUND_MS, all);
    rates.service.push(asked.perSec);
    spent.library += betweenMs - beganMs;
    spent.service += (await processorMs()) - betweenMs;
    times.many.push(...asked.times);
    times.alone.push(...(await askFor(ROUND_MS / 2, all.slice(0, 1))).times);
  }
  await library.end();

  console.log(
    `  the library in a loop in ${WORKERS} workers: ${show(summarise(rates.library))} recordings/s`,
  );
  const ratio = summarise(rates.service.map((rate, round) => rate / rates.library[round]));
  console.log(
    `  the service: ${show(summarise(rates.service))} recordings/s, ${show(ratio, 2)} of it; ` +
      `${describe(times.many)}, ${ASKERS_PER_WORKER * WORKERS} requests at a time`,
  );
  console.log(`  one request at a time: ${describe(times.alone)}`);
  if (process.platform !== 'linux') return;
  const heard = (ROUND_MS / 1000) * rates.library.reduce((sum, rate) => sum + rate, 0);
  const [ofLibrary, ofService] = [spent.library / heard, spent.service / times.many.length];
  console.log(
    `  processor time of a recording: ${ofLibrary.toFixed(1)} ms with the library, ${ofService.toFixed(1)} ms with the service ` +
      `and who asks it (${(ofLibrary / ofService).toFixed(2)})`,
  );
}

/** Of this process, its threads, and the service's workers; where the system tells (Linux). */
async function processorMs(): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const pids = [process.pid, ...(await workersOf(process.pid))];
  return (await Promise.all(pids.map(cpuMsOf))).reduce((sum, ms) => sum + ms, 0);
}

/** A worker that is nothing but the library: it says how many recordings it has heard in the time it was given. */
const LOOP = `
  import { readFileSync } from 'node:fs';
  import { parentPort, workerData } from 'node:worker_threads';
  const { loadRecogniser } = await import(workerData.core);
  const recogniser = await loadRecogniser(readFileSync(workerData.model));
  for (let i = 0; i < 10; i++) await recogniser.classify(workerData.wav);
  parentPort.on('message', async (ms) => {
    const end = performance.now() + ms;
    let heard = 0;
    for (; performance.now() < end; heard++) await recogniser.classify(workerData.wav);
    parentPort.postMessage(heard);
  });
  parentPort.postMessage('ready');
`;

async function openLibrary(
  wav: Uint8Array,
): Promise<{ round: () => Promise<number>; end: () => Promise<unknown> }> {
  const core = import.meta.resolve('@mars/core');
  const url = new URL(`data:text/javascript,${encodeURIComponent(LOOP)}`);
  const threads = Array.from(
    { length: WORKERS },
    () => new Worker(url, { workerData: { core, model: MODEL, wav } }),
  );
  const next = (thread: Worker) =>
    new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  await Promise.all(threads.map(next));
  const round = async () => {
    const heard = threads.map(next);
    for (const thread of threads) thread.postMessage(ROUND_MS);
    const counts = (await Promise.all(heard)) as number[];
    return counts.reduce((sum, count) => sum + count, 0) / (ROUND_MS / 1000);
  };
  return { round, end: () => Promise.all(threads.map((thread) => thread.terminate())) };
}

/** One connection that is kept: what it sends is made once, and of an answer it reads no more than where it ends. */
class Asker implements Disposable {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #answer: Buffer = Buffer.alloc(0);
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(url: URL, wav: Uint8Array) {
    const head = [
      `POST ${url.pathname} HTTP/1.1`,
      `host: ${url.host}`,
      'content-type: audio/wav',
      `content-length: ${wav.length}`,
    ];
    this.#request = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), wav]);
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.on('data', (piece) => this.#read(piece));
    this.#socket.on('error', (error) => this.#settle?.reject(error));
  }

  /** Asks once, and says how many milliseconds the answer took. */
  async ask(): Promise<number> {
    const began = performance.now();
    await new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(this.#request);
    });
    return performance.now() - began;
  }

  #read(piece: Buffer): void {
    this.#answer = this.#answer.length === 0 ? piece : Buffer.concat([this.#answer, piece]);
    const headEnd = this.#answer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#answer.toString('latin1', 0, headEnd);
    if (!head.startsWith('HTTP/1.1 200')) this.#settle?.reject(new Error(`The service answered ${head}`));
    if (bodyOf(head, this.#answer.subarray(headEnd + 4)) === undefined) return;
    this.#answer = Buffer.alloc(0);
    this.#settle?.resolve();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

async function askFor(ms: number, askers: readonly Asker[]): Promise<{ perSec: number; times: number[] }> {
  const times: number[] = [];
  const began = performance.now();
  await Promise.all(
    askers.map(async (asker) => {
      while (performance.now() < began + ms) times.push(await asker.ask());
    }),
  );
  return { perSec: (1000 * times.length) / (performance.now() - began), times };
}

function describe(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return `p50 ${quantile(0.5).toFixed(1)} ms, p99 ${quantile(0.99).toFixed(1)} ms`;
}

/** What the detector takes for speech: otherwise the model would not be asked. */
function voice(sampleRate: number): Uint8Array<ArrayBuffer> {
  const spoken = syntheticVoice('sa i sosu ea sio saei sua esi osa').slice(0, SECONDS * 16_000);
  return encodeWav({ samples: resample(spoken, 16_000, sampleRate), sampleRate });
}

await bench();

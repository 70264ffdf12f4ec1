import { availableParallelism } from 'node:os';
import { MarsError } from '@mars/core';
import { checkClassifyOptions } from './classify-options.ts';
import { PoolJob } from './pool-job.ts';
import {
  ServiceBusyError,
  type AudioInput,
  type ClassifyOptions,
  type ClassifyResult,
  type ModelFacts,
  type PooledStream,
  type PoolOptions,
  type PoolTotals,
  type RecogniserPool,
  type StreamOptions,
} from './pool-protocol.ts';
import { StreamInWorker } from './pooled-stream.ts';
import { WorkerProcess } from './worker-process.ts';

/** Uploads that may have a worker at a time: one is worked on, the others let it wait for bytes. */
const JOBS_PER_WORKER = 8;

/** Before a worker that died young is replaced, in ms: doubled each time, up to the last. */
const RESTART_MS = { first: 100, last: 30_000 };

/** Older ones are replaced at once. */
const YOUNG_MS = 10_000;

/**
 * Opens a pool of recognisers, and waits until all have their model.
 *
 * @throws MarsError `MODEL_INVALID`, `CONFIG_INVALID`
 *
 * @example
 * await using pool = await openPool({ model: await readFile('models/flagship/model.onnx') });
 * const result = await pool.classify(await readFile('clip.wav'), { timeline: true });
 */
export async function openPool(options: PoolOptions): Promise<RecogniserPool> {
  const size = options.size ?? availableParallelism();
  if (!Number.isInteger(size) || size < 1 || size > 256) {
    throw new MarsError(
      'CONFIG_INVALID',
      `size is ${size}; a whole number of workers from 1 to 256 is expected.`,
    );
  }
  const start = () => new WorkerProcess(options.model, options.workerModule);
  const workers = Array.from({ length: size }, start);
  try {
    const [model] = await Promise.all(workers.map((worker) => worker.ready));
    return new Pool(model, workers, start, options);
  } catch (error) {
    for (const worker of workers) worker.kill(stopping());
    throw error;
  }
}

/** A place in the pool: its worker, which changes when it dies, and what that has to do. */
interface Place {
  worker: WorkerProcess;
  readonly jobs: Set<PoolJob>;
  readonly streams: Set<StreamInWorker>;
  deaths: number;
}

class Pool implements RecogniserPool {
  readonly model: ModelFacts;
  readonly #places: Place[];
  readonly #start: () => WorkerProcess;
  readonly #queue: PoolJob[] = [];
  readonly #limits: Required<Omit<PoolOptions, 'model' | 'size' | 'workerModule'>>;
  readonly #failed: Record<string, number> = {};
  readonly #totals = { done: 0, refused: 0, aborted: 0, replaced: 0, audioSec: 0, busySec: 0 };
  /** Of a job with its worker: the mean of the latest. */
  #jobSec = 0.1;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    model: ModelFacts,
    workers: readonly WorkerProcess[],
    start: () => WorkerProcess,
    {
      maxQueued = 4 * workers.length,
      maxStreams = 50 * workers.length,
      maxDurationSec = 600,
      deadlineMs = 60_000,
      graceMs = 2000,
    }: PoolOptions,
  ) {
    this.model = model;
    this.#start = start;
    this.#limits = { maxQueued, maxStreams, maxDurationSec, deadlineMs, graceMs };
    this.#places = workers.map((worker) => {
      const place = { worker, jobs: new Set<PoolJob>(), streams: new Set<StreamInWorker>(), deaths: 0 };
      this.#watch(place);
      return place;
    });
  }

  get size(): number {
    return this.#places.length;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get running(): number {
    return this.#places.reduce((sum, { jobs }) => sum + jobs.size, 0);
  }

  get streams(): number {
    return this.#places.reduce((sum, { streams }) => sum + streams.size, 0);
  }

  get totals(): PoolTotals {
    return { ...this.#totals, failed: { ...this.#failed } };
  }

  async classify(
    audio: AudioInput,
    { deadlineMs = this.#limits.deadlineMs, ...options }: ClassifyOptions = {},
    signal?: AbortSignal,
  ): Promise<ClassifyResult> {
    checkClassifyOptions(options);
    this.#checkOpen();
    signal?.throwIfAborted();
    if (this.#queue.length >= this.#limits.maxQueued && !this.#freePlace()) {
      this.#totals.refused++;
      throw this.#busy('recordings wait');
    }
    const { maxDurationSec, graceMs } = this.#limits;
    const job = new PoolJob(audio, { maxDurationSec, ...options }, { deadlineMs, graceMs });
    const abort = () => {
      const index = this.#queue.indexOf(job);
      if (index >= 0) this.#queue.splice(index, 1);
      job.fail(signal!.reason);
      this.#checkIdle();
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#queue.push(job);
    this.#dispatch();
    try {
      const result = await job.result;
      this.#totals.done++;
      this.#totals.audioSec += durationOf(result);
      return result;
    } catch (error) {
      if (signal?.aborted) this.#totals.aborted++;
      else {
        const code = error instanceof MarsError ? error.code : 'INTERNAL';
        this.#failed[code] = (this.#failed[code] ?? 0) + 1;
      }
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async openStream(options: StreamOptions): Promise<PooledStream> {
    this.#checkOpen();
    const { maxStreams, deadlineMs, graceMs } = this.#limits;
    if (this.streams >= maxStreams) throw this.#busy(`${maxStreams} streams are open`);
    const place = this.#places.reduce((best, each) => (each.streams.size < best.streams.size ? each : best));
    const stream = new StreamInWorker(place.worker, { deadlineMs, graceMs }, () => {
      place.streams.delete(stream);
      this.#checkIdle();
    });
    // Its place is taken while it opens.
    place.streams.add(stream);
    await stream.open(options);
    return stream;
  }

  close({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    // Not before `#closing` is set: workers that are stopped now are not to be replaced.
    await Promise.resolve();
    if (drainMs > 0 && !this.#isIdle()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const job of this.#queue.splice(0)) job.fail(stopping());
    await Promise.all(this.#places.map(({ worker }) => worker.stop(stopping(), this.#limits.graceMs)));
  }

  /** Gives waiting jobs to workers that have time. */
  #dispatch(): void {
    while (this.#queue.length > 0) {
      const place = this.#freePlace();
      if (!place) return;
      void this.#run(this.#queue.shift()!, place);
    }
  }

  async #run(job: PoolJob, place: Place): Promise<void> {
    const began = performance.now();
    place.jobs.add(job);
    await job.run(place.worker, () => this.#dispatch());
    place.jobs.delete(job);
    const tookSec = (performance.now() - began) / 1000;
    this.#jobSec += 0.1 * (tookSec - this.#jobSec);
    this.#totals.busySec += tookSec;
    this.#dispatch();
    this.#checkIdle();
  }

  /** The place with the fewest jobs among those that work on none. */
  #freePlace(): Place | undefined {
    let free: Place | undefined;
    for (const place of this.#places) {
      const { jobs, worker } = place;
      if (worker.isLost || jobs.size >= JOBS_PER_WORKER || [...jobs].some((job) => !job.isStarved)) continue;
      if (!free || jobs.size < free.jobs.size) free = place;
    }
    return free;
  }

  #watch(place: Place): void {
    place.worker.onLost(() => {
      if (this.#closing) return;
      this.#totals.replaced++;
      const isYoung = performance.now() - place.worker.startedAt < YOUNG_MS;
      place.deaths = isYoung ? place.deaths + 1 : 0;
      const waitMs = Math.min(RESTART_MS.last, RESTART_MS.first * 2 ** (place.deaths - 2));
      if (place.deaths < 2) this.#replace(place);
      else setTimeout(() => this.#replace(place), waitMs).unref();
    });
  }

  #replace(place: Place): void {
    if (this.#closing) return;
    place.worker = this.#start();
    this.#watch(place);
    this.#dispatch();
  }

  #busy(what: string): ServiceBusyError {
    const waitSec = (this.#jobSec * (this.queued + this.running)) / this.size;
    const retryAfterSec = Math.max(1, Math.ceil(waitSec));
    return new ServiceBusyError(
      `As many ${what} as may. Try again in ${retryAfterSec} s, or ask another instance.`,
      retryAfterSec,
    );
  }

  #checkOpen(): void {
    if (this.#closing) throw stopping();
  }

  #isIdle(): boolean {
    return this.queued === 0 && this.running === 0 && this.streams === 0;
  }

  #checkIdle(): void {
    if (this.#onIdle && this.#isIdle()) this.#onIdle();
  }
}

function durationOf(result: ClassifyResult): number {
  return 'channels' in result ? (result.channels[0]?.durationSec ?? 0) : result.durationSec;
}

function stopping(): MarsError {
  return new MarsError(
    'SERVICE_STOPPING',
    'The service is shutting down and takes nothing more. Try again in a while, or ask another instance.',
  );
}

import { MarsError } from '@mars/core';
import type { AudioInput, ClassifyResult } from './pool-protocol.ts';
import type { JobOptions, JobSource } from './worker-protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Pieces of an upload that may be on their way to a worker. */
const PIECES_AHEAD = 4;

/** How long an upload may let its worker wait before another job may use the time, in ms. */
const PATIENCE_MS = 50;

export interface JobLimits {
  readonly deadlineMs: number;
  readonly graceMs: number;
}

/** One recording on its way through the pool: settled once, whatever comes first. */
export class PoolJob {
  readonly result: Promise<ClassifyResult>;
  readonly #audio: AudioInput;
  readonly #options: JobOptions;
  readonly #limits: JobLimits;
  #resolve!: (result: ClassifyResult) => void;
  #reject!: (reason: unknown) => void;
  #isSettled = false;
  /** Its worker has nothing to do, since the next bytes are long in coming. */
  #isStarved = false;
  /** Stops it where it runs. */
  #stopWorker: (() => void) | undefined;

  constructor(audio: AudioInput, options: JobOptions, limits: JobLimits) {
    this.#audio = audio;
    this.#options = options;
    this.#limits = limits;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** Gives the job up, wherever it is. */
  fail(reason: unknown): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#reject(reason);
    this.#stopWorker?.();
  }

  /**
   * Has the job done.
   *
   * @param onStarved called when its worker has come to wait for bytes
   * @returns when the worker is rid of it, which may be after the result is settled
   */
  async run(worker: WorkerProcess, onStarved: () => void): Promise<void> {
    const { deadlineMs, graceMs } = this.#limits;
    const audio = this.#audio;
    const source = sourceOf(audio);
    const feed = new Feed(() => {
      this.#isStarved = feed.isStarved;
      if (this.#isStarved) onStarved();
    });
    const { id, answer } = worker.ask<ClassifyResult>(
      { type: 'classify', source, options: this.#options },
      () => feed.taken(),
    );
    const deadline = setTimeout(() => this.fail(deadlineError(deadlineMs)), deadlineMs);
    let grace: NodeJS.Timeout | undefined;
    this.#stopWorker = () => {
      clearTimeout(deadline);
      feed.close();
      worker.tell({ type: 'abort', id });
      grace = setTimeout(() => worker.kill(hung(graceMs)), graceMs);
    };
    if (Symbol.asyncIterator in audio) {
      feed
        .send(audio, (bytes) => worker.tell({ type: 'bytes', id, ...(bytes && { bytes }) }))
        // Who sends knows best why no more came.
        .catch((error: unknown) => this.fail(error));
    }
    try {
      const result = await answer;
      this.#settle(() => this.#resolve(result));
    } catch (error) {
      this.#settle(() => this.#reject(error));
    } finally {
      clearTimeout(deadline);
      clearTimeout(grace);
      feed.close();
    }
  }

  #settle(how: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    how();
  }
}

function sourceOf(audio: AudioInput): JobSource {
  if (audio instanceof Uint8Array) return { pieces: [audio] };
  if ('path' in audio) return { path: audio.path };
  return Symbol.asyncIterator in audio ? 'bytes follow' : { pieces: audio };
}

/** Hands on pieces as they come, a few ahead of what has been used up. */
class Feed {
  isStarved = false;
  readonly #onChange: () => void;
  #ahead = 0;
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #isClosed = false;
  #hasEnded = false;
  #wake: (() => void) | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  async send(
    source: AsyncIterable<Uint8Array>,
    send: (bytes: Uint8Array | undefined) => void,
  ): Promise<void> {
    const pieces = source[Symbol.asyncIterator]();
    this.#pieces = pieces;
    this.#wait();
    while (!this.#isClosed) {
      if (this.#ahead >= PIECES_AHEAD) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const next = await pieces.next();
      if (this.#isClosed) return;
      this.#goOn();
      if (next.done) {
        this.#hasEnded = true;
        return send(undefined);
      }
      this.#ahead++;
      send(next.value);
    }
  }

  taken(): void {
    this.#ahead--;
    this.#wake?.();
    if (this.#ahead === 0 && !this.#hasEnded) this.#wait();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wake?.();
    clearTimeout(this.#patience);
    // Not awaited: a source whose next piece never comes does not end either.
    if (!this.#hasEnded) this.#pieces?.return?.().catch(() => undefined);
  }

  #wait(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.isStarved = true;
      this.#onChange();
    }, PATIENCE_MS);
  }

  #goOn(): void {
    clearTimeout(this.#patience);
    if (!this.isStarved) return;
    this.isStarved = false;
    this.#onChange();
  }
}

function deadlineError(deadlineMs: number): MarsError {
  return new MarsError(
    'DEADLINE_EXCEEDED',
    `The recording was not heard within ${deadlineMs / 1000} s, from when a worker took it. Send a shorter one, or send ` +
      'it faster.',
  );
}

function hung(graceMs: number): MarsError {
  return new MarsError(
    'WORKER_LOST',
    `A worker that was told to stop did not answer within ${graceMs / 1000} s and was replaced, with all that it was ` +
      'doing. Try again.',
  );
}

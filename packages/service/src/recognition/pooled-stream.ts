import { MarsError, type LiveEvent } from '@mars/core';
import type { JobLimits } from './pool-job.ts';
import type { PooledStream, StreamOptions } from './pool-protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A live stream in one worker; see {@link PooledStream}. */
export class StreamInWorker implements PooledStream {
  readonly #worker: WorkerProcess;
  readonly #limits: JobLimits;
  readonly #onClose: () => void;
  readonly #forget: () => void;
  readonly #controller = new AbortController();
  #id = 0;
  /** What was pushed last. */
  #latest: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(worker: WorkerProcess, limits: JobLimits, onClose: () => void) {
    this.#worker = worker;
    this.#limits = limits;
    this.#onClose = onClose;
    this.#forget = worker.onLost((reason) => {
      this.#finish();
      this.#controller.abort(reason);
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async open(options: StreamOptions): Promise<void> {
    const { id, answer } = this.#worker.ask({ type: 'openStream', options });
    this.#id = id;
    try {
      await this.#withDeadline(answer);
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  async push(samples: Float32Array | Int16Array): Promise<LiveEvent[]> {
    this.#checkOpen();
    // The caller may use the array again before it is sent.
    const heard = this.#withDeadline(this.#worker.push(this.#id, samples.slice()));
    this.#latest = heard;
    return heard;
  }

  async end(): Promise<LiveEvent[]> {
    this.#checkOpen();
    this.#isClosed = true;
    // Pushes have a way of their own to the worker. Who pushed knows how it went.
    await this.#latest?.catch(() => undefined);
    try {
      return await this.#withDeadline(
        this.#worker.ask<LiveEvent[]>({ type: 'endStream', stream: this.#id }).answer,
      );
    } finally {
      this.#finish();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#worker.tell({ type: 'closeStream', stream: this.#id });
    this.#finish();
  }

  #finish(): void {
    this.#isClosed = true;
    this.#forget();
    this.#onClose();
  }

  #checkOpen(): void {
    this.#controller.signal.throwIfAborted();
    if (!this.#isClosed) return;
    throw new MarsError('STREAM_CLOSED', 'Samples came after the end of the stream. Open another stream.');
  }

  /** A worker that does not answer hangs: there is no long work in a stream. */
  async #withDeadline<Value>(answer: Promise<Value>): Promise<Value> {
    const { deadlineMs } = this.#limits;
    const timer = setTimeout(() => {
      const reason = `A live stream got no answer within ${deadlineMs / 1000} s. Its worker was replaced: open another.`;
      this.#worker.kill(new MarsError('DEADLINE_EXCEEDED', reason));
    }, deadlineMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }
}

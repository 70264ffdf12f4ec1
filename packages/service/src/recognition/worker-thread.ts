import { Worker } from 'node:worker_threads';
import { MarsError } from '@mars/core';
import type { ModelFacts } from './pool-protocol.ts';
import type { Answer, Notice, Question, SentError, WorkerData } from './worker-protocol.ts';

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onTaken?: (() => void) | undefined;
}

/** `Omit` of each member of a union. */
type WithoutId<Of> = Of extends unknown ? Omit<Of, 'id'> : never;

/** MB of JavaScript objects that a worker may hold; sound and models are not among them. */
const HEAP_MB = 512;

/** One worker, as the pool sees it: questions with one answer each, and a death of which everybody hears who waits. */
export class WorkerThread {
  /** Fulfilled when the model is open. */
  readonly ready: Promise<ModelFacts>;
  readonly startedAt = performance.now();
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #lastId = 0;
  #reason: MarsError | undefined;
  #onReady!: (model: ModelFacts) => void;
  #onUnusable!: (error: MarsError) => void;
  readonly #onLost = new Set<(reason: MarsError) => void>();

  constructor(data: WorkerData, module = new URL('./recogniser.worker.ts', import.meta.url)) {
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onUnusable = reject;
    });
    // Whoever waits hears of it; at a replacement nobody may.
    this.ready.catch(() => undefined);
    this.#worker = new Worker(module, {
      workerData: data,
      name: 'recogniser',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#worker.on('message', (answer: Answer) => this.#hear(answer));
    this.#worker.on('error', (error) =>
      this.kill(died(error instanceof Error ? error.message : String(error))),
    );
    this.#worker.on('messageerror', () => this.kill(died('a message that cannot be read')));
    this.#worker.on('exit', (status) => this.#end(died(`it ended with status ${status}`)));
  }

  get isLost(): boolean {
    return this.#reason !== undefined;
  }

  /** Has `listener` called with why it is of no more use, if it comes to that. Returns how to take this back. */
  onLost(listener: (reason: MarsError) => void): () => void {
    this.#onLost.add(listener);
    return () => this.#onLost.delete(listener);
  }

  /**
   * Asks; the answer rejects with the MarsError of the worker, or with why it was lost.
   *
   * @param onTaken called when it has used up a piece of bytes
   */
  ask<Value>(
    question: WithoutId<Question>,
    { transfer = [], onTaken }: { transfer?: readonly ArrayBuffer[]; onTaken?: () => void } = {},
  ): { readonly id: number; readonly answer: Promise<Value> } {
    const id = ++this.#lastId;
    const answer = new Promise<Value>((resolve, reject) => {
      if (this.#reason) return reject(this.#reason);
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject, onTaken });
      this.#worker.postMessage({ ...question, id }, [...transfer]);
    });
    return { id, answer };
  }

  tell(notice: Notice, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#reason) this.#worker.postMessage(notice, [...transfer]);
  }

  /** Ends it at once; what it was asked is answered with `reason`. */
  kill(reason: MarsError): void {
    this.#end(reason);
    void this.#worker.terminate();
  }

  /** Lets it free its memory and end; what it was asked is answered with `reason`. */
  async stop(reason: MarsError, graceMs: number): Promise<void> {
    if (this.isLost) return;
    const hasEnded = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.tell({ type: 'stop' });
    this.#end(reason);
    const timer = setTimeout(() => void this.#worker.terminate(), graceMs);
    await hasEnded;
    clearTimeout(timer);
  }

  #hear(answer: Answer): void {
    switch (answer.type) {
      case 'ready':
        return this.#onReady(answer.model);
      case 'unusable':
        return this.kill(received(answer.error));
      case 'taken':
        return this.#calls.get(answer.id)?.onTaken?.();
      case 'value':
        return this.#settle(answer.id)?.resolve(answer.value);
      case 'error':
        return this.#settle(answer.id)?.reject(received(answer.error));
    }
  }

  #settle(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  #end(reason: MarsError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#onUnusable(reason);
    const lost = [...this.#calls.values()];
    this.#calls.clear();
    for (const { reject } of lost) reject(reason);
    for (const listener of this.#onLost) listener(reason);
  }
}

function received({ code, message }: SentError): MarsError {
  return new MarsError(
    code ?? 'INTERNAL',
    code ? message : `MARS itself failed. Please report it. The worker said: ${message}`,
  );
}

function died(how: string): MarsError {
  return new MarsError(
    'WORKER_LOST',
    `The worker that heard this died of it, or of other work (${how}). Another one has taken its place: try again, and ` +
      'if it dies again, report the recording.',
  );
}

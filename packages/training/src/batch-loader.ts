import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { batchesPerEpoch, type Batch, type BatchPlan } from './batches.ts';
import type { BatchAnswer, BatchRequest } from './batches.worker.ts';

const WORKER = new URL(`./batches.worker${extname(import.meta.url)}`, import.meta.url);

/** How many batches are made ahead of the step that takes them. */
const AHEAD = 2;

/**
 * Makes batches in a thread of its own while the engine computes.
 *
 * Errors: what goes wrong in the thread rejects the epoch under way.
 *
 * @example
 * await using loader = new BatchLoader(plan);
 * for await (const { x, targets } of loader.epoch(1)) await step.run(x, targets, learningRate);
 */
export class BatchLoader implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #plan: BatchPlan;
  readonly #ended: Promise<void>;
  /** Aborted with the error that ended the thread. */
  readonly #failed = new AbortController();

  constructor(plan: BatchPlan) {
    this.#plan = plan;
    this.#worker = new Worker(WORKER, { workerData: plan });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    // It may come while nobody waits for a batch: unheard, it would end the process.
    this.#worker.on('error', (error) => this.#failed.abort(error));
  }

  /** The batches of one epoch. An epoch that is left half-way ends the use of the loader. */
  async *epoch(epoch: number): AsyncGenerator<Batch> {
    const count = batchesPerEpoch(this.#plan);
    const arrived: BatchAnswer[] = [];
    const collect = (answer: BatchAnswer) => arrived.push(answer);
    this.#worker.on('message', collect);
    try {
      for (let asked = 0; asked < Math.min(AHEAD, count); asked += 1) this.#ask(epoch);
      for (let taken = 0; taken < count; taken += 1) {
        if (arrived.length === 0) {
          this.#failed.signal.throwIfAborted();
          await once(this.#worker, 'message');
        }
        const answer = arrived.shift()!;
        if ('error' in answer) throw answer.error;
        if (taken + AHEAD < count) this.#ask(epoch);
        yield answer.batch;
      }
    } finally {
      this.#worker.off('message', collect);
    }
  }

  #ask(epoch: number): void {
    this.#worker.postMessage({ epoch } satisfies BatchRequest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Asked, not terminated: ending a thread that is just starting can bring the whole process down.
    this.#worker.postMessage('close' satisfies BatchRequest);
    await this.#ended;
  }
}

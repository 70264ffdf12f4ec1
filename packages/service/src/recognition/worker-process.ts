import { fork, type ChildProcess } from 'node:child_process';
import { MarsError, type LiveEvent } from '@mars/core';
import type { ModelFacts } from './pool-protocol.ts';
import { PushLane } from './push-lane.ts';
import type { Answer, Notice, Question, SentError } from './worker-protocol.ts';

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onTaken?: (() => void) | undefined;
}

/** `Omit` of each member of a union. */
type WithoutId<Of> = Of extends unknown ? Omit<Of, 'id'> : never;

/**
 * `--max-old-space-size`: MB of JavaScript objects; sound and models are not among them. With `--permission` a worker
 * reads files and loads ONNX Runtime, and can neither write a file nor start another program, whatever a recording does
 * to it; Node warns of what native code could.
 */
const FLAGS = [
  '--max-old-space-size=512',
  '--permission',
  '--allow-fs-read=*',
  '--allow-addons',
  '--disable-warning=PERM0001',
];

/**
 * One worker, as the pool sees it: questions with one answer each, and a death of which everybody hears who waits.
 *
 * It is a process and not a thread: a thread that is ended within ONNX Runtime takes the whole service with it (an
 * exception of Node's native interface that nobody can catch), and so does a fault of native code.
 */
export class WorkerProcess {
  /** Fulfilled when the model is open. */
  readonly ready: Promise<ModelFacts>;
  readonly startedAt = performance.now();
  readonly #process: ChildProcess;
  readonly #calls = new Map<number, Call>();
  readonly #lane = new PushLane((pushes) => this.tell({ type: 'push', pushes }));
  readonly #onLost = new Set<(reason: MarsError) => void>();
  #lastId = 0;
  #reason: MarsError | undefined;
  #onReady!: (model: ModelFacts) => void;
  #onUnusable!: (error: MarsError) => void;

  constructor(model: Uint8Array, module = new URL('./recogniser.worker.ts', import.meta.url)) {
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onUnusable = reject;
    });
    // Whoever waits hears of it; at a replacement nobody may.
    this.ready.catch(() => undefined);
    this.#process = fork(module, {
      execArgv: FLAGS,
      // Bytes go as bytes, and not as JSON.
      serialization: 'advanced',
      // glibc gives each thread that asks for memory a heap of its own, and gives none back: a worker that decodes one file
      // after the other came to hold twice as much.
      env: { MALLOC_ARENA_MAX: '1', ...process.env },
      // Results are printed on stdout: nothing else may be.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (answer: Answer) => this.#hear(answer));
    this.#process.on('error', (error) => this.kill(died(error.message)));
    this.#process.on('exit', (status, signal) =>
      this.#end(died(`it ended with ${signal ?? `status ${status}`}`)),
    );
    this.tell({ type: 'open', model });
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
    onTaken?: () => void,
  ): { readonly id: number; readonly answer: Promise<Value> } {
    const id = ++this.#lastId;
    const answer = this.#answer<Value>(id, onTaken);
    if (!this.#reason) this.#send({ ...question, id });
    return { id, answer };
  }

  /** Has the next samples of a stream heard. They are copied when they are sent, which is not at once. */
  push(stream: number, samples: Float32Array | Int16Array): Promise<LiveEvent[]> {
    const id = ++this.#lastId;
    const answer = this.#answer<LiveEvent[]>(id);
    if (!this.#reason) this.#lane.add({ id, stream, samples });
    return answer;
  }

  tell(notice: Notice): void {
    if (!this.#reason) this.#send(notice);
  }

  /** Ends it at once; what it was asked is answered with `reason`. */
  kill(reason: MarsError): void {
    this.#end(reason);
    this.#process.kill('SIGKILL');
  }

  /** Lets it free its memory and end; what it was asked is answered with `reason`. */
  async stop(reason: MarsError, graceMs: number): Promise<void> {
    if (this.isLost) return;
    const hasEnded = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    this.tell({ type: 'stop' });
    this.#end(reason);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), graceMs);
    await hasEnded;
    clearTimeout(timer);
  }

  #answer<Value>(id: number, onTaken?: () => void): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.#reason) reject(this.#reason);
      else this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject, onTaken });
    });
  }

  #hear(answer: Answer): void {
    switch (answer.type) {
      case 'ready':
        return this.#onReady(answer.model);
      case 'unusable':
        return this.kill(received(answer.error));
      case 'taken':
        return this.#calls.get(answer.id)?.onTaken?.();
      case 'heard':
        for (const id of answer.uneventful) this.#settle(id)?.resolve([]);
        return this.#lane.heard();
      case 'value':
        return this.#settle(answer.id)?.resolve(answer.value);
      case 'error':
        return this.#settle(answer.id)?.reject(received(answer.error));
    }
  }

  /** What it holds is copied at once. A channel that has broken is told by the end of the process. */
  #send(message: WithoutId<Question> | Question | Notice): void {
    this.#process.send(message, () => undefined);
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

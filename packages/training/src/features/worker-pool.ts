import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

interface PoolOptions<Result> {
  /** What every worker finds as `workerData`. */
  readonly workerData: unknown;
  readonly workers: number;
  readonly signal?: AbortSignal;
  /** Called for every task, in the order in which they end; a rejection ends the whole run. */
  readonly onResult: (taskIndex: number, result: Result) => Promise<void> | void;
  /** Called instead of `onResult` when the worker died of the task; a new one takes the rest. */
  readonly onCrash: (taskIndex: number, error: Error) => Promise<void> | void;
}

/**
 * Hands `tasks` to worker threads, each taking the next when it is done. A worker says `'ready'` once it can work, and
 * then answers each message with one message. Rejects with the signal's reason on abort, and when a worker cannot start.
 */
export async function runInWorkers<Task, Result>(
  script: URL,
  tasks: readonly Task[],
  { workerData, workers, signal, onResult, onCrash }: PoolOptions<Result>,
): Promise<void> {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const waiting = tasks.entries();

  const lane = async () => {
    let worker: Worker | undefined;
    try {
      for (const [index, task] of waiting) {
        stop.throwIfAborted();
        worker ??= await startWorker(script, workerData, stop);
        worker.postMessage(task);
        let result: Result;
        try {
          result = await nextMessage<Result>(worker, stop);
        } catch (error) {
          stop.throwIfAborted();
          await onCrash(index, error as Error);
          worker = undefined;
          continue;
        }
        await onResult(index, result);
      }
    } catch (error) {
      failure.abort(error);
    } finally {
      await worker?.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, lane));
  stop.throwIfAborted();
}

async function startWorker(script: URL, workerData: unknown, stop: AbortSignal): Promise<Worker> {
  const worker = new Worker(script, { workerData });
  // Whoever waits for a message hears of errors; after an abort nobody waits, and one more error must end nothing.
  worker.on('error', () => {});
  try {
    await nextMessage(worker, stop);
    return worker;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** The worker's next message; rejects when it dies first, or on abort. */
async function nextMessage<Message>(worker: Worker, stop: AbortSignal): Promise<Message> {
  const settled = new AbortController();
  const signal = AbortSignal.any([stop, settled.signal]);
  try {
    return await Promise.race([
      once(worker, 'message', { signal }).then(([message]) => message as Message),
      once(worker, 'exit', { signal }).then(([code]) => {
        throw new Error(`The worker ended with exit code ${code} in the middle of its task.`);
      }),
    ]);
  } finally {
    settled.abort();
  }
}

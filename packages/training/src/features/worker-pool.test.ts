import { describe, expect, test } from 'vitest';
import { runInWorkers } from './worker-pool.ts';

/** A worker that answers 'double' tasks, and dies of the others in the ways that a decoder might. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from 'node:worker_threads';
    if (workerData === 'cannot start') throw new Error(workerData);
    parentPort.on('message', (task) => {
      if (task === 'throw') throw new Error('thrown');
      if (task === 'exit') process.exit(3);
      if (task !== 'hang') parentPort.postMessage(task * 2);
    });
    parentPort.postMessage('ready');
  `)}`,
);

async function run(
  tasks: (number | string)[],
  options: { workerData?: string; workers?: number; signal?: AbortSignal } = {},
): Promise<{ results: Map<number, number>; crashes: Map<number, string> }> {
  const results = new Map<number, number>();
  const crashes = new Map<number, string>();
  await runInWorkers<number | string, number>(script, tasks, {
    workerData: null,
    workers: 2,
    ...options,
    onResult: (index, result) => void results.set(index, result),
    onCrash: (index, error) => void crashes.set(index, error.message),
  });
  return { results, crashes };
}

test.each([1, 2, 5])('%i workers do every task once', async (workers) => {
  const { results } = await run([1, 2, 3, 4, 5, 6, 7], { workers });
  expect(results).toEqual(new Map([1, 2, 3, 4, 5, 6, 7].map((task, index) => [index, 2 * task])));
});

test('a task that kills its worker is the only one lost', async () => {
  const { results, crashes } = await run([1, 'throw', 2, 'exit', 3, 4]);
  expect(new Set(results.keys())).toEqual(new Set([0, 2, 4, 5]));
  expect(new Set(crashes.keys())).toEqual(new Set([1, 3]));
  expect(crashes.get(1)).toBe('thrown');
  expect(crashes.get(3)).toContain('exit code 3');
});

describe('the run ends', () => {
  test('when workers cannot start', async () => {
    await expect(run([1, 2, 3], { workerData: 'cannot start' })).rejects.toThrow('cannot start');
  });

  test('with the reason of an abort, even in the middle of a task', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const running = run([1, 'hang', 'hang', 2], { signal: stop.signal });
    setTimeout(() => stop.abort(reason), 100);
    await expect(running).rejects.toBe(reason);
  });
});

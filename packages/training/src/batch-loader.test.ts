import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { BatchLoader } from './batch-loader.ts';
import { batchesOf, type Batch, type BatchPlan } from './batches.ts';

/** Ten examples of 3 × 2 numbers, in batches of four: two per epoch, and two examples over. */
const plan: BatchPlan = {
  rows: new Float32Array(new SharedArrayBuffer(10 * 6 * 4)).map((_, i) => i + 1),
  shape: [3, 2],
  labels: [0, 1, 2, 0, 1, 2, 0, 1, 2, 0],
  corpora: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
  labelled: [
    [0, 1, 2],
    [0, 1, 2],
  ],
  labelCount: 3,
  batchSize: 4,
  mixupAlpha: 0.4,
  specAugment: { timeMasks: 1, maxFrames: 1, frequencyMasks: 1, maxBands: 1 },
  featureNoise: 0.1,
  seed: 5,
};

async function epochOf(loader: BatchLoader, epoch: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loader.epoch(epoch)) batches.push(batch);
  return batches;
}

describe('a loader', () => {
  test.each([1, 4, 10])(
    'gives the batches of batchesOf, epoch after epoch: batches of %d',
    async (batchSize) => {
      const sized = { ...plan, batchSize };
      await using loader = new BatchLoader(sized);
      for (const epoch of [1, 2, 3, 7]) {
        expect(await epochOf(loader, epoch)).toEqual([...batchesOf(sized, epoch)]);
      }
    },
  );

  test('gives them to who takes them slowly, too', async () => {
    await using loader = new BatchLoader({ ...plan, batchSize: 1 });
    const taken: Batch[] = [];
    for await (const batch of loader.epoch(1)) {
      taken.push(batch);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(taken).toEqual([...batchesOf({ ...plan, batchSize: 1 }, 1)]);
  });

  test('takes up a training at a later epoch', async () => {
    await using loader = new BatchLoader(plan);
    expect(await epochOf(loader, 9)).toEqual([...batchesOf(plan, 9)]);
  });

  test('ends its thread when it is disposed, also in the middle of an epoch', async () => {
    const started = once(process, 'worker') as Promise<[Worker]>;
    const loader = new BatchLoader(plan);
    const [worker] = await started;
    for await (const batch of loader.epoch(1)) {
      expect(batch.labels).toHaveLength(4);
      break;
    }
    const exit = once(worker, 'exit');
    await loader[Symbol.asyncDispose]();
    await exit;
  });
});

describe('an error in the thread', () => {
  /** The second corpus is not described: no batch that holds an example of it can be made. */
  const broken = { ...plan, labelled: [[0, 1, 2]] };

  test('rejects who waits for a batch', async () => {
    await using loader = new BatchLoader(broken);
    await expect(epochOf(loader, 1)).rejects.toThrow('iterable');
  });

  test('and who comes for one after it', async () => {
    const single = { ...broken, batchSize: 1 };
    const epoch = epochThatBreaksSecond(single);
    await using loader = new BatchLoader(single);
    const batches = loader.epoch(epoch);
    expect((await batches.next()).done).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect(batches.next()).rejects.toThrow('iterable');
  });
});

/** An epoch whose first batch can be made, and whose second cannot. */
function epochThatBreaksSecond(broken: BatchPlan): number {
  for (let epoch = 1; ; epoch += 1) {
    const batches = batchesOf(broken, epoch);
    try {
      batches.next();
    } catch {
      continue;
    }
    try {
      batches.next();
    } catch {
      return epoch;
    }
  }
}

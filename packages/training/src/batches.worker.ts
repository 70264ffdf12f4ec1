import { parentPort, workerData } from 'node:worker_threads';
import { batchesOf, type Batch, type BatchPlan } from './batches.ts';

/** Asks for the next batch of an epoch, or for the end of the thread. */
export type BatchRequest = { readonly epoch: number } | 'close';

/** What comes back for a request. */
export type BatchAnswer = { readonly batch: Batch } | { readonly error: unknown };

const plan = workerData as BatchPlan;
let open: { readonly epoch: number; readonly batches: Generator<Batch> } | undefined;

parentPort!.on('message', (request: BatchRequest) => {
  if (request === 'close') {
    parentPort!.close();
    return;
  }
  const { epoch } = request;
  if (open?.epoch !== epoch) open = { epoch, batches: batchesOf(plan, epoch) };
  try {
    const { value: batch } = open.batches.next() as { value: Batch };
    answer({ batch }, [batch.x.buffer, batch.targets.buffer, batch.allowed.buffer]);
  } catch (error) {
    // As a message, so that it keeps its place behind the batches that were made before it.
    answer({ error });
  }
});

function answer(message: BatchAnswer, buffers: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, buffers);
}

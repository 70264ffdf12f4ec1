import { parentPort, workerData } from 'node:worker_threads';
import { batchesOf, type Batch, type BatchPlan } from './batches.ts';

/** Asks for the next batch of an epoch. */
export interface BatchRequest {
  readonly epoch: number;
}

const plan = workerData as BatchPlan;
let open: { readonly epoch: number; readonly batches: Generator<Batch> } | undefined;

parentPort!.on('message', ({ epoch }: BatchRequest) => {
  if (open?.epoch !== epoch) open = { epoch, batches: batchesOf(plan, epoch) };
  const { value } = open.batches.next() as { value: Batch | undefined };
  const buffers = value ? [value.x.buffer, value.targets.buffer, value.allowed.buffer] : [];
  parentPort!.postMessage(value, buffers);
});

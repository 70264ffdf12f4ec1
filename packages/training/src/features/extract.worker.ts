import { parentPort, workerData } from 'node:worker_threads';
import { computeTask, type ExtractionPlan, type ExtractionTask } from './compute.ts';

parentPort!.on('message', (task: ExtractionTask) => void answer(task));
parentPort!.postMessage('ready');

async function answer(task: ExtractionTask): Promise<void> {
  const result = await computeTask(task, workerData as ExtractionPlan);
  const buffers = 'tensors' in result ? result.tensors.map(({ data }) => data.buffer as ArrayBuffer) : [];
  parentPort!.postMessage(result, buffers);
}

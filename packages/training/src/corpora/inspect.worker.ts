import { parentPort } from 'node:worker_threads';
import { inspectRecording } from './inspect.ts';

parentPort!.on('message', (file: string) => void answer(file));
parentPort!.postMessage('ready');

async function answer(file: string): Promise<void> {
  parentPort!.postMessage(await inspectRecording(file));
}

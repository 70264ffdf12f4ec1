// For tests: a worker of the pool that dies or hangs when it is told to, and else does its work.
import type { Notice, Question } from './worker-protocol.ts';

await import('./recogniser.worker.ts');

process.on('message', (message: Question | Notice) => {
  const order = orderIn(message);
  if (order === 'die') process.kill(process.pid, 'SIGSEGV');
  if (order === 'hang') for (;;);
});

/** In the bytes of a recording, or the first of a stream's samples. */
function orderIn(message: Question | Notice): string {
  if (message.type === 'push') return { 7: 'die', 8: 'hang' }[message.pushes[0].samples[0]] ?? '';
  if (message.type !== 'classify' || message.source === 'bytes follow' || 'path' in message.source) return '';
  return Buffer.from(message.source.pieces[0].subarray(0, 4)).toString();
}

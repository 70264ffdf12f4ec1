/**
 * Side by side with PyTorch, where it is installed: training steps per second of the seed's network. Then what a clip
 * costs: MFCCs and the whole way from bytes to verdict, on one thread. Then where the transfer model's time goes, in Node's
 * runtime and in the browser's.
 *
 *   npm run bench
 *   MARS_BENCH_PYTHON=/path/to/venv/bin/python npm run bench     a Python that has torch (2.13 was compared)
 */
import { availableParallelism } from 'node:os';
import { benchClip } from './clip.ts';
import { benchFrontEnd } from './front-end.ts';
import { benchTraining } from './training.ts';

console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores; medians, with minimum and maximum.\n`,
);
await benchTraining();
await benchClip();
console.log();
await benchFrontEnd();

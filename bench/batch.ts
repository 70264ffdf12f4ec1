/**
 * A batch of recordings of 1 to 10 s (a machine's voice, in the system's folder for temporary files): two workers against
 * one, and how many hours of audio an hour of a core hears.
 *
 *   node bench/batch.ts [RECORDINGS]      10000
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { hearWith, openPool, planBatch, poolLimits, readStatus, runLocally, sha256 } from '@mars/service';
import { show, summarise } from './measure.ts';
import { makeRecordings } from './recordings.ts';

const MODEL = join(import.meta.dirname, '../models/flagship/model.onnx');

/** In turn, so that a machine whose speed drifts treats both alike. */
const ROUNDS = 5;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** In processes of its own, whose CPU time is then known. */
async function measureApart(recordings: string, out: string, workers: number): Promise<Measured> {
  const before = childrenCpuSeconds();
  const args = [import.meta.filename, '--measure', recordings, out, String(workers)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [seconds] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { seconds: Number(seconds), cpuSeconds: childrenCpuSeconds() - before };
}

/** Of all processes below this one that have ended, where the system tells (Linux; in hundredths of a second). */
function childrenCpuSeconds(): number {
  if (process.platform !== 'linux') return NaN;
  const [, , , , , , , , , , , , , user, system] = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(user) + Number(system)) / 100;
}

/** Seconds from the first recording to the last part; the start of the workers does not count. */
async function measure(recordings: string, out: string, workers: number): Promise<number> {
  const model = await readFile(MODEL);
  await using pool = await openPool({ model, size: workers, ...poolLimits({ options: {} }) });
  const files = (await readdir(recordings)).sort().map((file) => ({ file: join(recordings, file) }));
  const { name, labels } = pool.model;
  const manifest = await planBatch(out, {
    inputs: [recordings],
    recordings: files,
    base: recordings,
    model: { given: 'flagship', name, labels, sha256: sha256(model) },
  });
  const began = performance.now();
  await runLocally({ folder: out, manifest, classify: hearWith(pool, manifest), concurrency: 2 * workers });
  const seconds = (performance.now() - began) / 1000;
  const { recordings: counted } = await readStatus(out);
  if (counted.done === files.length && counted.failed === 0) return seconds;
  throw new Error(`Of ${files.length}: ${JSON.stringify(counted)}`);
}

async function bench(count: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mars-bench-batch-'));
  try {
    const perRound = Math.ceil(count / ROUNDS);
    const recordings = join(folder, 'recordings');
    const { audioSec } = await makeRecordings(recordings, perRound);
    console.log(
      `mars batch: ${ROUNDS} times ${perRound} recordings of 1 to 10 s, ${((ROUNDS * audioSec) / 3600).toFixed(2)} hours, ` +
        `by one worker and by two in turn; ${availableParallelism()} cores`,
    );
    const measured: Record<number, Measured[]> = { 1: [], 2: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const workers of [1, 2]) {
        const out = join(folder, `out-${round}-${workers}`);
        measured[workers].push(await measureApart(recordings, out, workers));
      }
    }
    for (const [workers, rounds] of Object.entries(measured)) {
      const over = (value: (one: Measured) => number) => summarise(rounds.map(value));
      console.log(
        `  ${workers === '1' ? '1 worker' : `${workers} workers`}: ${show(over(({ seconds }) => perRound / seconds))} recordings/s, ` +
          `${over(({ seconds }) => audioSec / seconds).median.toFixed(0)} times as fast as spoken; ` +
          `${show(
            over(({ cpuSeconds }) => audioSec / cpuSeconds),
            0,
          )} hours of audio per core-hour (of CPU time, the start included)`,
      );
    }
    const ratio = summarise(measured[2].map(({ seconds }, round) => measured[1][round].seconds / seconds));
    console.log(`  two workers are ${show(ratio, 2)} times one`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
if (args[0] === '--measure') console.log(await measure(args[1], args[2], Number(args[3])));
else await bench(Number(args[0] ?? 10_000));

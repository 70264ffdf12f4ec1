/**
 * Live streams in real time: how many this machine hears at once, and how long after an utterance its verdict comes.
 * Every stream gets frames of 100 ms at 16 kHz, when they are due; the streams are shared between as many threads as there
 * are cores. Speech is that of four RAVDESS actors, or made where there is no corpus.
 *
 *   MARS_CORPORA=/data/corpora node bench/streams.ts [STREAMS] [SECONDS]
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { loadRecogniser } from '@mars/core';
import { SAMPLE_RATE, speech } from './speech.ts';

const ROOT = join(import.meta.dirname, '..');
const FRAME = SAMPLE_RATE / 10;
const FRAME_MS = 100;

interface Task {
  readonly streams: number;
  readonly seconds: number;
  readonly first: number;
}

interface Outcome {
  /** Per frame, ms from when it was due to when it had been heard. */
  readonly lags: number[];
  /** Per utterance, ms from when the frame was due that ended it to its verdict. */
  readonly verdicts: number[];
  readonly cpuMs: number;
}

async function hear({ streams, seconds, first }: Task): Promise<Outcome> {
  const model = await readFile(join(ROOT, 'models/flagship/model.onnx'));
  await using recogniser = await loadRecogniser(model, { threads: 1 });
  const voices = await Promise.all(
    Array.from({ length: Math.min(streams, 10) }, (_, index) => speech(seconds, `${first + index}`)),
  );
  const lags: number[] = [];
  const verdicts: number[] = [];
  const warm = recogniser.stream({ sampleRate: SAMPLE_RATE });
  await warm.push(voices[0].subarray(0, 5 * SAMPLE_RATE));
  await warm.end();

  const before = process.threadCpuUsage();
  const started = performance.now() + 200;
  await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      const live = recogniser.stream({ sampleRate: SAMPLE_RATE });
      const voice = voices[index % voices.length];
      // Streams do not begin together, nor do the same voices.
      const startMs = started + (index / streams) * FRAME_MS;
      const shift = Math.floor(index / voices.length) * 7 * FRAME;
      for (let frame = 0; frame < seconds * 10; frame += 1) {
        const dueMs = startMs + (frame + 1) * FRAME_MS;
        const wait = dueMs - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        const from = (shift + frame * FRAME) % (voice.length - FRAME);
        const events = await live.push(voice.subarray(from, from + FRAME));
        const lag = performance.now() - dueMs;
        lags.push(lag);
        if (events.some((event) => event.type === 'measurement' && event.trigger === 'speechEnded')) {
          verdicts.push(lag);
        }
      }
      await live.end();
    }),
  );
  const { user, system } = process.threadCpuUsage(before);
  return { lags, verdicts, cpuMs: (user + system) / 1000 };
}

async function bench(streams: number, seconds: number): Promise<void> {
  const threads = Math.min(streams, availableParallelism());
  const outcomes = await Promise.all(
    Array.from({ length: threads }, (_, index) => {
      const first = Math.round((index * streams) / threads);
      const task: Task = { streams: Math.round(((index + 1) * streams) / threads) - first, seconds, first };
      return new Promise<Outcome>((resolve, reject) => {
        new Worker(new URL(import.meta.url), { workerData: task })
          .once('message', resolve)
          .once('error', reject);
      });
    }),
  );
  const lags = outcomes.flatMap((outcome) => outcome.lags).sort((a, b) => a - b);
  const verdicts = outcomes.flatMap((outcome) => outcome.verdicts).sort((a, b) => a - b);
  const cpuMs = outcomes.reduce((sum, outcome) => sum + outcome.cpuMs, 0);
  const at = (values: readonly number[], share: number) =>
    values[Math.min(values.length - 1, Math.floor(share * values.length))]?.toFixed(0);
  console.log(
    `${streams} streams for ${seconds} s on ${threads} threads: ` +
      `${((100 * cpuMs) / (threads * seconds * 1000)).toFixed(0)} % of them busy, ` +
      `${(cpuMs / (streams * seconds)).toFixed(1)} ms of processor per second of audio`,
  );
  console.log(
    `  a frame heard after it was due, ms: median ${at(lags, 0.5)}, 99 % ${at(lags, 0.99)}, worst ${at(lags, 1)}`,
  );
  console.log(
    `  the verdict of ${verdicts.length} utterances after their last frame was due, ms: ` +
      `median ${at(verdicts, 0.5)}, 99 % ${at(verdicts, 0.99)}, worst ${at(verdicts, 1)}`,
  );
}

if (parentPort) parentPort.postMessage(await hear(workerData as Task));
else {
  const [streams = '100', seconds = '30'] = process.argv.slice(2);
  await bench(1, Math.min(20, Number(seconds)));
  await bench(Number(streams), Number(seconds));
}

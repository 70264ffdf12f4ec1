/**
 * An hour of acted speech: what its timeline costs on one thread, and how well it says where which emotion is. The
 * speech of the four RAVDESS actors that the model has not heard (`openUnheard`), in random order, as often as an hour
 * takes, with 0.5 to 3 s between the clips. The hour is a WAV file in the system's folder for temporary files, and is
 * removed in the end.
 *
 *   MARS_CORPORA=/data/corpora node bench/timeline.ts MODEL [SECONDS]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openAsBlob } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, encodeWav, loadRecogniser, type Segment, type Timeline } from '@mars/core';
import type { Clip } from '@mars/training';
import { isFound, joinSegments, stitch, type Utterance } from '../packages/core/test/stitched.ts';
import { openUnheard } from './unheard.ts';

const SAMPLE_RATE = 16_000;

interface Measured {
  readonly timeline: Timeline;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** In a process of its own, whose peak memory is that of the timeline. */
async function measure(model: string, file: string): Promise<Measured> {
  await using recogniser = await loadRecogniser(await readFile(model), { threads: 1 });
  const started = performance.now();
  const before = process.cpuUsage();
  let peak = 0;
  // Sampled, since on Linux a process begins with the peak of the one that started it.
  const onProgress = () => void (peak = Math.max(peak, process.memoryUsage.rss()));
  const timeline = await recogniser.timeline(await openAsBlob(file), { onProgress });
  const { user, system } = process.cpuUsage(before);
  return {
    timeline,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMegabytes: peak / 1e6,
  };
}

async function measureApart(model: string, file: string): Promise<Measured> {
  const child = spawn(process.execPath, [import.meta.filename, '--measure', model, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(output);
}

async function bench(model: string, targetSec: number): Promise<void> {
  const unheard = await openUnheard(model);
  await using recogniser = unheard.recogniser;
  const test = unheard.clips;
  const random = createRandom('timeline');
  const audioOf = new Map(
    await Promise.all(
      test.map(async (clip) => [clip, await decodeAudio(await readFile(clip.file))] as const),
    ),
  );
  const order: Clip[] = [];
  for (let sec = 0; sec < targetSec;) {
    const clip = test[Math.floor(random.uniform(0, 1) * test.length)];
    const { samples, sampleRate } = audioOf.get(clip)!;
    order.push(clip);
    sec += samples.length / sampleRate + 1.75;
  }
  const { audio, utterances } = stitch(
    order.map((clip) => audioOf.get(clip)!),
    { sampleRate: SAMPLE_RATE, random: () => random.uniform(0, 1) },
  );

  const folder = await mkdtemp(join(tmpdir(), 'mars-bench-'));
  try {
    const file = join(folder, 'hour.wav');
    await writeFile(file, encodeWav(audio));
    const { timeline, seconds, cpuSeconds, peakMegabytes } = await measureApart(model, file);
    const minutes = (timeline.durationSec / 60).toFixed(1);
    console.log(
      `${minutes} min, ${order.length} clips of ${test.length} of ${new Set(test.map(({ speaker }) => speaker)).size} actors:`,
    );
    console.log(
      `  timeline in ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor), peak memory ${peakMegabytes.toFixed(0)} MB`,
    );
    await report(timeline, order, utterances);
  } finally {
    await rm(folder, { recursive: true });
  }

  async function report(
    { segments, summary }: Timeline,
    said: readonly Clip[],
    truth: readonly (Utterance | undefined)[],
  ): Promise<void> {
    const found = joinSegments(segments);
    const known = truth.filter((utterance) => utterance !== undefined);
    const share = known.filter((utterance) => isFound(utterance, found)).length / known.length;
    console.log(
      `  ${found.length} utterances found; both boundaries within 0.3 s: ${percent(share)} of ${known.length}`,
    );

    // A clip counts by its speaking time, in both figures.
    const whole = new Map<Clip, string | null>();
    for (const clip of test) whole.set(clip, (await recogniser.classify(audioOf.get(clip)!)).emotion);
    let [speech, right, rightWhole, covered] = [0, 0, 0, 0];
    for (const [i, utterance] of truth.entries()) {
      if (!utterance) continue;
      const { emotion } = said[i];
      const heard = overlap(utterance, segments);
      const length = utterance.endSec - utterance.startSec;
      speech += length;
      covered += heard.reduce((sum, { sec }) => sum + sec, 0);
      right += heard.reduce((sum, { segment, sec }) => sum + (segment.emotion === emotion ? sec : 0), 0);
      rightWhole += whole.get(said[i]) === emotion ? length : 0;
    }
    console.log(
      `  of the speaking time ${percent(covered / speech)} was found, and ${percent(right / covered)} of that has the right emotion`,
    );
    console.log(`  whole clips, by the same time: ${percent(rightWhole / speech)}`);
    console.log(`  uncertain: ${percent(summary.uncertainShare)} of the time`);
  }
}

function overlap(utterance: Utterance, segments: readonly Segment[]): { segment: Segment; sec: number }[] {
  return segments.flatMap((segment) => {
    const sec = Math.min(segment.endSec, utterance.endSec) - Math.max(segment.startSec, utterance.startSec);
    return sec > 0 ? [{ segment, sec }] : [];
  });
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const [first, second, third] = process.argv.slice(2);
if (first === undefined) throw new Error('Name the model: node bench/timeline.ts MODEL [SECONDS]');
if (first === '--measure') console.log(JSON.stringify(await measure(second, third)));
else await bench(first, Number(second ?? 3600));

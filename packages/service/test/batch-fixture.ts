import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMOTIONS, MarsError, summarise, type Segment, type Timeline } from '@mars/core';
import { partFolder, PART_FILES, type Manifest, type PlannedRecording } from '../src/batch/manifest.ts';
import { planBatch, type PlanOptions } from '../src/batch/plan.ts';
import type { Classify } from '../src/batch/shard-runner.ts';

export const TEST_MODEL = { given: 'none', name: 'none', sha256: '0'.repeat(64), labels: [...EMOTIONS] };

/** A plan of recordings that nobody has to have. */
export function planNames(
  folder: string,
  recordings: number,
  options: Partial<PlanOptions> = {},
): Promise<Manifest> {
  const names = Array.from({ length: recordings }, (_, index) => ({ file: `${index}.wav` }));
  return planBatch(folder, {
    inputs: ['.'],
    recordings: names,
    base: '/recordings',
    model: TEST_MODEL,
    ...options,
  });
}

/** Up to three segments that depend on the name alone; one of ten cannot be read. */
export function timelineOf(file: string): Timeline | undefined {
  const bytes = createHash('sha256').update(file).digest();
  if (bytes[0] % 10 === 0) return undefined;
  const segments = Array.from({ length: bytes[1] % 4 }, (_, index): Segment => {
    const weights = EMOTIONS.map((_, label) => bytes[2 + index * 8 + label] + 1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scores = EMOTIONS.map((label, at) => ({ label, score: weights[at] / total })).sort(
      (a, b) => b.score - a.score,
    );
    const [{ label: emotion, score: confidence }] = scores;
    return { startSec: index * 2, endSec: index * 2 + 1.5, verdict: 'emotion', emotion, confidence, scores };
  });
  return { durationSec: 8, segments, summary: summarise(segments) };
}

/** What hears them; `heard` is told each name. */
export function pretendToHear({
  delayMs = 0,
  heard,
}: { delayMs?: number; heard?: (file: string) => void } = {}): Classify {
  return async ({ file }: PlannedRecording, signal) => {
    heard?.(file);
    if (delayMs > 0) await sleep(delayMs, undefined, signal && { signal });
    const timeline = timelineOf(file);
    if (timeline === undefined)
      throw new MarsError('AUDIO_UNREADABLE', `${file} is noise; a recording was expected.`);
    return timeline;
  };
}

/** A line of a part. */
export type Line = Record<string, string | number | null> & { file: string };

/** The rows of all parts, in the order of the shards. */
export async function readLines(folder: string): Promise<Line[]> {
  const shards = (await readdir(join(folder, 'parts'))).map(Number).sort((a, b) => a - b);
  const texts = await Promise.all(
    shards.map((shard) => readFile(join(partFolder(folder, shard), PART_FILES.jsonLines), 'utf8')),
  );
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
  );
}

import type { BatchStatus, Manifest, QueueState } from '@mars/service';
import { statusLine } from './progress.ts';
import { count, duration, percent } from './output/text.ts';

/** How often a line is shown on a terminal, and logged elsewhere. */
const SHOW_MS = 250;
const LOG_MS = 60_000;

/** Says on stderr how far a batch is while it is worked at. */
export interface BatchProgress {
  /** To be called after each recording. */
  readonly onRecording: (outcome: { readonly audioSec: number; readonly failed: boolean }) => void;
  readonly note: (text: string) => void;
  readonly end: () => void;
}

/** @param before how far it was when this process began */
export function batchProgress(manifest: Manifest, before: BatchStatus): BatchProgress {
  const line = statusLine();
  const began = performance.now();
  let [done, failed, audioSec] = [0, 0, 0];
  let shownAt = began;
  return {
    onRecording(outcome) {
      done++;
      audioSec += outcome.audioSec;
      if (outcome.failed) failed++;
      const now = performance.now();
      if (now - shownAt < (process.stderr.isTTY ? SHOW_MS : LOG_MS)) return;
      shownAt = now;
      const sec = (now - began) / 1000;
      const all = Math.min(manifest.recordings, before.recordings.done + done);
      const left = (manifest.recordings - all) / (done / sec);
      const text =
        `[${all}/${manifest.recordings}] ${percent(all / manifest.recordings)}  ` +
        `${rate(done / sec, audioSec / sec)}  ${count(failed + before.recordings.failed, 'error')}  ` +
        `about ${duration(left)} left here`;
      if (process.stderr.isTTY) line.show(text);
      else line.log(`mars: ${text}`);
    },
    note: (text) => line.log(`mars: ${text}`),
    end: () => line.clear(),
  };
}

/** For people: how far a batch is. */
export function statusText(folder: string, status: BatchStatus, queue?: QueueState): string[] {
  const { recordings, shards, rows, audioSec, recordingsPerSec, speed, leftSec, errors } = status;
  const share = percent(recordings.done / recordings.total);
  const width = Math.max(0, ...errors.map(({ code }) => code.length));
  const digits = String(recordings.failed).length;
  return [
    `${folder}: ${status.isDone ? 'done' : share}`,
    `  recordings  ${recordings.done} of ${recordings.total}, in ${shards.done} of ${count(shards.total, 'shard')}`,
    `  rows        ${rows}`,
    `  audio       ${duration(audioSec)}`,
    ...(recordingsPerSec === null || speed === null
      ? []
      : [`  rate        ${rate(recordingsPerSec, speed)}`]),
    ...(status.isDone
      ? []
      : [`  left        ${leftSec === null ? 'not known yet' : `about ${duration(leftSec)}`}`]),
    ...(queue
      ? [`  queue       ${queue.waiting} waiting, ${queue.active} being worked at, ${queue.failed} given up`]
      : []),
    `  errors      ${recordings.failed}`,
    ...errors.map(
      ({ code, recordings: number }) => `    ${code.padEnd(width)}  ${String(number).padStart(digits)}`,
    ),
  ];
}

function rate(recordingsPerSec: number, speed: number): string {
  return `${recordingsPerSec.toFixed(1)} recordings/s, ${speed.toFixed(0)} times as fast as spoken`;
}

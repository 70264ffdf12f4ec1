import type { Audio } from '../src/audio/audio.ts';
import { resample } from '../src/audio/resample.ts';

/** Where somebody speaks in a stitched recording. */
export interface Utterance {
  readonly startSec: number;
  readonly endSec: number;
}

/** Speech lies above this line, relative to the loudest sample of its clip, for a tenth of a second on end. */
const SPEECH_DB = -35;
const LEAST_SEC = 0.1;
/** Shorter dips below the line are part of speech. */
const DIP_SEC = 0.05;
/** A clip whose own noise comes so near the line that the line says nothing about it. */
const NOISE_DB = SPEECH_DB - 10;

const HOP_SEC = 0.01;
const FRAME_SEC = 0.02;

/**
 * Where in an acted clip its speech begins and ends, by level alone: what the recording of a voice activity detector
 * is compared with must not come from one. `undefined` for clips that are too noisy to tell.
 */
export function spokenSpan({ samples, sampleRate }: Audio): Utterance | undefined {
  const [hop, frame] = [HOP_SEC * sampleRate, FRAME_SEC * sampleRate].map(Math.round);
  const peak = samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
  const levels: number[] = [];
  for (let at = 0; at + frame <= samples.length; at += hop) {
    let energy = 0;
    for (let i = at; i < at + frame; i++) energy += samples[i] ** 2;
    levels.push(10 * Math.log10(energy / frame / peak ** 2 + 1e-12));
  }
  const noise = levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 10)];
  if (!(noise < NOISE_DB)) return undefined;

  let [first, last] = [Infinity, -Infinity];
  for (let i = 0; i < levels.length; i++) {
    if (levels[i] < SPEECH_DB) continue;
    const start = i;
    let end = i;
    for (; i < levels.length && i - end <= DIP_SEC / HOP_SEC; i++) if (levels[i] >= SPEECH_DB) end = i;
    if ((end - start + 1) * HOP_SEC < LEAST_SEC) continue;
    first = Math.min(first, start);
    last = end;
  }
  if (first > last) return undefined;
  return { startSec: (first * hop) / sampleRate, endSec: (last * hop + frame) / sampleRate };
}

/** Clips one after the other with 0.5 to 3 s of faint noise between them, and where their speech lies. */
export function stitch(
  clips: readonly Audio[],
  { sampleRate, random }: { sampleRate: number; random: () => number },
): { audio: Audio; utterances: (Utterance | undefined)[] } {
  const pieces: Float32Array[] = [];
  const utterances: (Utterance | undefined)[] = [];
  let length = 0;
  const append = (samples: Float32Array): void => {
    pieces.push(samples);
    length += samples.length;
  };
  const pause = (): void =>
    append(
      Float32Array.from(
        { length: Math.round((0.5 + 2.5 * random()) * sampleRate) },
        () => 1e-4 * (random() - 0.5),
      ),
    );
  pause();
  for (const clip of clips) {
    const at = length / sampleRate;
    const span = spokenSpan(clip);
    utterances.push(span && { startSec: at + span.startSec, endSec: at + span.endSec });
    append(resample(clip.samples, clip.sampleRate, sampleRate));
    pause();
  }
  const samples = new Float32Array(length);
  let offset = 0;
  for (const piece of pieces) {
    samples.set(piece, offset);
    offset += piece.length;
  }
  return { audio: { samples, sampleRate }, utterances };
}

/** Segments that touch are one utterance. */
export function joinSegments(segments: readonly Utterance[]): Utterance[] {
  const joined: Utterance[] = [];
  for (const { startSec, endSec } of segments) {
    const previous = joined.at(-1);
    if (previous && startSec - previous.endSec < 1e-6) joined[joined.length - 1] = { ...previous, endSec };
    else joined.push({ startSec, endSec });
  }
  return joined;
}

/** Whether an utterance was found in one piece, with both its boundaries to within `toleranceSec`. */
export function isFound(
  { startSec, endSec }: Utterance,
  found: readonly Utterance[],
  toleranceSec = 0.3,
): boolean {
  const there = found.filter((other) => other.startSec < endSec && other.endSec > startSec);
  return (
    there.length === 1 &&
    Math.abs(there[0].startSec - startSec) <= toleranceSec &&
    Math.abs(there[0].endSec - endSec) <= toleranceSec
  );
}

import {
  emotionVerdict,
  openAudio,
  type Audio,
  type Profile,
  type Recogniser,
  type Timeline,
  type Verdict,
} from '@mars/core';
import type { Analysis, Calls, Part, Source } from './engine.ts';
import { LONGEST_CLIP_SEC } from './limits.ts';
import { PeakMeter } from './peaks.ts';
import { wavHeader } from './wav-stream.ts';

export interface AnalysisOptions extends Calls {
  readonly profile?: Profile;
  readonly oneSpeaker?: boolean;
}

/**
 * Hears a recording of any length. It is decoded once, in pieces: what is kept of an hour are its peaks and segments.
 *
 * @param opening the recogniser, which may still be on its way while a clip is read
 * @throws MarsError as `timeline` and `classify` of @mars/core do; the signal's reason when it aborts
 */
export async function analyse(
  opening: Promise<Recogniser>,
  source: Source,
  { profile, oneSpeaker, onProgress, onVerdict, signal }: AnalysisOptions = {},
): Promise<Analysis> {
  // Whether it opens is asked further down; a recording that cannot be read never comes there.
  opening.catch(() => undefined);
  const voice = { ...(profile && { profile }), ...(oneSpeaker !== undefined && { oneSpeaker }) };
  await using reader = await openSource(source);
  const { sampleRate } = reader;
  const blocks = reader.blocks()[Symbol.asyncIterator]();
  const clip: Float32Array[] = [];
  let samples = 0;
  let hasEnded = false;
  while (!hasEnded && samples <= LONGEST_CLIP_SEC * sampleRate) {
    const next = await blocks.next();
    if (next.done) hasEnded = true;
    else {
      clip.push(next.value);
      samples += next.value.length;
    }
  }
  const recogniser = await opening;
  const peaks = new PeakMeter(sampleRate);
  if (hasEnded) {
    const audio = { samples: joined(clip), sampleRate };
    signal?.throwIfAborted();
    const verdict = await recogniser.classify(audio, { ...(profile && { profile }) });
    onVerdict?.(verdict);
    await otherTasks();
    const timeline = await recogniser.timeline(audio, { ...voice, ...(signal && { signal }) });
    peaks.read(audio.samples);
    return { durationSec: verdict.durationSec, verdict, timeline, peaks: peaks.peaks() };
  }

  let doneSec = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield wavHeader(sampleRate);
    const decoded = async function* () {
      while (clip.length > 0) yield clip.shift()!;
      for (let next = await blocks.next(); !next.done; next = await blocks.next()) yield next.value;
    };
    for await (const block of decoded()) {
      // A run of the model holds the thread: without a break here no cancelling would be heard.
      await otherTasks();
      signal?.throwIfAborted();
      peaks.read(block);
      doneSec += block.length / sampleRate;
      onProgress?.(doneSec, reader.durationSec?.(doneSec));
      yield new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
    }
  }
  const timeline = await recogniser.timeline(bytes(), { ...voice, ...(signal && { signal }) });
  const { durationSec } = timeline;
  return { durationSec, verdict: overall(timeline, recogniser), timeline, peaks: peaks.peaks() };
}

/** The mean of the segments' scores, by how long they last. */
function overall({ segments, durationSec }: Timeline, { metadata }: Pick<Recogniser, 'metadata'>): Verdict {
  const { labels, calibration } = metadata;
  const spoken = segments.filter(({ verdict }) => verdict !== 'no-speech');
  if (spoken.length === 0) {
    const scores = labels.map((label) => ({ label, score: 1 / labels.length }));
    return { durationSec, verdict: 'no-speech', emotion: null, confidence: 0, scores };
  }
  const sums = labels.map((label) =>
    spoken.reduce(
      (sum, { startSec, endSec, scores }) =>
        sum + (endSec - startSec) * scores.find((score) => score.label === label)!.score,
      0,
    ),
  );
  // The segments' scores are calibrated already: only the threshold is asked for again.
  const again = calibration && { temperature: 1, threshold: calibration.threshold };
  return emotionVerdict(sums, labels, {
    durationSec,
    calibration: again,
    knownVoice: spoken.at(-1)!.knownVoice,
  });
}

/** A part of a recording, without holding more of it in memory than the part. */
export async function readPart(
  source: Source,
  { startSec = 0, endSec = Infinity, signal }: Part & Pick<Calls, 'signal'> = {},
): Promise<{ audio: Audio; startSec: number }> {
  await using reader = await openSource(source);
  const { sampleRate } = reader;
  const [from, to] = [Math.round(startSec * sampleRate), Math.round(endSec * sampleRate)];
  const kept: Float32Array[] = [];
  let at = 0;
  for await (const block of reader.blocks()) {
    signal?.throwIfAborted();
    if (at + block.length > from) kept.push(block.slice(Math.max(0, from - at), Math.max(0, to - at)));
    at += block.length;
    if (at >= to) break;
  }
  return { audio: { samples: joined(kept), sampleRate }, startSec: from / sampleRate };
}

interface SourceReader extends AsyncDisposable {
  readonly sampleRate: number;
  blocks(): AsyncIterable<Float32Array>;
  /** How long the recording is, as far as can be said when so much of it has been read. */
  readonly durationSec?: (doneSec: number) => number | undefined;
}

/** Opens a file, or takes samples as they are. */
export async function openSource(source: Source): Promise<SourceReader> {
  if ('samples' in source) {
    const { samples, sampleRate } = source;
    return {
      sampleRate,
      async *blocks() {
        for (let start = 0; start < samples.length; start += sampleRate) {
          yield samples.subarray(start, start + sampleRate);
        }
      },
      durationSec: () => samples.length / sampleRate,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const file = new ReadBlob(source);
  const reader = await openAudio(file);
  let read = 0;
  let durationSec: number | undefined;
  return {
    sampleRate: reader.sampleRate,
    blocks: () => reader.blocks(),
    durationSec(doneSec) {
      // When the next bytes are asked for, the ones before have been heard.
      if (file.read > read) durationSec = (doneSec * file.size) / (read = file.read);
      return durationSec;
    },
    [Symbol.asyncDispose]: () => reader.dispose(),
  };
}

/** A file that knows how far it has been read. A look at its end, where some formats tell their length, does not count. */
class ReadBlob extends Blob {
  /** Bytes before the piece that was asked for last. */
  read = 0;
  #end = 0;

  constructor(blob: Blob) {
    super([blob]);
  }

  override slice(start = 0, end = this.size, contentType?: string): Blob {
    if (start === this.#end) {
      this.read = start;
      this.#end = Math.min(end, this.size);
    }
    return super.slice(start, end, contentType);
  }
}

function joined(blocks: readonly Float32Array[]): Float32Array {
  if (blocks.length === 1) return blocks[0];
  const samples = new Float32Array(blocks.reduce((length, block) => length + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    samples.set(block, at);
    at += block.length;
  }
  return samples;
}

const channel = new MessageChannel();
/** Several recordings may be heard at once: each message wakes the one that has waited longest. */
const waiting: (() => void)[] = [];

/** Lets messages in. A timer would wait for 4 ms at least each time (HTML, "timers", step 11). */
export function otherTasks(): Promise<void> {
  channel.port1.onmessage ??= () => waiting.shift()?.();
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(undefined);
  });
}

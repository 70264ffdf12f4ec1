import type { Audio } from '../audio/audio.ts';
import { Listener, type Hearing, type ListeningOptions } from './listener.ts';
import { summarise, type TimelineSummary } from './summary.ts';
import type { Verdict } from './verdict.ts';
import { smoothWindows } from './windows.ts';

export interface TimelineOptions extends ListeningOptions {
  /** Called about once a second of the recording; `durationSec` only where it is known beforehand. */
  readonly onProgress?: (secondsDone: number, durationSec?: number) => void;
  readonly signal?: AbortSignal;
}

/** A stretch of speech with one verdict: an utterance, or a part of a long one. */
export interface Segment extends Omit<Verdict, 'durationSec'> {
  readonly startSec: number;
  readonly endSec: number;
}

export interface Timeline {
  /** Of the recording, silence included. */
  readonly durationSec: number;
  /** In order of time; where there is none, nobody spoke. */
  readonly segments: readonly Segment[];
  readonly summary: TimelineSummary;
}

/** A recording that comes in blocks, as an `AudioReader` gives it. */
export interface BlockSource {
  readonly sampleRate: number;
  readonly durationSec?: number;
  blocks(): AsyncIterable<Float32Array> | Iterable<Float32Array>;
}

/**
 * Where in a recording which emotion is. Memory grows with the number of segments only (some hundred bytes each): for
 * input without end use {@link findSegments}.
 *
 * @throws MarsError CONFIG_INVALID, the codes of the source, and the signal's reason when it aborts
 *
 * @example
 * await using reader = await openAudio(await openAsBlob('meeting.flac'));
 * const { segments, summary } = await buildTimeline(hearing, reader);
 */
export async function buildTimeline(
  hearing: Hearing,
  source: BlockSource,
  options: TimelineOptions = {},
): Promise<Timeline> {
  const all: Segment[] = [];
  let durationSec = 0;
  const onProgress = (secondsDone: number, whole?: number): void => {
    durationSec = secondsDone;
    options.onProgress?.(secondsDone, whole);
  };
  for await (const segment of findSegments(hearing, source, { ...options, onProgress })) all.push(segment);
  return { durationSec, segments: all, summary: summarise(all) };
}

/**
 * The segments of a recording, each as soon as its utterance has ended, from a source that may have no end.
 *
 * @throws as {@link buildTimeline}
 */
export async function* findSegments(
  hearing: Hearing,
  source: BlockSource,
  { onProgress, signal, ...options }: TimelineOptions = {},
): AsyncGenerator<Segment, void, undefined> {
  const { sampleRate, durationSec } = source;
  const listener = new Listener(hearing, { ...options, sampleRate, intervalSec: Infinity });
  const { threshold } = hearing;
  const hear = async (chunk: ReturnType<Listener['end']>): Promise<Segment[]> => {
    const heard = await listener.hear(chunk);
    return heard.flatMap((each) =>
      each.type === 'utterance'
        ? smoothWindows(each.windows, { hopSec: listener.hopSec, threshold }).map(asSegment)
        : [],
    );
  };

  let samplesDone = 0;
  for await (const block of source.blocks()) {
    signal?.throwIfAborted();
    yield* await hear(listener.receive(block));
    samplesDone += block.length;
    onProgress?.(samplesDone / sampleRate, durationSec);
  }
  signal?.throwIfAborted();
  yield* await hear(listener.end());
}

function asSegment({ startSec, endSec, verdict }: ReturnType<typeof smoothWindows>[number]): Segment {
  const { durationSec: _, ...rest } = verdict;
  return { startSec, endSec, ...rest };
}

/** Decoded samples as blocks of a second. */
export function audioBlocks({ samples, sampleRate }: Audio): BlockSource {
  function* blocks(): Generator<Float32Array, void, undefined> {
    for (let start = 0; start < samples.length; start += sampleRate) {
      yield samples.subarray(start, start + sampleRate);
    }
  }
  return { sampleRate, durationSec: samples.length / sampleRate, blocks };
}

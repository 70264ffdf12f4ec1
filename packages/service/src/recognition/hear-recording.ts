import {
  MarsError,
  openAudio,
  openChannels,
  Profile,
  type Audio,
  type AudioSource,
  type BlockSource,
  type Recogniser,
} from '@mars/core';
import type { ClassifyResult, HeardRecording } from './pool-protocol.ts';
import type { JobOptions } from './worker-protocol.ts';

/** A verdict on the whole needs the whole in memory: so many samples for each second of the limit, of all channels. */
const KEPT_RATE = 48_000;

/** Samples of each channel, all of one length. */
type Block = readonly Float32Array[];

/**
 * Hears one recording as `mars classify` does, within a limit of its length and in reach of a signal. It is decoded once,
 * as it comes; for a timeline no more of it is kept than the listening needs.
 *
 * @throws MarsError `AUDIO_TOO_LONG` as soon as too much is decoded; the codes of `openAudio`, `classify`, `timeline` and
 *   `explain`; the signal's reason
 */
export async function hearRecording(
  recogniser: Recogniser,
  source: AudioSource,
  {
    channels = 'mix',
    timeline = false,
    explain = false,
    top = Infinity,
    maxDurationSec,
    ...options
  }: JobOptions,
  signal: AbortSignal,
): Promise<ClassifyResult> {
  const { oneSpeaker, windowSec, hopSec, minSilenceSec, startSec, endSec } = options;
  const profile = options.profile === undefined ? undefined : Profile.parse(options.profile);
  const follow = (blocks: BlockSource) =>
    recogniser.timeline(blocks, { profile, oneSpeaker, windowSec, hopSec, minSilenceSec, signal });
  const hear = (audio: Audio) =>
    explain
      ? recogniser.explain(audio, { profile, startSec, endSec, signal })
      : recogniser.classify(audio, { profile, signal });

  await using reader = await openPlanes(source, channels, maxDurationSec);
  const { sampleRate } = reader;
  const blocks = withBreaks(reader.blocks(), signal);
  const heard: HeardRecording[] = [];
  if (timeline) {
    heard.push(...(await Promise.all((await apart(blocks, sampleRate)).map(follow))));
  } else {
    for (const samples of await joined(blocks, KEPT_RATE * maxDurationSec)) {
      heard.push(await hear({ samples, sampleRate }));
    }
  }
  const results = heard.map((each) => likeliest(each, top));
  return channels === 'split' ? { channels: results } : results[0];
}

interface PlaneReader extends AsyncDisposable {
  readonly sampleRate: number;
  blocks(): AsyncIterable<Block>;
}

async function openPlanes(
  source: AudioSource,
  channels: 'mix' | 'split',
  maxDurationSec: number,
): Promise<PlaneReader> {
  if (channels === 'split') return openChannels(source, { maxDurationSec });
  const reader = await openAudio(source, { maxDurationSec });
  return {
    sampleRate: reader.sampleRate,
    async *blocks() {
      for await (const block of reader.blocks()) yield [block];
    },
    [Symbol.asyncDispose]: () => reader.dispose(),
  };
}

/** Lets messages in from block to block, of which the signal's abort may be one: decoding alone never leaves the thread. */
async function* withBreaks(blocks: AsyncIterable<Block>, signal: AbortSignal): AsyncGenerator<Block> {
  for await (const block of blocks) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    signal.throwIfAborted();
    yield block;
  }
}

/** The whole of each channel. */
async function joined(blocks: AsyncIterable<Block>, atMost: number): Promise<Float32Array[]> {
  const kept: Block[] = [];
  let length = 0;
  for await (const block of blocks) {
    kept.push(block);
    length += block[0].length;
    if (length * block.length <= atMost) continue;
    throw new MarsError(
      'AUDIO_TOO_LONG',
      `The recording decodes to more than ${Math.round(atMost / 1e6)} million samples, the limit for a verdict on the ` +
        `whole. Convert it to ${KEPT_RATE} Hz or less, cut it, or ask for a timeline.`,
    );
  }
  return Array.from(kept[0], (_, channel) => {
    const samples = new Float32Array(length);
    let at = 0;
    for (const block of kept) {
      samples.set(block[channel], at);
      at += block[channel].length;
    }
    return samples;
  });
}

/**
 * Takes the channels apart, to be read at the same time: the next block is fetched when all have asked for it, so that no
 * more than one is held.
 */
async function apart(blocks: AsyncGenerator<Block>, sampleRate: number): Promise<BlockSource[]> {
  const first = await blocks.next();
  // A recording without samples is an error of its reader: there is a first block.
  const count = (first.value as Block).length;
  let coming = Promise.withResolvers<IteratorResult<Block>>();
  let asked = 0;
  const next = (): Promise<IteratorResult<Block>> => {
    const { promise, resolve } = coming;
    if (++asked === count) {
      asked = 0;
      coming = Promise.withResolvers();
      resolve(blocks.next());
    }
    return promise;
  };
  return Array.from({ length: count }, (_, channel) => ({
    sampleRate,
    async *blocks() {
      for (let block = first; !block.done; block = await next()) yield block.value[channel];
    },
  }));
}

function likeliest(heard: HeardRecording, top: number): HeardRecording {
  if ('segments' in heard) {
    return {
      ...heard,
      segments: heard.segments.map((each) => ({ ...each, scores: each.scores.slice(0, top) })),
    };
  }
  return { ...heard, scores: heard.scores.slice(0, top) };
}

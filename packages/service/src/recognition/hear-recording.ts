import { MarsError, openAudio, Profile, type AudioSource, type Recogniser } from '@mars/core';
import type { ClassifyResult, HeardRecording } from './pool-protocol.ts';
import type { JobOptions } from './worker-protocol.ts';

/**
 * Hears one recording as `mars classify` does, within a limit of its length and in reach of a signal.
 *
 * @throws MarsError `AUDIO_TOO_LONG` as soon as so much is decoded; the codes of `openAudio`, `classify`, `timeline` and
 *   `explain`; the signal's reason
 */
export async function hearRecording(
  recogniser: Recogniser,
  source: AudioSource,
  { maxDurationSec, top = Infinity, ...options }: JobOptions,
  signal: AbortSignal,
): Promise<ClassifyResult> {
  const profile = options.profile === undefined ? undefined : Profile.parse(options.profile);
  await using reader = await openAudio(source);
  const { sampleRate } = reader;
  const kept: Float32Array[] = [];
  let length = 0;
  for await (const block of reader.blocks()) {
    length += block.length;
    if (length > maxDurationSec * sampleRate) {
      throw new MarsError(
        'AUDIO_TOO_LONG',
        `The recording is longer than ${maxDurationSec} s, which is the limit. Cut it, or send it in parts.`,
      );
    }
    kept.push(block);
    await otherTasks();
    signal.throwIfAborted();
  }
  const samples = new Float32Array(length);
  let at = 0;
  for (const block of kept) {
    samples.set(block, at);
    at += block.length;
  }
  const audio = { samples, sampleRate };
  const voice = { ...(profile && { profile }) };
  if (options.timeline) {
    const { windowSec, hopSec, minSilenceSec, oneSpeaker } = options;
    return recogniser.timeline(audio, { ...voice, windowSec, hopSec, minSilenceSec, oneSpeaker, signal });
  }
  const { startSec, endSec } = options;
  const heard = options.explain
    ? await recogniser.explain(audio, { ...voice, startSec, endSec, signal })
    : await recogniser.classify(audio, voice);
  return likeliest(heard, top);
}

function likeliest<Heard extends HeardRecording>(heard: Heard, top: number): Heard {
  return 'scores' in heard && top < heard.scores.length
    ? { ...heard, scores: heard.scores.slice(0, top) }
    : heard;
}

/** Lets messages in: decoding alone never leaves the thread. */
function otherTasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

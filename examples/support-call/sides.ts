import {
  MarsError,
  openChannels,
  resample,
  VAD_FRAME,
  VAD_SAMPLE_RATE,
  VoiceActivityDetector,
} from '@mars/core';

/** When somebody speaks, in seconds. How it sounds is not in it. */
export interface Talk {
  readonly startSec: number;
  readonly endSec: number;
}

export interface Sides {
  readonly sampleRate: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/** Takes a call apart: a side on each of two channels, as telephone systems record them. */
export async function readSides(recording: Blob): Promise<Sides> {
  await using reader = await openChannels(recording);
  const blocks: (readonly Float32Array[])[] = [];
  for await (const block of reader.blocks()) blocks.push(block);
  if (blocks[0].length !== 2) {
    throw new MarsError(
      'AUDIO_UNSUPPORTED',
      `The recording has ${blocks[0].length} channel(s); two were expected, with a side of the call on each.`,
    );
  }
  const [left, right] = [0, 1].map((channel) => joined(blocks.map((block) => block[channel])));
  return { sampleRate: reader.sampleRate, left, right };
}

/** As probable as this is speech, and pauses so short are part of it. */
const SPEECH = 0.5;
const PAUSE_SEC = 0.5;

/** When somebody speaks, found on this machine by voice activity alone: no model of emotions hears it. */
export async function findTalk(samples: Float32Array, sampleRate: number): Promise<Talk[]> {
  await using detector = await VoiceActivityDetector.open();
  const stream = detector.stream();
  const speech = [
    ...(await stream.process(resample(samples, sampleRate, VAD_SAMPLE_RATE))),
    ...(await stream.flush()),
  ];
  const frameSec = VAD_FRAME / VAD_SAMPLE_RATE;
  const talk: Talk[] = [];
  for (const [frame, probability] of speech.entries()) {
    if (probability < SPEECH) continue;
    const [startSec, endSec] = [frame * frameSec, (frame + 1) * frameSec];
    const last = talk.at(-1);
    if (last !== undefined && startSec - last.endSec < PAUSE_SEC) {
      talk[talk.length - 1] = { startSec: last.startSec, endSec };
    } else talk.push({ startSec, endSec });
  }
  return talk;
}

function joined(blocks: readonly Float32Array[]): Float32Array {
  const samples = new Float32Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of blocks) {
    samples.set(block, at);
    at += block.length;
  }
  return samples;
}

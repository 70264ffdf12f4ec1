import type { Random } from '@mars/autograd/random';
import { PROFILE_PRIOR_CLIPS } from '@mars/core';
import type { Clip } from './corpora/clip.ts';
import type { Dataset } from './dataset.ts';
import { isSpeech, speakerOf } from './splits/fold.ts';

/**
 * In use, a model may know nothing of the person, or a profile learnt from a few clips: how far their mean lies from an
 * average voice. Training on both makes one network good at both.
 */
export interface SimulatedProfiles {
  /** Of how many clips a profile is made, drawn with equal chance; 0 for none. */
  readonly clips: readonly number[];
  /** Of which recording each example is a version: a number from 0. */
  readonly recordings: readonly number[];
  /** Of which voice each recording is: a number from 0. A speaker who speaks and sings has two. */
  readonly voices: readonly number[];
}

/** Who is heard in the examples of some clips, each of which has so many versions, one after the other. */
export function whoSpeaks(
  clips: readonly Clip[],
  versions: number,
): Pick<SimulatedProfiles, 'recordings' | 'voices'> {
  const names = clips.map((clip) => `${speakerOf(clip)} ${isSpeech(clip)}`);
  const voices = [...new Set(names)];
  return {
    recordings: names.flatMap((_, recording) => Array<number>(versions).fill(recording)),
    voices: names.map((name) => voices.indexOf(name)),
  };
}

/** The profile under which an example is seen. */
export type OffsetsOf = (example: number, random: Random) => Float32Array;

/** Profiles drawn per voice and epoch; its examples draw among these. */
const DRAWS = 8;

/** Draws profiles for every voice from its own recordings. */
export function drawOffsets(
  { rows, shape }: Pick<Dataset, 'rows' | 'shape'>,
  { clips, recordings, voices }: SimulatedProfiles,
  random: Random,
): OffsetsOf {
  const size = shape[0] * shape[1];
  const versions = Map.groupBy(recordings.keys(), (example) => recordings[example]);
  const spoken = Map.groupBy(versions.keys(), (recording) => voices[recording]);
  const offsets = new Map(
    [...spoken].map(([voice, ofVoice]) => [
      voice,
      Array.from({ length: DRAWS }, (_, draw) => {
        const own = random.fork(`${voice}/${draw}`);
        const count = Math.min(clips[own.integer(clips.length)], ofVoice.length);
        const drawn = own.shuffle([...ofVoice]).slice(0, count);
        return offset(drawn.map((recording) => versions.get(recording)!));
      }),
    ]),
  );
  return (example, own) => offsets.get(voices[recordings[example]])![own.integer(DRAWS)];

  /** The mean over recordings and their versions, weighed as `Profile` does. */
  function offset(drawn: readonly (readonly number[])[]): Float32Array {
    const sum = new Float32Array(size);
    for (const examples of drawn) {
      for (const example of examples) {
        for (let i = 0; i < size; i += 1) sum[i] += rows[example * size + i] / examples.length;
      }
    }
    return sum.map((value) => value / (drawn.length + PROFILE_PRIOR_CLIPS));
  }
}

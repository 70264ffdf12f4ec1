import type { Random } from '@mars/autograd/random';
import { PROFILE_PRIOR_CLIPS } from '@mars/core';
import type { Clip } from './corpora/clip.ts';
import type { Dataset } from './dataset.ts';
import type { Variant } from './features/settings.ts';
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
  /** What each example came through, such as noise: who is heard over a telephone has a profile from a telephone. */
  readonly conditions: readonly string[];
}

/** Who is heard in the examples, and how. */
export type Voices = Omit<SimulatedProfiles, 'clips'>;

/** Who is heard in the examples of some clips, each of which has all these versions, one after the other. */
export function whoSpeaks(clips: readonly Clip[], versions: readonly Variant[]): Voices {
  const names = clips.map((clip) => `${speakerOf(clip)} ${isSpeech(clip)}`);
  const voices = [...new Set(names)];
  return {
    recordings: names.flatMap((_, recording) => Array<number>(versions.length).fill(recording)),
    voices: names.map((name) => voices.indexOf(name)),
    // A profile is the mean over speeds, in use too.
    conditions: names.flatMap(() => versions.map(({ kind }) => (kind === 'speed' ? 'original' : kind))),
  };
}

/** The profile under which an example is seen. */
export type OffsetsOf = (example: number, random: Random) => Float32Array;

/** Profiles drawn per voice and epoch; its examples draw among these. */
const DRAWS = 8;

/** Draws profiles for every voice from its own recordings. */
export function drawOffsets(
  { rows, shape }: Pick<Dataset, 'rows' | 'shape'>,
  { clips, recordings, voices, conditions }: SimulatedProfiles,
  random: Random,
): OffsetsOf {
  const size = shape[0] * shape[1];
  const versions = Map.groupBy(recordings.keys(), (example) => recordings[example]);
  const spoken = Map.groupBy(versions.keys(), (recording) => voices[recording]);
  const kinds = [...new Set(conditions)];
  const offsets = new Map(
    [...spoken].map(([voice, ofVoice]) => [
      voice,
      Array.from({ length: DRAWS }, (_, draw) => {
        const own = random.fork(`${voice}/${draw}`);
        const count = Math.min(clips[own.integer(clips.length)], ofVoice.length);
        const drawn = own.shuffle([...ofVoice]).slice(0, count);
        return new Map(kinds.map((kind) => [kind, offset(drawn.map((recording) => heard(recording, kind)))]));
      }),
    ]),
  );
  return (example, own) =>
    offsets.get(voices[recordings[example]])![own.integer(DRAWS)].get(conditions[example])!;

  function heard(recording: number, kind: string): readonly number[] {
    return versions.get(recording)!.filter((example) => conditions[example] === kind);
  }

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

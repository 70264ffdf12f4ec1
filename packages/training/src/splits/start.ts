import { MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { speakerOf, type Fold } from './fold.ts';

/** The clips of an earlier training, each named `corpus/id`, as its `run.json` holds them. */
export interface HeardClips {
  readonly train: readonly string[];
  readonly validation: readonly string[];
}

/**
 * Checks that a training may start from the weights of another one: neither a speaker nor a recording of the fold's test
 * part (or its enrolment) was trained on or validated there, be it song.
 *
 * @param clips all clips at hand: they tell who speaks in those of the earlier training
 *
 * Errors: `TEST_LEAK` where one was, or where the earlier training heard clips of a tested corpus that are not at hand.
 *
 * @example
 * checkStart(fold, clips, (await new RunFolder('runs/song/song-1-seed0').description()).clips);
 */
export function checkStart(
  { name, test, enrolment = [] }: Fold,
  clips: readonly Clip[],
  { train, validation }: HeardClips,
): void {
  const tested = [...test, ...enrolment];
  const corpora = new Set(tested.map(({ corpus }) => corpus));
  const speakers = new Set(tested.map(speakerOf));
  const contents = new Set(tested.flatMap(({ contentHash }) => contentHash ?? []));
  const clipOf = new Map(clips.map((clip) => [`${clip.corpus}/${clip.id}`, clip]));
  for (const heard of [...train, ...validation]) {
    const clip = clipOf.get(heard);
    if (clip === undefined) {
      if (!corpora.has(heard.slice(0, heard.indexOf('/')))) continue;
      throw new MarsError(
        'TEST_LEAK',
        `The training to start from heard ${heard}, which is not among the clips given: whether a speaker whom fold ` +
          `${name} tests is heard there cannot be told. Give the whole corpus.`,
      );
    }
    if (speakers.has(speakerOf(clip)) || contents.has(clip.contentHash ?? '')) {
      throw new MarsError(
        'TEST_LEAK',
        `The training to start from heard ${heard}, and fold ${name} tests ${clip.speaker}. Start from a training that ` +
          'has the same speakers in its test part, as the fold of the same number under emobox and song.',
      );
    }
  }
}

import { EMOTIONS, MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { foldOfSpeakers, speakerOf, type Fold, type SplitOptions } from './fold.ts';

/** EmoBox (Ma et al. 2024, arXiv 2406.07162): the actors of RAVDESS tested in each fold. */
const EMOBOX_ACTORS = [
  [1, 11, 20, 21],
  [4, 10, 12, 14],
  [8, 9, 19, 23],
  [3, 5, 7, 24],
  [2, 15, 16, 18],
  [6, 13, 17, 22],
];

const ACTORS = new Set(EMOBOX_ACTORS.flat().map(actor));

/** As `speakerOf` names them. */
function actor(number: number): string {
  return `ravdess/Actor_${String(number).padStart(2, '0')}`;
}

/**
 * Protocol `emobox`: RAVDESS speech in six folds of four unseen actors. No actor stands in two parts of a fold, with
 * song neither. A fold of which no actor is there is left out.
 *
 * Errors: `CORPUS_INVALID` without RAVDESS speech; `CONFIG_INVALID` when no actor is left to train on.
 *
 * @example
 * splitEmobox(clips).map(({ test }) => test.length); // [240, 240, 240, 240, 240, 240]
 */
export function splitEmobox(clips: readonly Clip[], options: SplitOptions = {}): Fold[] {
  return actorFolds('speech', clips, options);
}

/**
 * Protocol `song`: the folds of `emobox` on what RAVDESS sings: six emotions, 23 actors (Actor_18 does not sing). The
 * speech of the tested actors is not trained on either.
 *
 * Errors: `CORPUS_INVALID` without RAVDESS song; `CONFIG_INVALID` when no actor is left to train on.
 *
 * @example
 * splitSong(clips).map(({ test }) => test.length); // [176, 176, 176, 176, 132, 176]
 */
export function splitSong(clips: readonly Clip[], options: SplitOptions = {}): Fold[] {
  return actorFolds('song', clips, options);
}

function actorFolds(
  channel: 'speech' | 'song',
  clips: readonly Clip[],
  { trainOn = 'speech', validationActors = 2, splitSeed = 0 }: SplitOptions,
): Fold[] {
  // A clip of nobody knows whom, as a table may hold, could be of a tested actor.
  const ravdess = clips.filter((clip) => ACTORS.has(speakerOf(clip)));
  const heldOut = ravdess.filter((clip) => clip.channel === channel);
  const protocol = channel === 'speech' ? 'emobox' : 'song';
  if (heldOut.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `The ${protocol} protocol tests RAVDESS ${channel}, and there is none among the ${clips.length} clips. ` +
        `Add the ${channel} part (Audio_${channel === 'speech' ? 'Speech' : 'Song'}_Actors_01-24.zip) to the corpus folder.`,
    );
  }
  const heard = new Set(heldOut.map(({ emotion }) => emotion));
  return EMOBOX_ACTORS.flatMap((numbers, index) => {
    const tested = new Set(numbers.map(actor));
    if (!heldOut.some((clip) => tested.has(speakerOf(clip)))) return [];
    return foldOfSpeakers({
      name: `${protocol}-${index + 1}`,
      tested,
      heldOut,
      trainable: trainOn === 'speech' ? heldOut : ravdess,
      validationSpeakers: validationActors,
      // Under both protocols the same actors validate.
      randomSeed: `emobox/${splitSeed}/emobox-${index + 1}`,
      // Song is sung in six emotions: speech that is trained on beside it must not offer the other two.
      labels: channel === 'song' ? EMOTIONS.filter((emotion) => heard.has(emotion)) : undefined,
    });
  });
}

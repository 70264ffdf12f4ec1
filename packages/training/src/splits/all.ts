import type { Clip } from '../corpora/clip.ts';
import { chooseOfEachCorpus, isSpeech, keepApart, speakerOf, type Fold, type SplitOptions } from './fold.ts';

/**
 * Protocol `all`: one fold that tests nothing, so that everything teaches the model that is to be used. What it is worth
 * is what other protocols say of the same recipe.
 *
 * `validationActors` (2, at most a third) of each corpus validate: a calibration needs strangers. A kernel machine learns
 * from these too, once it is calibrated.
 *
 * Errors: `CONFIG_INVALID` when no clip is left to train on.
 *
 * @example
 * const [{ train, validation, test }] = splitAll([...ravdess, ...cremaD]);
 * test.length; // 0
 */
export function splitAll(
  clips: readonly Clip[],
  { trainOn = 'speech', splitSeed = 0, validationActors }: SplitOptions = {},
): Fold[] {
  const speech = clips.filter(isSpeech);
  const validating = chooseOfEachCorpus(speech, validationActors, `all/${splitSeed}`);
  const validates = (clip: Clip) => validating.has(speakerOf(clip));
  return [
    keepApart({
      name: 'all',
      train: (trainOn === 'speech' ? speech : clips).filter((clip) => !validates(clip)),
      validation: speech.filter(validates),
      test: [],
    }),
  ];
}

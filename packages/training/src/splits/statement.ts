import { MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { splitEmobox } from './emobox.ts';
import { keepApart, type Fold, type SplitOptions } from './fold.ts';

/**
 * Protocol `statement`: in each fold of `emobox`, train and validate on one of the two sentences of RAVDESS, test the
 * unseen actors on the other; both ways. Fold `statement-1-kids` tests "Kids are talking by the door" of the first four
 * actors.
 *
 * Errors: those of `splitEmobox`; `CORPUS_INVALID` where not two sentences are spoken.
 *
 * @example
 * splitStatement(clips).length; // 12
 */
export function splitStatement(clips: readonly Clip[], options: SplitOptions = {}): Fold[] {
  const folds = splitEmobox(clips, options);
  const spoken = new Set(folds.flatMap(({ test }) => test.map(({ statement = '' }) => statement)));
  const [first, second] = [...spoken].sort((a, b) => (a < b ? -1 : 1));
  if (spoken.size !== 2) {
    throw new MarsError(
      'CORPUS_INVALID',
      `The statement protocol trains on one sentence of RAVDESS and tests the other; ${spoken.size} ` +
        `(${[...spoken].join(', ')}) came. Give the whole corpus.`,
    );
  }
  return folds.flatMap(({ name, train, validation, test }) =>
    [
      { heard: first, tested: second },
      { heard: second, tested: first },
    ].flatMap(({ heard, tested }) => {
      const of = (part: readonly Clip[], sentence: string) =>
        part.filter(({ statement }) => statement === sentence);
      const fold = {
        name: `${name.replace('emobox', 'statement')}-${tested}`,
        train: of(train, heard),
        validation: of(validation, heard),
        test: of(test, tested),
      };
      return fold.test.length === 0 ? [] : [keepApart(fold)];
    }),
  );
}

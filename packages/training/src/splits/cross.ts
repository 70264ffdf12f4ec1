import { EMOTIONS, MarsError, type Emotion } from '@mars/core';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import {
  chooseOfEachCorpus,
  fileName,
  isSpeech,
  keepApart,
  speakerOf,
  type Fold,
  type SplitOptions,
} from './fold.ts';

/**
 * Protocol `cross`: test one corpus, train on all the others; each corpus in turn, or `testCorpus` alone.
 *
 * - Clips of an emotion that no training corpus has are left out of the test. The fold's `labels` are the emotions of
 *   both sides: the model chooses among them, also where it was trained on more.
 * - `validationActors` (2, at most a third) of each training corpus validate; a clip of no known speaker never does.
 * - A speaker of a training corpus of whom a recording lies in the test corpus as well is the same person under another
 *   name, and is left out altogether.
 *
 * Errors: `CORPUS_INVALID` with one corpus only, or no emotion on both sides; `CONFIG_INVALID` for a `testCorpus` that is
 * not there, or when no clip is left to train on.
 *
 * @example
 * const [{ labels }] = splitCross([...ravdess, ...savee], { testCorpus: 'savee' }); // all but calm
 */
export function splitCross(clips: readonly Clip[], options: SplitOptions = {}): Fold[] {
  const corpora = [...new Set(clips.map(({ corpus }) => corpus))].sort();
  const { testCorpus } = options;
  if (corpora.length < 2) {
    throw new MarsError(
      'CORPUS_INVALID',
      `Protocol cross trains on some corpora and tests another; ${corpora.length} came (${corpora.join(', ')}). ` +
        'Give at least two.',
    );
  }
  if (testCorpus !== undefined && !corpora.includes(testCorpus)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The corpus to test, "${testCorpus}", is not among those given: ${corpora.join(', ')}.`,
    );
  }
  return (testCorpus === undefined ? corpora : [testCorpus]).map((corpus) => foldOf(corpus, clips, options));
}

function foldOf(
  tested: string,
  clips: readonly Clip[],
  { trainOn = 'speech', splitSeed = 0, validationActors }: SplitOptions,
): Fold {
  const name = `cross-${fileName(tested)}`;
  const ofTested = clips.filter(({ corpus }) => corpus === tested);
  const strangers = withoutAcquaintances(
    clips.filter(({ corpus }) => corpus !== tested),
    ofTested,
  );
  const speech = strangers.filter(isSpeech);
  const validating = chooseOfEachCorpus(speech, validationActors, `${name}/${splitSeed}`);
  const trainable = trainOn === 'speech' ? speech : strangers;
  const spoken = ofTested.filter(isSpeech);
  const fold = keepApart({
    name,
    train: trainable.filter((clip) => !validating.has(speakerOf(clip))),
    validation: speech.filter((clip) => validating.has(speakerOf(clip))),
    test: spoken,
  });
  const labels = sharedEmotions(fold.train, spoken);
  if (labels.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `The ${spoken.length} clips of speech in ${tested} hold no emotion that the ${fold.train.length} clips to train on ` +
        'hold. Give corpora that share emotions.',
    );
  }
  return { ...fold, test: spoken.filter(({ emotion }) => labels.includes(emotion)), labels };
}

/** Leaves out all of a speaker of whom some recording is among the others, and that recording itself in any case. */
function withoutAcquaintances(clips: readonly Clip[], others: readonly Clip[]): Clip[] {
  const contents = new Set(others.flatMap(({ contentHash }) => contentHash ?? []));
  const isThere = ({ contentHash }: Clip) => contentHash !== undefined && contents.has(contentHash);
  const known = new Set(
    clips.filter((clip) => clip.speaker !== UNKNOWN_SPEAKER && isThere(clip)).map(speakerOf),
  );
  return clips.filter((clip) => !isThere(clip) && !known.has(speakerOf(clip)));
}

function sharedEmotions(...sides: (readonly Clip[])[]): Emotion[] {
  return EMOTIONS.filter((emotion) => sides.every((side) => side.some((clip) => clip.emotion === emotion)));
}

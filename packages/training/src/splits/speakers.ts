import { createRandom } from '@mars/autograd/random';
import { EMOTIONS, MarsError, type Emotion } from '@mars/core';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import {
  fewValidating,
  fileName,
  foldOfSpeakers,
  groupBy,
  isSpeech,
  speakerOf,
  speakersOf,
  type Fold,
  type SplitOptions,
} from './fold.ts';

/**
 * Protocol `speakers`: any corpora in `k` folds of unseen speakers, women and men of each corpus dealt out evenly. With
 * fewer speakers than `k`, each is a fold.
 *
 * Errors: `CORPUS_INVALID` for a clip whose speaker is not known, or fewer than two speakers; `CONFIG_INVALID` when
 * nobody is left to train on.
 *
 * @example
 * splitSpeakers(cremaD, 5).map(({ name }) => name); // ['speakers-1', …, 'speakers-5']
 */
export function splitSpeakers(clips: readonly Clip[], k: number, options: SplitOptions = {}): Fold[] {
  const { speech, trainable, speakers, labels } = prepare('speakers', clips, options);
  const random = createRandom(`speakers/${options.splitSeed ?? 0}`);
  const strata = groupBy(speakers, ({ corpus, gender }) => `${corpus}/${gender}`);
  const dealt = [...strata]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([stratum, members]) => random.fork(stratum).shuffle(members));
  return Array.from({ length: Math.min(k, dealt.length) }, (_, index) => {
    const tested = new Set(dealt.filter((_, turn) => turn % k === index).map(({ key }) => key));
    const name = `speakers-${index + 1}`;
    return foldOf(name, tested, speech, trainable, labels, options);
  });
}

/**
 * Protocol `loso`: leave one speaker out; one fold for each, called after the speaker.
 *
 * Errors: those of `splitSpeakers`.
 *
 * @example
 * splitLoso(ravdess).map(({ name }) => name); // ['loso-Actor_01', …, 'loso-Actor_24']
 */
export function splitLoso(clips: readonly Clip[], options: SplitOptions = {}): Fold[] {
  const { speech, trainable, speakers, labels } = prepare('loso', clips, options);
  const oneCorpus = new Set(speakers.map(({ corpus }) => corpus)).size === 1;
  return speakers.map(({ key, corpus, speaker }) => {
    const name = oneCorpus ? fileName(speaker) : `${fileName(corpus)}+${fileName(speaker)}`;
    return foldOf(`loso-${name}`, new Set([key]), speech, trainable, labels, options);
  });
}

interface Speaker {
  /** As `speakerOf` names it. */
  readonly key: string;
  readonly corpus: string;
  readonly speaker: string;
  readonly gender: string;
}

/** What both protocols divide, and among whom. */
function prepare(protocol: string, clips: readonly Clip[], { trainOn = 'speech' }: SplitOptions) {
  const speech = clips.filter(isSpeech);
  const nameless = clips.filter(({ speaker }) => speaker === UNKNOWN_SPEAKER);
  if (nameless.length > 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `Protocol ${protocol} keeps speakers apart, and of ${nameless.length} of the ${clips.length} clips (the first: ` +
        `${nameless[0].id} of ${nameless[0].corpus}) nobody said who speaks. Name the speakers of the corpus, or leave it out.`,
    );
  }
  const clipsOf = groupBy(speech, speakerOf);
  const speakers = speakersOf(speech).map((key): Speaker => {
    const [{ corpus, speaker, gender = 'unknown' }] = clipsOf.get(key)!;
    return { key, corpus, speaker, gender };
  });
  if (speakers.length < 2) {
    throw new MarsError(
      'CORPUS_INVALID',
      `Protocol ${protocol} tests speakers that were not trained on, and the ${speech.length} clips of speech are of ` +
        `${speakers.length} speaker(s). Give a corpus of more.`,
    );
  }
  const labels = EMOTIONS.filter((emotion) => speech.some((clip) => clip.emotion === emotion));
  return { speech, trainable: trainOn === 'speech' ? speech : clips, speakers, labels };
}

function foldOf(
  name: string,
  tested: ReadonlySet<string>,
  heldOut: readonly Clip[],
  trainable: readonly Clip[],
  labels: readonly Emotion[],
  { splitSeed = 0, validationActors }: SplitOptions,
): Fold {
  const others = speakersOf(heldOut).length - tested.size;
  return foldOfSpeakers({
    name,
    tested,
    heldOut,
    trainable,
    labels,
    validationSpeakers: validationActors ?? fewValidating(others),
    randomSeed: `${name}/${splitSeed}`,
  });
}

import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { MarsError, type Emotion } from '@mars/core';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import { CORPORA } from '../corpora/catalogue.ts';

/** One division of a corpus. The validation part serves every choice; the test part is looked at once. */
export interface Fold {
  /** Unique among the folds of its protocol, and fit for the name of a folder. */
  readonly name: string;
  readonly train: readonly Clip[];
  readonly validation: readonly Clip[];
  readonly test: readonly Clip[];
  /**
   * The emotions that the test part is scored on (all, where absent): the model chooses among them alone, whatever else
   * it was trained on, and figures are means over them.
   */
  readonly labels?: readonly Emotion[];
  /** What the model may hear of the test part before it is tested on the rest; never counted itself. */
  readonly enrolment?: readonly Clip[];
  /** Whether the emotions of the enrolment are known; where not, reading them would be a leak. */
  readonly enrolmentLabelled?: boolean;
  /** Whether one profile is learnt from all of the enrolment, for all speakers, and not one of each speaker. */
  readonly enrolmentShared?: boolean;
  /**
   * The fold of another protocol whose test part this one divides into enrolment and test: what was trained under it has
   * heard none of the two, and may be tested here.
   */
  readonly within?: Fold;
}

/** What a caller may ask of any protocol; each takes what concerns it and leaves the rest. */
export interface SplitOptions {
  /** Chooses what is left to chance: who validates, which clips are drawn (0). */
  readonly splitSeed?: number;
  /**
   * What the speakers of the training part contribute: the channel that is tested ('speech'; under `song` that is song),
   * or both ('speech+song'). Validation and test hold the tested channel always. `seed` takes both, whatever is asked.
   */
  readonly trainOn?: 'speech' | 'speech+song';
  /**
   * How many speakers of the training part validate, as many women as men or one apart (2; under `loso`, `speakers`,
   * `cross` and `all` at most a third of them unless asked for more, under `cross` and `all` of each corpus).
   */
  readonly validationActors?: number;
  /** `cross`: the one corpus to test, instead of each in turn. */
  readonly testCorpus?: string;
  /** `seed`: share of all clips that is tested (0.2). */
  readonly testFraction?: number;
  /** `seed`: share of the remaining clips that validates (0.1); 0 for none. */
  readonly validationFraction?: number;
}

/** Divides a list of clips. Pure: the same clips and options give the same folds. */
export type Split = (clips: readonly Clip[], options?: SplitOptions) => Fold[];

/** Who speaks, among all corpora. */
export function speakerOf({ corpus, speaker }: Clip): string {
  return `${corpus}/${speaker}`;
}

/** A clip without a channel is taken for speech. */
export function isSpeech({ channel }: Clip): boolean {
  return channel !== 'song';
}

export interface SpeakerFold {
  readonly name: string;
  /** As `speakerOf` names them. */
  readonly tested: ReadonlySet<string>;
  /** The clips that validate and test, when of the speakers who do. */
  readonly heldOut: readonly Clip[];
  /** The clips that are trained on, unless of a speaker who validates or is tested. */
  readonly trainable: readonly Clip[];
  readonly validationSpeakers: number;
  /** Chooses who validates. */
  readonly randomSeed: string;
  readonly labels?: readonly Emotion[];
}

/**
 * The fold that tests these speakers: no speaker and no recording stands in two of its parts.
 *
 * Errors: `CONFIG_INVALID` when no clip is left to train on.
 */
export function foldOfSpeakers({
  name,
  tested,
  heldOut,
  trainable,
  validationSpeakers,
  randomSeed,
  labels,
}: SpeakerFold): Fold {
  const test = heldOut.filter((clip) => tested.has(speakerOf(clip)));
  const others = heldOut.filter((clip) => !tested.has(speakerOf(clip)));
  const validating = chooseSpeakers(others, validationSpeakers, randomSeed);
  const validation = others.filter((clip) => validating.has(speakerOf(clip)));
  const train = trainable.filter((clip) => {
    const speaker = speakerOf(clip);
    return !tested.has(speaker) && !validating.has(speaker);
  });
  return keepApart({ name, train, validation, test, ...(labels && { labels }) });
}

/** Women and men in turn, beginning with the sex that has more; each in an order of chance. */
export function chooseSpeakers(clips: readonly Clip[], count: number, randomSeed: string): Set<string> {
  const random = createRandom(randomSeed);
  const queues = [...groupBy(clips, ({ gender }) => gender ?? 'unknown')]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([gender, ofGender]) => random.fork(gender).shuffle(speakersOf(ofGender)))
    .sort((a, b) => b.length - a.length);
  const inTurn = Array.from({ length: queues[0]?.length ?? 0 }, (_, turn) =>
    queues.flatMap((queue) => queue.slice(turn, turn + 1)),
  ).flat();
  return new Set(inTurn.slice(0, count));
}

/** So many speakers of each corpus, or a few where nobody said how many; a clip of no known speaker is of none. */
export function chooseOfEachCorpus(
  clips: readonly Clip[],
  count: number | undefined,
  randomSeed: string,
): Set<string> {
  const named = clips.filter(({ speaker }) => speaker !== UNKNOWN_SPEAKER);
  return new Set(
    [...groupBy(named, ({ corpus }) => corpus)].flatMap(([corpus, ofCorpus]) => [
      ...chooseSpeakers(
        ofCorpus,
        count ?? fewValidating(speakersOf(ofCorpus).length),
        `${randomSeed}/${corpus}`,
      ),
    ]),
  );
}

/** How many of so many speakers validate when nobody said: two, but at most a third of them. */
export function fewValidating(speakers: number): number {
  return Math.min(2, Math.floor(speakers / 3));
}

/** All who speak, in the order of their names. */
export function speakersOf(clips: readonly Clip[]): string[] {
  return [...new Set(clips.map(speakerOf))].sort();
}

/**
 * A recording found again in a later part leaves the earlier one: the test part stays whole.
 *
 * Errors: `CONFIG_INVALID` when that leaves no clip to train on.
 */
export function keepApart(fold: Fold): Fold {
  const { name, validation, test, enrolment = [] } = fold;
  const train = withoutContents(fold.train, [validation, test, enrolment]);
  if (train.length === 0) {
    throw new MarsError(
      'CONFIG_INVALID',
      `Fold ${name} has no clip left to train on: ${validation.length} validate and ${test.length} are tested. ` +
        'Let fewer speakers validate, or give more of the corpus.',
    );
  }
  return { ...fold, train, validation: withoutContents(validation, [test, enrolment]) };
}

/** The clips whose recordings are not among the others. */
export function withoutContents(clips: readonly Clip[], others: readonly (readonly Clip[])[]): Clip[] {
  const taken = new Set(others.flat().map(({ contentHash }) => contentHash));
  return clips.filter(({ contentHash }) => contentHash === undefined || !taken.has(contentHash));
}

/** A text that holds letters, digits and `-_.!~*'()%` only, and is another one for another text. */
export function fileName(text: string): string {
  return encodeURIComponent(text);
}

export function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, keyOf);
}

/**
 * What tells one test part from another, wherever its corpora lie and in whatever format: SHA-256 over the sorted names of
 * its clips, in hex. The corpora that MARS reads by their file names are known by those alone, in whatever folders.
 *
 * @param clips each named `corpus/id`
 * @example
 * const flat = hashTestPart(['ravdess/03-01-01-01-01-01-01.wav']);
 * hashTestPart(['ravdess/speech/Actor_01/03-01-01-01-01-01-01.flac']) === flat; // true
 */
export function hashTestPart(clips: readonly string[]): string {
  const names = clips.map((clip) => {
    const { dir, name } = posix.parse(clip);
    return CORPORA.includes(clip.slice(0, clip.indexOf('/'))) ? name : `${dir}/${name}`;
  });
  return createHash('sha256').update(names.sort().join('\n')).digest('hex');
}

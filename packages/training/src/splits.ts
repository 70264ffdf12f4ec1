import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { MarsError } from '@mars/core';
import type { Clip } from './corpora/clip.ts';
import { createRandom, type Random } from '@mars/autograd/random';

/** One division of a corpus. The validation part serves every choice; the test part is looked at once. */
export interface Fold {
  readonly name: string;
  readonly train: readonly Clip[];
  readonly validation: readonly Clip[];
  readonly test: readonly Clip[];
}

export interface SeedSplitOptions {
  /** Chooses which clips go where (0). */
  readonly splitSeed?: number;
  /** Share of all clips that is tested (0.2). */
  readonly testFraction?: number;
  /** Share of the remaining clips that validates (0.1); 0 for none. */
  readonly validationFraction?: number;
}

/**
 * Protocol `seed`: one random division, stratified by emotion and channel. The same actors stand on both sides, so its
 * figures say nothing about a stranger's voice: print them beside `emobox`.
 *
 * @example
 * const [{ train, validation, test }] = splitSeed(clips, { splitSeed: 1 }); // 1766, 196 and 490 of RAVDESS
 */
export function splitSeed(
  clips: readonly Clip[],
  { splitSeed = 0, testFraction = 0.2, validationFraction = 0.1 }: SeedSplitOptions = {},
): Fold[] {
  checkFraction('testFraction', testFraction);
  checkFraction('validationFraction', validationFraction);
  const random = createRandom(`split/${splitSeed}`);
  const [test, rest] = drawStratified(clips, testFraction, random.fork('test'));
  const [validation, train] = drawStratified(rest, validationFraction, random.fork('validation'));
  return [{ name: 'seed', train, validation, test }];
}

/** EmoBox (Ma et al. 2024, arXiv 2406.07162): the actors of RAVDESS tested in each fold. */
const EMOBOX_ACTORS = [
  [1, 11, 20, 21],
  [4, 10, 12, 14],
  [8, 9, 19, 23],
  [3, 5, 7, 24],
  [2, 15, 16, 18],
  [6, 13, 17, 22],
];

export interface EmoboxOptions {
  /** What the training actors contribute; validation and test are speech always ('speech'). */
  readonly trainOn?: 'speech' | 'speech+song';
  /** How many of the training part's actors validate, as many women as men or one apart (2). */
  readonly validationActors?: number;
  /** Chooses the validating actors (0). */
  readonly splitSeed?: number;
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
export function splitEmobox(
  clips: readonly Clip[],
  { trainOn = 'speech', validationActors = 2, splitSeed = 0 }: EmoboxOptions = {},
): Fold[] {
  const ravdess = clips.filter(({ corpus }) => corpus === 'ravdess');
  const speech = ravdess.filter(({ channel }) => channel === 'speech');
  if (speech.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `The emobox protocol tests RAVDESS speech, and there is none among the ${clips.length} clips. ` +
        'Add the speech part (Audio_Speech_Actors_01-24.zip) to the corpus folder.',
    );
  }
  const trainable = trainOn === 'speech' ? speech : ravdess;
  return EMOBOX_ACTORS.flatMap((numbers, index) => {
    const name = `emobox-${index + 1}`;
    const tested = new Set(numbers.map((number) => `Actor_${String(number).padStart(2, '0')}`));
    const test = speech.filter(({ speaker }) => tested.has(speaker));
    if (test.length === 0) return [];
    const others = speech.filter(({ speaker }) => !tested.has(speaker));
    const validating = chooseSpeakers(others, validationActors, `emobox/${splitSeed}/${name}`);
    const validation = others.filter(({ speaker }) => validating.has(speaker));
    const train = trainable.filter(({ speaker }) => !tested.has(speaker) && !validating.has(speaker));
    if (train.length === 0) {
      throw new MarsError(
        'CONFIG_INVALID',
        `Fold ${name} has no actor left to train on after ${tested.size} for the test and ${validationActors} for ` +
          'validation. Take fewer validationActors, or more of the corpus.',
      );
    }
    return [keepApart({ name, train, validation, test })];
  });
}

/** Every protocol by its name. */
export const PROTOCOLS = { seed: splitSeed, emobox: splitEmobox } as const;

export type Protocol = keyof typeof PROTOCOLS;

/**
 * What tells one test part from another, wherever its files lie and in whatever format: SHA-256 over the sorted names of
 * its takes, in hex.
 *
 * @example
 * hashTestPart(['speech/03-01-01-01-01-01-01.flac']) === hashTestPart(['03-01-01-01-01-01-01.wav']); // true
 */
export function hashTestPart(ids: readonly string[]): string {
  const takes = ids.map((id) => posix.parse(id).name).sort();
  return createHash('sha256').update(takes.join('\n')).digest('hex');
}

/**
 * Takes a share of the clips such that every stratum (emotion and channel of a corpus) and the whole are within one
 * clip of that share. Clips of the same content go the same way, and may widen that by their number.
 */
function drawStratified(
  clips: readonly Clip[],
  fraction: number,
  random: Random,
): [drawn: Clip[], rest: Clip[]] {
  const contents = groupBy(clips, ({ contentHash, corpus, id }) => contentHash ?? `${corpus}/${id}`);
  const strata = groupBy(
    [...contents.values()],
    ([{ corpus, channel, emotion }]) => `${corpus}/${channel}/${emotion}`,
  );
  const drawn = new Set<Clip>();
  let seen = 0;
  for (const [stratum, units] of [...strata].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Rounding the running total, not each share, keeps the errors of the strata from adding up.
    const before = Math.round(seen * fraction);
    seen += units.reduce((sum, unit) => sum + unit.length, 0);
    let wanted = Math.round(seen * fraction) - before;
    for (const unit of random.fork(stratum).shuffle([...units])) {
      if (unit.length > wanted) continue;
      for (const clip of unit) drawn.add(clip);
      wanted -= unit.length;
    }
  }
  return [clips.filter((clip) => drawn.has(clip)), clips.filter((clip) => !drawn.has(clip))];
}

/** Women and men in turn, beginning with the sex that has more; each in an order of chance. */
function chooseSpeakers(clips: readonly Clip[], count: number, seed: string): Set<string> {
  const random = createRandom(seed);
  const queues = [...groupBy(clips, ({ gender }) => gender ?? 'unknown')]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([gender, ofGender]) => {
      const speakers = [...new Set(ofGender.map(({ speaker }) => speaker))].sort();
      return random.fork(gender).shuffle(speakers);
    })
    .sort((a, b) => b.length - a.length);
  const inTurn = Array.from({ length: queues[0]?.length ?? 0 }, (_, turn) =>
    queues.flatMap((queue) => queue.slice(turn, turn + 1)),
  ).flat();
  return new Set(inTurn.slice(0, count));
}

/** A recording found again in a later part leaves the earlier one: the test part stays whole. */
function keepApart({ name, train, validation, test }: Fold): Fold {
  const without = (part: readonly Clip[], ...later: (readonly Clip[])[]) => {
    const taken = new Set(later.flat().map(({ contentHash }) => contentHash));
    return part.filter(({ contentHash }) => contentHash === undefined || !taken.has(contentHash));
  };
  return { name, train: without(train, validation, test), validation: without(validation, test), test };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, keyOf);
}

function checkFraction(name: string, value: number): void {
  if (!(value >= 0 && value < 1)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${name} is ${value}; a share from 0 up to (not including) 1 was expected.`,
    );
  }
}

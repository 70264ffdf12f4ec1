import { MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { splitAll } from './all.ts';
import { splitCross } from './cross.ts';
import { splitEmobox, splitSong } from './emobox.ts';
import { splitEnrol } from './enrol.ts';
import type { Fold, Split, SplitOptions } from './fold.ts';
import { splitSeed } from './seed.ts';
import { splitLoso, splitSpeakers } from './speakers.ts';
import { splitStatement } from './statement.ts';

export interface ProtocolDefinition {
  /** One sentence: what is tested, and what for. */
  readonly description: string;
  readonly split: Split;
  /** The protocol whose models may be tested under this one: `Fold.within`. */
  readonly within?: string;
}

/** Every protocol that needs no number in its name. */
export const PROTOCOLS = {
  seed: {
    description:
      'all clips, a random 80 % trained on and 20 % tested: the same speakers stand on both sides, so it flatters',
    split: splitSeed,
  },
  emobox: {
    description: 'RAVDESS speech, six folds of four unseen actors: the headline',
    split: splitEmobox,
  },
  loso: {
    description: 'leave one speaker out: one fold for each speaker of any corpora',
    split: splitLoso,
  },
  song: {
    description: 'RAVDESS song, six emotions, the folds of emobox',
    split: splitSong,
  },
  statement: {
    description: 'emobox, trained on one sentence and tested on the other, both ways: words or emotion?',
    split: splitStatement,
  },
  cross: {
    description:
      'tested on one corpus, trained on all others, over the emotions of both: the honest figure for strangers',
    split: splitCross,
  },
  speakers: {
    description: 'five folds of unseen speakers of any corpora, women and men dealt evenly',
    split: (clips, options) => splitSpeakers(clips, 5, options),
  },
  all: {
    description: 'everything trains and nothing is tested: for the model that is to be used',
    split: splitAll,
  },
} as const satisfies Readonly<Record<string, ProtocolDefinition>>;

interface CountedProtocol {
  readonly description: string;
  /** The smallest number that makes sense. */
  readonly least: number;
  readonly within?: string;
  readonly split: (clips: readonly Clip[], k: number, options?: SplitOptions) => Fold[];
}

/** Protocols whose name ends in a number, such as `enrol-3`. */
const COUNTED_PROTOCOLS = {
  speakers: {
    description: 'as speakers, in k folds',
    least: 2,
    split: splitSpeakers,
  },
  enrol: {
    description:
      'emobox, and the model may hear k clips of each emotion of a test actor first (where fewer, all but one)',
    least: 1,
    within: 'emobox',
    split: (clips, k, options) => splitEnrol(clips, k, 'emotions', options),
  },
  'enrol-neutral': {
    description: 'emobox, and the model may hear k neutral clips of a test actor first',
    least: 1,
    within: 'emobox',
    split: (clips, k, options) => splitEnrol(clips, k, 'neutral', options),
  },
  'enrol-unlabelled': {
    description: 'emobox, and the model may hear any k clips of a test actor first, without their labels',
    least: 1,
    within: 'emobox',
    split: (clips, k, options) => splitEnrol(clips, k, 'unlabelled', options),
  },
  'cross-unlabelled': {
    description: 'cross, and the model may hear any k clips of a test speaker first, without their labels',
    least: 1,
    within: 'cross',
    split: (clips, k, options) => splitEnrol(clips, k, 'unlabelled', { within: 'cross', ...options }),
  },
  'cross-room': {
    description:
      'cross, and the model may hear any k clips of the test corpus first, whoever speaks: what the room is',
    least: 1,
    within: 'cross',
    split: (clips, k, options) => splitEnrol(clips, k, 'room', { within: 'cross', ...options }),
  },
} as const satisfies Readonly<Record<string, CountedProtocol>>;

/** A name that `parseProtocol` has taken. */
export type Protocol = keyof typeof PROTOCOLS | `${keyof typeof COUNTED_PROTOCOLS}-${number}`;

/** What there is to choose from, with `k` for a number, and what each is for. */
export const PROTOCOL_DESCRIPTIONS: Readonly<Record<string, string>> = Object.fromEntries([
  ...Object.entries(PROTOCOLS).map(([name, { description }]) => [name, description]),
  ...Object.entries(COUNTED_PROTOCOLS).map(([name, { description }]) => [`${name}-k`, description]),
]);

/**
 * Checks the name of a protocol that a user gave.
 *
 * Errors: `CONFIG_INVALID` naming the protocols, or the smallest number.
 *
 * @example
 * parseProtocol('enrol-neutral-4'); // 'enrol-neutral-4'
 */
export function parseProtocol(name: string): Protocol {
  findProtocol(name);
  return name as Protocol;
}

/**
 * The folds of a protocol.
 *
 * Errors: `CONFIG_INVALID` for another name, or a `testCorpus` under any protocol but `cross` and those within it; those of the protocol.
 *
 * @example
 * splitClips(clips, 'enrol-3', { trainOn: 'speech+song' }).map(({ name }) => name); // ['enrol-3-1', …, 'enrol-3-6']
 */
export function splitClips(clips: readonly Clip[], protocol: Protocol, options: SplitOptions = {}): Fold[] {
  if (options.testCorpus !== undefined && (protocolWithin(protocol) ?? protocol) !== 'cross') {
    throw new MarsError(
      'CONFIG_INVALID',
      `Protocol ${protocol} tests no single corpus, and "${options.testCorpus}" was to be it. Take protocol cross.`,
    );
  }
  return findProtocol(protocol).split(clips, options);
}

/**
 * The protocol whose models may be tested under this one too, as their folds have the same training parts.
 *
 * @example
 * protocolWithin('enrol-3'); // 'emobox'
 */
export function protocolWithin(protocol: Protocol): string | undefined {
  return findProtocol(protocol).within;
}

/**
 * Whether a model of this protocol may have heard every clip there is, so that nothing is left to test it on.
 *
 * @example
 * testsNothing('all'); // true
 */
export function testsNothing(protocol: string): boolean {
  return protocol === 'all';
}

function findProtocol(name: string): ProtocolDefinition {
  if (Object.hasOwn(PROTOCOLS, name)) return PROTOCOLS[name as keyof typeof PROTOCOLS];
  const { family = '', count = '' } = /^(?<family>[a-z-]+)-(?<count>\d+)$/.exec(name)?.groups ?? {};
  if (!Object.hasOwn(COUNTED_PROTOCOLS, family)) {
    const names = Object.keys(PROTOCOL_DESCRIPTIONS).join(', ');
    throw new MarsError(
      'CONFIG_INVALID',
      `No protocol is called "${name}"; there is ${names}, with a whole number for k, as in enrol-3.`,
    );
  }
  const { description, least, within, split }: CountedProtocol =
    COUNTED_PROTOCOLS[family as keyof typeof COUNTED_PROTOCOLS];
  const k = Number(count);
  // One spelling for one protocol: runs and models are told apart by it.
  if (k < least || count !== String(k)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The protocol "${name}" ends in ${count}; a whole number from ${least} upwards was expected, as in ${family}-3.`,
    );
  }
  return { description, within, split: (clips, options) => split(clips, k, options) };
}

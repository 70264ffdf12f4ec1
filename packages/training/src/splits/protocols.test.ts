import { EMOTIONS, MarsError } from '@mars/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyClips, messyRavdess, ravdess } from '../../test/clips.ts';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import { speakerOf, type Fold } from './fold.ts';
import { parseProtocol, PROTOCOL_DESCRIPTIONS, PROTOCOLS, splitClips, type Protocol } from './protocols.ts';

const ALL: readonly Protocol[] = [
  ...(Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[]),
  'speakers-2',
  'speakers-30',
  'enrol-1',
  'enrol-neutral-1',
  'enrol-unlabelled-3',
  'cross-unlabelled-1',
  'cross-room-2',
];

const seeds = fc.integer({ min: 0, max: 1e6 });
const options = fc.record({
  splitSeed: seeds,
  trainOn: fc.constantFrom('speech' as const, 'speech+song' as const),
});

/** The folds, or none where the clips at hand give no such protocol. */
function foldsOf(clips: readonly Clip[], protocol: Protocol, what = {}): Fold[] {
  try {
    return splitClips(clips, protocol, what);
  } catch (error) {
    if (error instanceof MarsError && /^C(ORPUS|ONFIG)_INVALID$/.test(error.code)) return [];
    throw error;
  }
}

/** What stands in more than one of the lists. */
function shared<Value>(...lists: (readonly Value[])[]): Value[] {
  const sets = lists.map((list) => new Set(list));
  return [...new Set(lists.flat())].filter((value) => sets.filter((set) => set.has(value)).length > 1);
}

const contents = (part: readonly Clip[]) => part.map(({ contentHash }) => contentHash!);
const speakers = (part: readonly Clip[]) =>
  part.filter(({ speaker }) => speaker !== UNKNOWN_SPEAKER).map(speakerOf);

describe.each(ALL)('protocol %s', (protocol) => {
  test('no recording and, but under seed, no speaker on two sides; no clip twice or from elsewhere', () => {
    let folds = 0;
    fc.assert(
      fc.property(fc.oneof(messyRavdess, anyClips), options, (clips, what) => {
        const given = new Set(clips);
        for (const fold of foldsOf(clips, protocol, what)) {
          const { train, validation, test, enrolment = [] } = fold;
          folds += 1;
          expect(shared(...[train, validation, test, enrolment].map(contents))).toEqual([]);
          const onTwoSides = shared(...[train, validation, [...test, ...enrolment]].map(speakers));
          expect(protocol === 'seed' ? [] : onTwoSides).toEqual([]);
          const all = [...train, ...validation, ...test, ...enrolment];
          expect(new Set(all).size).toBe(all.length);
          expect(all.every((clip) => given.has(clip))).toBe(true);
          expect(train.length).toBeGreaterThan(0);
          expect(test.length > 0).toBe(protocol !== 'all');
        }
      }),
      { numRuns: 30 },
    );
    // Else nothing was shown.
    expect(folds).toBeGreaterThan(10);
  });

  test('every emotion of the test part is scored', () => {
    fc.assert(
      fc.property(anyClips, (clips) => {
        const unscored = foldsOf(clips, protocol).flatMap(({ labels = EMOTIONS, test }) =>
          test.filter(({ emotion }) => !labels.includes(emotion)),
        );
        expect(unscored).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('folds have names of their own, fit for folders', () => {
    fc.assert(
      fc.property(fc.oneof(messyRavdess, anyClips), (clips) => {
        const names = foldsOf(clips, protocol).map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(name).toMatch(/^[a-z][\w.+%-]*$/);
      }),
      { numRuns: 20 },
    );
  });

  test('the seed decides, and nothing else', () => {
    const clips = protocol.startsWith('cross') ? [...ravdess, ...elsewhere(ravdess)] : ravdess;
    const split = (splitSeed: number) => splitClips(clips, protocol, { splitSeed });
    expect(split(3)).toEqual(split(3));
    expect(split(3)).not.toEqual(split(4));
  });
});

function elsewhere(clips: readonly Clip[]): Clip[] {
  return clips.map((clip) => ({ ...clip, corpus: 'other', contentHash: `other ${clip.contentHash}` }));
}

describe('names', () => {
  test.each(ALL)('%s', (name) => {
    expect(parseProtocol(name)).toBe(name);
  });

  test.each([
    ['emobx', 'No protocol is called "emobx"; there is seed, emobox,'],
    ['', 'No protocol is called ""'],
    ['toString', 'No protocol'],
    ['seed-3', 'No protocol'],
    ['enrol', 'with a whole number for k, as in enrol-3'],
    ['enrol-k', 'No protocol'],
    ['enrol-happy-3', 'No protocol'],
    ['enrol-0', 'ends in 0; a whole number from 1 upwards was expected, as in enrol-3'],
    ['enrol-neutral-03', 'ends in 03; a whole number'],
    ['enrol--3', 'No protocol'],
    ['speakers-1', 'a whole number from 2 upwards'],
    ['speakers-99999999999999999999', 'a whole number'],
  ])('"%s" is no protocol', (name, words) => {
    expect(() => parseProtocol(name)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(words) }),
    );
  });

  test('each has one sentence that tells what it is', () => {
    const names = [
      ...Object.keys(PROTOCOLS),
      'speakers-k',
      'enrol-k',
      'enrol-neutral-k',
      'enrol-unlabelled-k',
      'cross-unlabelled-k',
      'cross-room-k',
    ];
    expect(Object.keys(PROTOCOL_DESCRIPTIONS)).toEqual(names);
    for (const description of Object.values(PROTOCOL_DESCRIPTIONS))
      expect(description).toMatch(/^.{20,110}$/);
  });

  test('one corpus to test is asked of cross alone', () => {
    expect(() => splitClips(ravdess, 'emobox', { testCorpus: 'ravdess' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('Take protocol cross'),
      }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { corpusOf, ravdess } from '../../test/clips.ts';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import { speakersOf } from './fold.ts';
import { splitLoso, splitSpeakers } from './speakers.ts';

/** So many speakers, each happy and sad once. */
function twoClipsEach(corpus: string, speakers: number, what: Partial<Clip> = {}): Clip[] {
  const names = Array.from({ length: speakers }, (_, i) => `s${i}`);
  return corpusOf(corpus, names, ['happy', 'sad'], what);
}

describe('speakers', () => {
  const women = twoClipsEach('women', 7, { gender: 'female' });
  const men = twoClipsEach('men', 8, { gender: 'male' });
  const folds = splitSpeakers([...women, ...men], 5);

  test('every clip is tested once', () => {
    const tested = folds.flatMap((fold) => fold.test);
    expect(tested).toHaveLength(30);
    expect(new Set(tested)).toEqual(new Set([...women, ...men]));
  });

  test('women and men of each corpus are dealt evenly', () => {
    for (const { test } of folds) {
      expect(speakersOf(test)).toHaveLength(3);
      const ofWomen = speakersOf(test.filter(({ gender }) => gender === 'female')).length;
      expect([1, 2]).toContain(ofWomen);
    }
  });

  test('two speakers validate, fewer where that were over a third, as many as are asked for', () => {
    const validating = (clips: Clip[], k: number, validationActors?: number) =>
      splitSpeakers(clips, k, { validationActors }).map(({ validation }) => speakersOf(validation).length);
    expect(validating(men, 2)).toEqual([1, 1]);
    expect(validating(men, 4)).toEqual([2, 2, 2, 2]);
    expect(validating(men.slice(0, 4), 2)).toEqual([0, 0]);
    expect(validating(men, 4, 3)).toEqual([3, 3, 3, 3]);
  });

  test('the emotions of the corpora are scored, and no other', () => {
    for (const { labels } of folds) expect(labels).toEqual(['happy', 'sad']);
  });

  test('fewer speakers than folds: one fold each', () => {
    expect(splitSpeakers(twoClipsEach('few', 3), 5).map(({ name }) => name)).toEqual([
      'speakers-1',
      'speakers-2',
      'speakers-3',
    ]);
  });

  test('song is tested nowhere, and trained on when asked for', () => {
    const sung = (options = {}) =>
      splitSpeakers(ravdess, 6, options).map(({ train, validation, test }) =>
        [train, validation, test].map((part) => part.some(({ channel }) => channel === 'song')),
      );
    expect(sung()).toEqual(Array.from({ length: 6 }, () => [false, false, false]));
    expect(sung({ trainOn: 'speech+song' })).toEqual(Array.from({ length: 6 }, () => [true, false, false]));
  });
});

describe('loso', () => {
  test('24 folds of RAVDESS, each tests one actor, and two of the others validate', () => {
    const folds = splitLoso(ravdess);
    expect(folds.map(({ name }) => name)).toEqual(
      Array.from({ length: 24 }, (_, i) => `loso-Actor_${String(i + 1).padStart(2, '0')}`),
    );
    for (const { name, validation, test } of folds) {
      expect(speakersOf(test)).toEqual([`ravdess/${name.slice('loso-'.length)}`]);
      expect(test).toHaveLength(60);
      expect(new Set(validation.map(({ gender }) => gender))).toEqual(new Set(['female', 'male']));
      expect(speakersOf(validation)).toHaveLength(2);
    }
  });

  test('of several corpora the name tells which', () => {
    const names = splitLoso([...twoClipsEach('a', 1), ...twoClipsEach('b', 1)]).map(({ name }) => name);
    expect(names).toEqual(['loso-a+s0', 'loso-b+s0']);
  });
});

describe.each([
  ['speakers', (clips: Clip[]) => splitSpeakers(clips, 5)],
  ['loso', splitLoso],
] as const)('%s refuses', (_, split) => {
  test.each([
    [
      'a clip whose speaker nobody knows',
      [...twoClipsEach('a', 9), ...twoClipsEach('b', 1, { speaker: UNKNOWN_SPEAKER })],
      '2 of the 20 clips',
    ],
    ['a single speaker', twoClipsEach('a', 1), '1 speaker(s)'],
    ['nothing', [], '0 speaker(s)'],
  ])('%s', (_what, clips, words) => {
    expect(() => split(clips)).toThrow(
      expect.objectContaining({ code: 'CORPUS_INVALID', message: expect.stringContaining(words) }),
    );
  });
});

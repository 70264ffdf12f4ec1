import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messyRavdess, ravdess } from '../../test/clips.ts';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import { splitEmobox, splitSong } from './emobox.ts';
import type { Fold } from './fold.ts';

const parts = ({ train, validation, test }: Fold) => [train, validation, test];
const channelsOf = (part: readonly Clip[]) => new Set(part.map(({ channel }) => channel));
const actorsOf = (part: readonly Clip[]) => [
  ...new Set(part.map(({ speaker }) => Number(speaker.slice(-2)))),
];
const speech = new Set(['speech']);
const song = new Set(['song']);
const both = new Set(['speech', 'song']);

const PUBLISHED = [
  [1, 11, 20, 21],
  [4, 10, 12, 14],
  [8, 9, 19, 23],
  [3, 5, 7, 24],
  [2, 15, 16, 18],
  [6, 13, 17, 22],
];

describe('emobox', () => {
  test('the actors of the published folds are tested, 60 spoken clips of each', () => {
    const folds = splitEmobox(ravdess);
    expect(folds.map((fold) => actorsOf(fold.test).sort((a, b) => a - b))).toEqual(PUBLISHED);
    for (const fold of folds) expect(fold.test).toHaveLength(4 * 60);
  });

  test('every spoken clip is tested once over the folds, whatever else the folder holds', () => {
    fc.assert(
      fc.property(messyRavdess, (clips) => {
        const tested = splitEmobox(clips).flatMap((fold) => fold.test);
        const spoken = clips.filter(({ channel }) => channel === 'speech');
        expect(tested.length).toBe(spoken.length);
        expect(new Set(tested)).toEqual(new Set(spoken));
      }),
      { numRuns: 30 },
    );
  });

  test('all 24 actors have a part, each in one alone', () => {
    for (const trainOn of ['speech', 'speech+song'] as const) {
      for (const validationActors of [0, 2, 3]) {
        for (const fold of splitEmobox(ravdess, { trainOn, validationActors })) {
          expect(
            parts(fold)
              .flatMap(actorsOf)
              .sort((a, b) => a - b),
          ).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
        }
      }
    }
  });

  test('song is trained on when asked for, and never validates or is tested', () => {
    for (const fold of splitEmobox(ravdess))
      expect(parts(fold).map(channelsOf)).toEqual([speech, speech, speech]);
    for (const fold of splitEmobox(ravdess, { trainOn: 'speech+song' })) {
      expect(parts(fold).map(channelsOf)).toEqual([both, speech, speech]);
    }
  });

  test.each([
    [2, [1]],
    [3, [1, 2]],
    [4, [2]],
  ])('%i validating actors are women and men in equal parts', (validationActors, women) => {
    for (const { validation } of splitEmobox(ravdess, { validationActors })) {
      const chosen = new Set(validation.map(({ speaker, gender }) => `${gender} ${speaker}`));
      expect(chosen.size).toBe(validationActors);
      expect(women).toContain([...chosen].filter((actor) => actor.startsWith('female')).length);
    }
  });

  test('a clip of nobody knows whom is in no part: it could be of a tested actor', () => {
    const nameless = { ...ravdess[0], speaker: UNKNOWN_SPEAKER, contentHash: 'of somebody' };
    const clips = splitEmobox([nameless, ...ravdess]).flatMap((fold) => parts(fold).flat());
    expect(clips).not.toContain(nameless);
  });

  test('song alone cannot be tested', () => {
    expect(() => splitEmobox(ravdess.filter(({ channel }) => channel === 'song'))).toThrow(
      expect.objectContaining({
        code: 'CORPUS_INVALID',
        message: expect.stringContaining('Audio_Speech_Actors'),
      }),
    );
  });

  test('someone must be left to train on', () => {
    expect(() => splitEmobox(ravdess, { validationActors: 20 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('emobox-1') }),
    );
  });
});

describe('song', () => {
  const folds = splitSong(ravdess);

  test('every sung clip is tested once, by the actors of emobox that sing, in six emotions', () => {
    expect(folds.map((fold) => actorsOf(fold.test).sort((a, b) => a - b))).toEqual(
      PUBLISHED.map((actors) => actors.filter((actor) => actor !== 18)),
    );
    expect(folds.map((fold) => fold.test.length)).toEqual([176, 176, 176, 176, 132, 176]);
    for (const { labels } of folds) {
      expect(labels).toEqual(['neutral', 'calm', 'happy', 'sad', 'angry', 'fearful']);
    }
  });

  test('song is trained on, with speech beside it when asked for', () => {
    for (const fold of folds) expect(parts(fold).map(channelsOf)).toEqual([song, song, song]);
    for (const fold of splitSong(ravdess, { trainOn: 'speech+song' })) {
      expect(parts(fold).map(channelsOf)).toEqual([both, song, song]);
      const [trained, ...others] = parts(fold).map(actorsOf);
      expect(trained.filter((actor) => others.flat().includes(actor))).toEqual([]);
    }
  });

  test('speech alone cannot be tested', () => {
    expect(() => splitSong(ravdess.filter(({ channel }) => channel === 'speech'))).toThrow(
      expect.objectContaining({
        code: 'CORPUS_INVALID',
        message: expect.stringContaining('Audio_Song_Actors'),
      }),
    );
  });
});

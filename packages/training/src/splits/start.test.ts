import { describe, expect, test } from 'vitest';
import { ravdess } from '../../test/clips.ts';
import type { Clip } from '../corpora/clip.ts';
import { splitEmobox, splitSong } from './emobox.ts';
import type { Fold } from './fold.ts';
import { checkStart } from './start.ts';

const names = (part: readonly Clip[]) => part.map(({ corpus, id }) => `${corpus}/${id}`);
const heardBy = ({ train, validation }: Fold) => ({ train: names(train), validation: names(validation) });
const speech = splitEmobox(ravdess);
const song = splitSong(ravdess, { trainOn: 'speech+song' });

test('speech may start from song of the same fold: its actors were not heard', () => {
  for (const [i, fold] of speech.entries()) {
    expect(() => checkStart(fold, ravdess, heardBy(song[i]))).not.toThrow();
  }
});

describe('refused', () => {
  const refusal = (words: string) =>
    expect.objectContaining({ code: 'TEST_LEAK', message: expect.stringContaining(words) });

  test('song of a test actor, trained on or validated', () => {
    const sung = names(
      ravdess.filter(({ channel, speaker }) => channel === 'song' && speaker === 'Actor_11'),
    );
    for (const heard of [
      { train: sung, validation: [] },
      { train: [], validation: sung.slice(0, 1) },
    ]) {
      expect(() => checkStart(speech[0], ravdess, heard)).toThrow(refusal('fold emobox-1 tests Actor_11'));
      expect(() => checkStart(speech[1], ravdess, heard)).not.toThrow();
    }
  });

  test('any other fold', () => {
    expect(() => checkStart(speech[0], ravdess, heardBy(song[1]))).toThrow(refusal('heard ravdess/'));
  });

  test('the recording of a test clip under another name', () => {
    const again = { ...speech[0].test[0], corpus: 'mine', speaker: 'somebody' };
    const heard = { train: names([again]), validation: [] };
    expect(() => checkStart(speech[0], [...ravdess, again], heard)).toThrow(refusal('heard mine/'));
  });

  test('clips of the tested corpus of which nobody can tell who speaks', () => {
    const spoken = ravdess.filter(({ channel }) => channel === 'speech');
    expect(() => checkStart(speech[0], spoken, heardBy(song[0]))).toThrow(
      refusal('not among the clips given'),
    );
  });
});

test('clips of corpora that are not tested need not be at hand', () => {
  expect(() => checkStart(speech[0], ravdess, { train: ['tess/a.wav'], validation: [] })).not.toThrow();
});

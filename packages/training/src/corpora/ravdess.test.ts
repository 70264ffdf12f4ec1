import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EMOTIONS } from '@mars/core';
import { describe, expect, test } from 'vitest';
import { folderOf } from '../../test/folders.ts';
import { hashClips } from './clip.ts';
import { readCorpus } from './corpora.ts';
import { readRavdess } from './ravdess.ts';

test('the seven numbers say everything', async () => {
  const root = await folderOf(
    'speech/Actor_12/03-01-06-02-01-02-12.flac',
    'song/Actor_01/03-02-01-01-02-01-01.WAV',
  );
  expect(await readRavdess(root)).toEqual([
    {
      file: join(root, 'speech/Actor_12/03-01-06-02-01-02-12.flac'),
      id: 'speech/Actor_12/03-01-06-02-01-02-12.flac',
      corpus: 'ravdess',
      speaker: 'Actor_12',
      emotion: 'fearful',
      intensity: 'strong',
      statement: 'kids',
      repetition: 2,
      channel: 'speech',
      gender: 'female',
    },
    expect.objectContaining({
      speaker: 'Actor_01',
      emotion: 'neutral',
      intensity: 'normal',
      statement: 'dogs',
      repetition: 1,
      channel: 'song',
      gender: 'male',
    }),
  ]);
});

test.each([
  ['flat', ['03-01-08-01-01-01-24.wav', '03-01-01-01-01-01-02.wav']],
  ['as Zenodo packs it', ['Actor_24/03-01-08-01-01-01-24.wav', 'Actor_02/03-01-01-01-01-01-02.wav']],
  ['in deep folders', ['a/b/c/03-01-08-01-01-01-24.flac', 'z/03-01-01-01-01-01-02.flac']],
])('the order is that of the names, whatever the layout: %s', async (_, paths) => {
  const clips = await readRavdess(await folderOf(...paths));
  expect(clips.map(({ emotion, speaker }) => `${emotion} ${speaker}`)).toEqual([
    'neutral Actor_02',
    'surprised Actor_24',
  ]);
});

test('a copy of the same recording makes no second clip, as in the archive on Kaggle', async () => {
  const root = await folderOf(
    'audio_speech_actors_01-24/Actor_01/03-01-01-01-01-01-01.wav',
    'Actor_01/03-01-01-01-01-01-01.wav',
    'Actor_02/03-01-01-01-01-01-02.wav',
    'audio_speech_actors_01-24/Actor_02/03-01-01-01-01-01-02.wav',
  );
  expect((await readRavdess(root)).map(({ id }) => id)).toEqual([
    'Actor_01/03-01-01-01-01-01-01.wav',
    'Actor_02/03-01-01-01-01-01-02.wav',
  ]);
});

test('videos, their sound, and other names are no clips', async () => {
  const root = await folderOf(
    '03-01-01-01-01-01-01.wav',
    '01-01-01-01-01-01-01.mp4',
    '01-01-01-01-01-01-01.wav',
    '._03-01-01-01-01-01-02.wav',
    '03-01-09-01-01-01-01.wav',
    '03-01-01-01-01-01-25.wav',
    '03-01-01-01-01-01.wav',
    'readme.txt',
  );
  expect((await readRavdess(root)).map(({ id }) => id)).toEqual(['03-01-01-01-01-01-01.wav']);
});

describe('errors teach', () => {
  test('nothing found', async () => {
    const root = await folderOf('speech/hello.wav');
    await expect(readRavdess(root)).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(/No RAVDESS recording in .*03-01-06-01-02-01-12\.wav.*1188976/),
    });
  });

  test.each([
    ['no such folder', 'nowhere', 'does not exist'],
    ['a file', 'file.wav', 'is not a folder'],
  ])('%s', async (_, name, words) => {
    const root = await folderOf('file.wav');
    await expect(readRavdess(join(root, name))).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringContaining(words),
    });
  });

  test('a corpus of no known name', async () => {
    const root = await folderOf('speech/03-01-01-01-01-01-01.wav');
    await expect(readCorpus('ravdes', root)).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(/"ravdes" is none of .*ravdess.*folder per label.*"speech"/),
    });
  });

  test('a clip that vanished before it was hashed', async () => {
    const root = await folderOf('03-01-01-01-01-01-01.wav');
    const clips = await readRavdess(root);
    await rm(clips[0].file);
    await expect(hashClips(clips)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

const corpora = process.env.MARS_CORPORA ?? resolve(import.meta.dirname, '../../../../../shared/corpora');
const ravdess = join(corpora, 'ravdess');

describe.skipIf(!existsSync(ravdess))(
  `the whole corpus in ${ravdess} (skipped if not there; set MARS_CORPORA)`,
  () => {
    test('2452 clips, in the numbers that the paper gives, one of them twice', async () => {
      const clips = await readCorpus('ravdess', ravdess);
      const count = (channel: string) =>
        EMOTIONS.map(
          (emotion) => clips.filter((clip) => clip.channel === channel && clip.emotion === emotion).length,
        );
      expect(count('speech')).toEqual([96, 192, 192, 192, 192, 192, 192, 192]);
      expect(count('song')).toEqual([92, 184, 184, 184, 184, 184, 0, 0]);

      const doubles = [...Map.groupBy(clips, ({ contentHash }) => contentHash).values()].filter(
        ({ length }) => length > 1,
      );
      expect(doubles.map((same) => same.map(({ id }) => id))).toEqual([
        ['speech/Actor_07/03-01-03-01-02-01-07.flac', 'speech/Actor_07/03-01-03-01-02-02-07.flac'],
      ]);
    });
  },
);

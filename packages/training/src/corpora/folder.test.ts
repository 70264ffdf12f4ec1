import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderOf } from '../../test/folders.ts';
import { UNKNOWN_SPEAKER } from './clip.ts';
import { readCorpus } from './corpora.ts';

test('a folder per label, with anything below it; nobody knows who speaks', async () => {
  const root = await folderOf(
    'Happy/2019/a.wav',
    'anger/b.flac',
    'anger/notes.txt',
    'anger/._b.flac',
    'loose.wav',
  );
  const clips = await readCorpus('mine', root);
  expect(clips.map(({ id, emotion, corpus, speaker }) => [id, emotion, corpus, speaker])).toEqual([
    ['Happy/2019/a.wav', 'happy', 'mine', UNKNOWN_SPEAKER],
    ['anger/b.flac', 'angry', 'mine', UNKNOWN_SPEAKER],
  ]);
});

test('labels.json in the folder translates, and null leaves out', async () => {
  const root = await folderOf('Freude/a.wav', 'Langeweile/b.wav');
  await writeFile(join(root, 'labels.json'), '{"freude": "happy", "langeweile": null}');
  expect((await readCorpus('mine', root)).map(({ emotion }) => emotion)).toEqual(['happy']);
});

describe('errors', () => {
  test.each([
    ['a label that is none', ['joy/a.wav'], /"joy"/],
    ['no folders', ['a.wav'], /holds no folder with recordings/],
    ['no recordings', ['happy/readme.txt'], /holds no folder with recordings/],
  ])('%s', async (_, paths, message) => {
    await expect(readCorpus('mine', await folderOf(...paths))).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('a name that cannot be one', async () => {
    await expect(readCorpus('my/corpus', await folderOf('happy/a.wav'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  test('a label map for a corpus that has its labels in its names', async () => {
    await expect(readCorpus('tess', '.', { labels: 'map.json' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderOf } from '../../test/folders.ts';
import { UNKNOWN_SPEAKER, type Clip } from './clip.ts';
import { readCorpus } from './corpora.ts';

/** Reads a table of this content, which stands in a folder with a.wav and b/b.wav. */
async function read(content: string, name = 'table.csv', labels?: object): Promise<Clip[]> {
  const root = await folderOf('a.wav', 'b/b.wav');
  await writeFile(join(root, name), content);
  if (labels) await writeFile(join(root, 'labels.json'), JSON.stringify(labels));
  return readCorpus('mine', join(root, name));
}

const FULL = {
  file: 'b/b.wav',
  emotion: 'happy',
  speaker: 'Ann',
  intensity: 'strong',
  statement: 's1',
  repetition: 2,
  channel: 'song',
  gender: 'female',
  corpus: 'theirs',
};
const BARE = { file: 'a.wav', emotion: 'sad', speaker: 'Bob' };

test('CSV and JSON Lines say the same', async () => {
  const csv = `${Object.keys(FULL).join(',')}\n${Object.values(FULL).join(',')}\na.wav,sad,Bob,,,,,,\n`;
  const json = `${JSON.stringify(FULL)}\n\n${JSON.stringify(BARE)}\n`;
  const clips = [await read(csv), await read(json, 'table.jsonl'), await read(json, 'table.NDJSON')];
  for (const ofTable of clips) {
    expect(ofTable).toMatchObject([
      {
        id: 'a.wav',
        corpus: 'mine',
        speaker: 'Bob',
        emotion: 'sad',
        contentHash: expect.stringMatching(/^\w{64}$/),
      },
      { ...FULL, id: 'b/b.wav', file: expect.stringMatching(/\/b\/b\.wav$/) },
    ]);
    expect(ofTable[0].gender ?? ofTable[0].channel ?? ofTable[0].repetition).toBeUndefined();
  }
});

test('spreadsheets: a byte order mark, CRLF, quotes, capitals, spaces, further columns, any order of rows', async () => {
  const clips = await read(
    '\uFEFFSpeaker,File,Age,Emotion,gender\r\n"Miller, Ann", b/b.wav ,30,Anger,F\r\n,a.wav,40,SADNESS,\r\n\r\n',
  );
  expect(clips).toMatchObject([
    { id: 'a.wav', speaker: UNKNOWN_SPEAKER, emotion: 'sad' },
    { id: 'b/b.wav', speaker: 'Miller, Ann', emotion: 'angry', gender: 'female' },
  ]);
});

test('a label map beside the table translates, and null leaves out', async () => {
  const clips = await read('file,emotion,speaker\na.wav,Joy,Ann\nb/b.wav,boredom,Ann\n', 'table.csv', {
    joy: 'happy',
    boredom: null,
    unused: 'calm',
  });
  expect(clips.map(({ id, emotion }) => [id, emotion])).toEqual([['a.wav', 'happy']]);
});

test('a map that is named goes before the one beside', async () => {
  const root = await folderOf('a.wav');
  await writeFile(join(root, 'table.csv'), 'file,emotion,speaker\na.wav,sad,Ann\n');
  await writeFile(join(root, 'labels.json'), '{"sad": "happy"}');
  await writeFile(join(root, 'other.json'), '{"sad": "angry"}');
  const [clip] = await readCorpus('mine', join(root, 'table.csv'), { labels: join(root, 'other.json') });
  expect(clip.emotion).toBe('angry');
});

describe('errors name the table and the line', () => {
  test.each([
    ['no speaker column', 'file,emotion\na.wav,sad\n', /\(file, emotion\) lacks speaker/],
    ['no rows', 'file,emotion,speaker\n', /no rows/],
    ['nothing at all', '', /no rows/],
    [
      'an unknown label',
      'file,emotion,speaker\na.wav,joy,x\nb/b.wav,meh,x\n',
      /"joy", "meh".*"joy":null,"meh":null/,
    ],
    [
      'a file twice',
      'file,emotion,speaker\na.wav,sad,x\n./a.wav,happy,x\n',
      /lines 2 and 3 name the same file/,
    ],
    ['an empty file', 'file,emotion,speaker\n,sad,x\n', /line 2 names no file/],
    [
      'a channel',
      'file,emotion,speaker,channel\na.wav,sad,x,rap\n',
      /line 2 has the channel "rap"; speech or song/,
    ],
    ['a gender', 'file,emotion,speaker,gender\na.wav,sad,x,w\n', /line 2 has the gender "w"; female or male/],
    ['a repetition', 'file,emotion,speaker,repetition\na.wav,sad,x,0\n', /line 2 has the repetition "0"/],
    ['a row too short', 'file,emotion,speaker\na.wav,sad\n', /no CSV/],
  ])('%s', async (_, content, message) => {
    await expect(read(content)).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['not JSON', '{"file":"a.wav"', /line 1 is no JSON/],
    ['not an object', '\n[1]', /line 2 is no JSON object/],
    ['no speaker', '{"file":"a.wav","emotion":"sad"}', /line 1 lacks speaker/],
  ])('JSON Lines: %s', async (_, content, message) => {
    await expect(read(content, 't.jsonl')).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('a file that is not there', async () => {
    await expect(read('file,emotion,speaker\nnowhere.wav,sad,x\n')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });

  test('a table that is not there', async () => {
    await expect(readCorpus('mine', '/nowhere/t.csv')).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringContaining('does not exist'),
    });
  });

  test.each([
    ['an emotion that is none', { sad: 'gloomy' }],
    ['a list', ['sad']],
  ])('a label map with %s', async (_, labels) => {
    await expect(read('file,emotion,speaker\na.wav,sad,x\n', 't.csv', labels)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/labels\.json holds .*\{"joy": "happy", "boredom": null\} was expected/),
    });
  });
});

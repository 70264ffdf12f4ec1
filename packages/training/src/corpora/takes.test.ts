import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOf } from '../../test/folders.ts';
import { listCorpus, readCorpus } from './corpora.ts';

test.each([
  [
    'crema-d',
    'AudioWAV/1001_DFA_ANG_XX.wav',
    { speaker: '1001', emotion: 'angry', statement: 'DFA', intensity: undefined },
  ],
  [
    'crema-d',
    '1091_IEO_SAD_HI.opus',
    { speaker: '1091', emotion: 'sad', statement: 'IEO', intensity: 'high' },
  ],
  ['tess', 'OAF angry/OAF_back_angry.wav', { speaker: 'OAF', emotion: 'angry', statement: 'back' }],
  ['tess', 'OA_bite_neutral.wav', { speaker: 'OAF', emotion: 'neutral', statement: 'bite' }],
  ['tess', 'YAF_sour_ps.opus', { speaker: 'YAF', emotion: 'surprised', gender: 'female' }],
  ['savee', 'DC_sa01.wav', { speaker: 'DC', emotion: 'sad', gender: 'male' }],
  ['savee', 'KL_a15.wav', { speaker: 'KL', emotion: 'angry', statement: 'a15' }],
  ['savee', 'AudioData/JE/su07.wav', { speaker: 'JE', emotion: 'surprised', statement: 'su07' }],
  ['emodb', 'wav/03a01Fa.wav', { speaker: '03', emotion: 'happy', statement: 'a01', gender: 'male' }],
  ['emodb', '16b10Wb.wav', { speaker: '16', emotion: 'angry', repetition: 2, gender: 'female' }],
])('%s: %s', async (corpus, path, expected) => {
  const root = await folderOf(path, 'readme.txt', 'other.wav');
  expect(await readCorpus(corpus, root)).toMatchObject([
    { corpus, id: path, channel: 'speech', ...expected },
  ]);
});

test("SAVEE's speakers share the names of their files", async () => {
  const root = await folderOf('DC/a01.wav', 'JE/a01.wav', 'elsewhere/a01.wav');
  expect((await readCorpus('savee', root)).map(({ speaker }) => speaker)).toEqual(['DC', 'JE']);
});

test('EMO-DB without its boredom', async () => {
  const root = await folderOf('03a01La.wav', '03a01Na.wav');
  expect((await readCorpus('emodb', root)).map(({ emotion }) => emotion)).toEqual(['neutral']);
});

test("CREMA-D's speakers have the sex that its table gives", async () => {
  const root = await folderOf('1001_DFA_ANG_XX.wav', '1002_DFA_ANG_XX.wav');
  const table =
    '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n1002,21,"Female","x","y"\n';
  await writeFile(join(root, 'VideoDemographics.csv'), table);
  expect((await readCorpus('crema-d', root)).map(({ gender }) => gender)).toEqual(['male', 'female']);
});

test('CREMA-D without the seven that are known to be faulty, of whatever format', async () => {
  const root = await folderOf('1076_MTI_SAD_XX.wav', '1006_TIE_NEU_XX.opus', '1006_TIE_SAD_XX.wav');
  expect((await readCorpus('crema-d', root)).map(({ id }) => id)).toEqual(['1006_TIE_SAD_XX.wav']);
  expect((await listCorpus('crema-d', root)).map(({ id, fault }) => [id, fault])).toEqual([
    ['1006_TIE_NEU_XX.opus', expect.stringContaining('1006_TIE_HAP_XX')],
    ['1006_TIE_SAD_XX.wav', undefined],
    ['1076_MTI_SAD_XX.wav', 'digital silence'],
  ]);
});

test.each(['crema-d', 'tess', 'savee', 'emodb'])(
  '%s: an empty folder is an error that shows a name',
  async (corpus) => {
    await expect(readCorpus(corpus, await folderOf('notes.wav'))).rejects.toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(/No .* recording in .*\.wav/),
    });
  },
);

const corpora = process.env['MARS_CORPORA'] ?? join(import.meta.dirname, '../../../../../shared/corpora');
test.skipIf(!existsSync(corpora)).each([
  // 7442 recordings, without the seven of known-faults.ts.
  ['crema-d', 7435, 91],
  ['tess', 2800, 2],
])(
  'the whole of %s (skipped where there are no corpora; set MARS_CORPORA)',
  async (corpus, count, speakers) => {
    const clips = await readCorpus(corpus, join(corpora, corpus));
    expect(clips).toHaveLength(count);
    expect(new Set(clips.map(({ speaker }) => speaker)).size).toBe(speakers);
    expect(clips.every(({ gender }) => gender !== undefined)).toBe(true);
  },
);

import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  hashHex,
  serve,
  serveJson,
  startServer,
  zipOf,
  type DownloadServer,
  type Handler,
} from '../../../test/download-server.ts';
import { folderOf } from '../../../test/folders.ts';
import { readCorpus } from '../corpora.ts';
import { getCorpus, type GetOptions } from './get.ts';

let server: DownloadServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

/** One server plays them all. */
async function get(name: string, dir: string, handlers: Record<string, Handler>, options: GetOptions = {}) {
  await server?.[Symbol.asyncDispose]();
  server = await startServer(handlers);
  const { url } = server;
  const servers = { zenodo: url, borealis: url, githubApi: url, githubRaw: `${url}/raw`, githubMedia: url };
  return getCorpus(name, dir, { servers, retries: 1, retryDelaySec: 0.01, ...options });
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** All files below a folder. */
async function tree(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(dir.length + 1))
    .sort();
}

describe('RAVDESS: archives of Zenodo', () => {
  const speech = zipOf({
    'Actor_01/03-01-01-01-01-01-01.wav': 'one',
    '__MACOSX/Actor_01/._x.wav': '',
    'Actor_01/.DS_Store': '',
  });
  const song = zipOf({ 'Actor_02/03-02-01-01-01-01-02.wav': 'two' });
  const archive = (key: string, content: Uint8Array) => ({
    key,
    size: content.length,
    checksum: `md5:${hashHex('md5', content)}`,
  });
  const files = [
    archive('Audio_Speech_Actors_01-24.zip', speech),
    archive('Audio_Song_Actors_01-24.zip', song),
    { key: 'Video_Speech_Actor_01.zip', size: 1, checksum: 'md5:00000000000000000000000000000000' },
  ];
  const place = '/records/1188976/files';
  const handlers = {
    '/api/records/1188976': serveJson({ files }),
    [`${place}/Audio_Speech_Actors_01-24.zip`]: serve(speech, { dropAfter: 150 }),
    [`${place}/Audio_Song_Actors_01-24.zip`]: serve(song),
  };

  test('are fetched over a bad line, checked, unpacked, and make a corpus', async () => {
    const dir = await folderOf();
    const progress: string[] = [];
    const got = await get('ravdess', dir, handlers, {
      onProgress: ({ doneFiles, totalFiles, doneBytes, totalBytes }) =>
        progress.push(`${doneFiles}/${totalFiles} ${doneBytes}/${totalBytes}`),
    });
    expect(got).toEqual({ dir, files: 2, wasThere: false });
    expect(await tree(dir)).toEqual([
      '.mars-corpus.json',
      'song/Actor_02/03-02-01-01-01-01-02.wav',
      'speech/Actor_01/03-01-01-01-01-01-01.wav',
    ]);
    const all = speech.length + song.length;
    expect([progress[0], progress.at(-1)]).toEqual([`0/2 0/${all}`, `2/2 ${all}/${all}`]);
    expect((await readCorpus('ravdess', dir)).map(({ channel }) => channel)).toEqual(['speech', 'song']);
  });

  test('a second call asks nobody; what was deleted is fetched again, and only that', async () => {
    const dir = await folderOf();
    await get('ravdess', dir, handlers);
    expect(await get('ravdess', dir, {})).toEqual({ dir, files: 2, wasThere: true });
    expect(server!.requests).toEqual([]);
    await rm(join(dir, 'song'), { recursive: true });
    expect(await get('ravdess', dir, handlers)).toEqual({ dir, files: 2, wasThere: false });
    expect(server!.requests).toEqual(['/api/records/1188976', `${place}/Audio_Song_Actors_01-24.zip`]);
  });

  test('a failure leaves no half corpus, and the next call goes on', async () => {
    const dir = await folderOf();
    const broken = { ...handlers, [`${place}/Audio_Song_Actors_01-24.zip`]: serve(song.with(50, 0)) };
    await expect(get('ravdess', dir, broken, { parallel: 1 })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('md5'),
    });
    expect(await tree(dir)).toEqual(['speech/Actor_01/03-01-01-01-01-01-01.wav']);
    await get('ravdess', dir, handlers);
    expect(server!.requests).not.toContain(`${place}/Audio_Speech_Actors_01-24.zip`);
  });

  test('an abort in the middle is taken up from the byte where it was', async () => {
    const dir = await folderOf();
    const stop = new AbortController();
    const slow: Handler = (_, response) => {
      response.writeHead(200, { 'content-length': speech.length }).write(speech.subarray(0, 100));
      setTimeout(() => stop.abort(new Error('enough')), 100);
    };
    const path = `${place}/Audio_Speech_Actors_01-24.zip`;
    const slowly = get('ravdess', dir, { ...handlers, [path]: slow }, { signal: stop.signal });
    await expect(slowly).rejects.toThrow('enough');
    await get('ravdess', dir, { ...handlers, [path]: serve(speech) });
    expect(server!.requests).toContain(`${path} bytes=100-`);
    expect((await readCorpus('ravdess', dir)).length).toBe(2);
  });

  test.each([
    ['../outside.wav', /cannot be unpacked.*(relative|leads out)/],
    ['/outside.wav', /cannot be unpacked/],
    ['a\\..\\..\\outside.wav', /cannot be unpacked/],
  ])('an archive with %s is refused', async (name, message) => {
    const evil = zipOf({ [name]: 'evil' });
    const dir = join(await folderOf(), 'inside');
    const promise = get('ravdess', dir, {
      ...handlers,
      '/api/records/1188976': serveJson({
        files: [archive('Audio_Speech_Actors_01-24.zip', evil), files[1]],
      }),
      [`${place}/Audio_Speech_Actors_01-24.zip`]: serve(evil),
    });
    await expect(promise).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(message),
    });
    expect((await tree(join(dir, '..'))).filter((path) => path.includes('outside'))).toEqual([]);
  });

  test.each([
    ['another list', { entries: [] }, /otherwise than it used to.*files/s],
    ['a list without the archive', { files: [files[1]] }, /lists no Audio_Speech/],
  ])('%s is an error that says so', async (_, list, message) => {
    await expect(
      get('ravdess', await folderOf(), { '/api/records/1188976': serveJson(list) }),
    ).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(message),
    });
  });

  test('a page in place of JSON is an error', async () => {
    const handler = { '/api/records/1188976': serve(bytesOf('<html>')) };
    await expect(get('ravdess', await folderOf(), handler)).rejects.toThrow(/something else than JSON/);
  });
});

describe('TESS: single files of Borealis', () => {
  const dataset = (files: object[]) => serveJson({ status: 'OK', data: { latestVersion: { files } } });
  const file = (id: number, filename: string, content: string, directoryLabel?: string) => ({
    directoryLabel,
    dataFile: {
      id,
      filename,
      filesize: content.length,
      checksum: { type: 'MD5', value: hashHex('md5', content) },
    },
  });
  const list = '/api/datasets/:persistentId/';

  test('are fetched into their folders', async () => {
    const dir = await folderOf();
    const names = [
      'OAF_back_angry',
      'OAF_bar_sad',
      'YAF_back_ps',
      'YAF_bar_fear',
      'YAF_dog_happy',
      'OA_bite_neutral',
    ];
    const files = names.map((name, id) => file(id, `${name}.wav`, name, id < 3 ? 'folder' : undefined));
    await get('tess', dir, {
      [list]: dataset([...files, file(99, 'readme.txt', 'no sound')]),
      ...Object.fromEntries(names.map((name, id) => [`/api/access/datafile/${id}`, serve(bytesOf(name))])),
    });
    expect(await readFile(join(dir, 'folder/OAF_back_angry.wav'), 'utf8')).toBe('OAF_back_angry');
    expect((await readCorpus('tess', dir)).length).toBe(6);
    expect(await tree(dir)).not.toContain('readme.txt');
  });

  test('a path that leads out of the folder is refused before anything is fetched', async () => {
    const promise = get('tess', await folderOf(), { [list]: dataset([file(1, 'x.wav', 'x', '../..')]) });
    await expect(promise).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('outside'),
    });
  });
});

describe('CREMA-D: blobs and Git LFS', () => {
  const sound = 'sound of 1001';
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${hashHex('sha256', sound)}\nsize ${sound.length}\n`;
  const blob = (path: string, content: string) => ({
    path,
    type: 'blob',
    size: content.length,
    sha: hashHex('sha1', `blob ${content.length}\0`, content),
  });
  const demographics = '1001,51,"Male","Caucasian","Not Hispanic"\n';
  const api = '/repos/CheyneyComputerScience/CREMA-D/git/trees';
  const path = 'CheyneyComputerScience/CREMA-D/master';
  const root = [
    { path: 'AudioWAV', type: 'tree', sha: 'abc' },
    { path: 'AudioMP3', type: 'tree', sha: 'def' },
    blob('VideoDemographics.csv', demographics),
    blob('README.md', 'read me'),
  ];
  const handlers = {
    [`${api}/master`]: serveJson({ sha: '1', truncated: false, tree: root }),
    [`${api}/abc`]: serveJson({ sha: 'abc', truncated: false, tree: [blob('1001_DFA_ANG_XX.wav', pointer)] }),
    [`/raw/${path}/VideoDemographics.csv`]: serve(bytesOf(demographics)),
    [`/raw/${path}/AudioWAV/1001_DFA_ANG_XX.wav`]: serve(bytesOf(pointer)),
    [`/media/${path}/AudioWAV/1001_DFA_ANG_XX.wav`]: serve(bytesOf(sound)),
  };

  test('pointers lead to recordings, plain files stand for themselves', async () => {
    const dir = await folderOf();
    await get('crema-d', dir, handlers);
    expect(await tree(dir)).toEqual([
      '.mars-corpus.json',
      'AudioWAV/1001_DFA_ANG_XX.wav',
      'VideoDemographics.csv',
    ]);
    expect(await readFile(join(dir, 'AudioWAV/1001_DFA_ANG_XX.wav'), 'utf8')).toBe(sound);
    expect(await readCorpus('crema-d', dir)).toMatchObject([{ speaker: '1001', gender: 'male' }]);
  });

  test.each([
    ['a pointer that is not the blob of the tree', `/raw/${path}/AudioWAV/1001_DFA_ANG_XX.wav`, /git-blob/],
    ['a recording that is not that of the pointer', `/media/${path}/AudioWAV/1001_DFA_ANG_XX.wav`, /sha256/],
  ])('%s is refused', async (_, url, message) => {
    const original = url.startsWith('/raw') ? pointer : sound;
    const forged = { ...handlers, [url]: serve(bytesOf(original.replace(/1/g, '2'))) };
    await expect(get('crema-d', await folderOf(), forged)).rejects.toThrow(message);
  });

  test('a list that GitHub cut off is refused', async () => {
    const cut = { ...handlers, [`${api}/abc`]: serveJson({ truncated: true, tree: [] }) };
    await expect(get('crema-d', await folderOf(), cut)).rejects.toThrow(/cut off/);
  });
});

test.each([
  ['savee', /register/],
  ['emodb', /emodb\.bilderbar\.info/],
  ['ravdes', /No corpus is called "ravdes"; ravdess, crema-d, tess can be fetched/],
])('%s is not to be fetched, and the error says what to do', async (name, message) => {
  await expect(getCorpus(name, '/nowhere')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  });
});

test('a manifest of another corpus, or a broken one, does not count', async () => {
  const dir = await folderOf();
  for (const manifest of ['{"corpus":"tess","paths":[]}', '{"corpus":', '[]', 'null']) {
    await writeFile(join(dir, '.mars-corpus.json'), manifest);
    await expect(get('ravdess', dir, {})).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  }
});

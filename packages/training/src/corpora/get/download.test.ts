import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  hashHex,
  inTurn,
  serve,
  startServer,
  type DownloadServer,
  type Handler,
} from '../../../test/download-server.ts';
import { folderOf } from '../../../test/folders.ts';
import { downloadFile, type DownloadOptions } from './download.ts';

const content = new Uint8Array(100_000).map((_, i) => (i * i) % 251);
const promised: DownloadOptions = {
  sizeBytes: content.length,
  checksum: { algorithm: 'md5', hex: hashHex('md5', content) },
  retryDelaySec: 0.01,
};

let server: DownloadServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

/** Downloads what the handler serves; `part` is what an earlier call left. */
async function download(
  handler: Handler,
  options: DownloadOptions = promised,
  part?: Uint8Array,
): Promise<{ bytes: Uint8Array; requests: string[]; left: string[] }> {
  const folder = await folderOf();
  const file = join(folder, 'file');
  if (part) await writeFile(`${file}.part`, part);
  server = await startServer({ '/file': handler });
  try {
    await downloadFile(`${server.url}/file`, file, options);
  } catch (error) {
    // What stays behind is a part of what a failure must keep right.
    throw Object.assign(error as Error, { left: await readdir(folder), requests: server.requests });
  }
  return { bytes: await readFile(file), requests: server.requests, left: await readdir(folder) };
}

test('a file comes whole, and nothing else stays', async () => {
  const { bytes, left } = await download(serve(content));
  expect(Buffer.from(content).equals(bytes)).toBe(true);
  expect(left).toEqual(['file']);
});

test('a connection dropped again and again is continued from where it ended', async () => {
  const progress: number[] = [];
  const { bytes, requests } = await download(serve(content, { dropAfter: 40_000 }), {
    ...promised,
    // Fewer than the drops: an attempt that got further is no failure.
    retries: 1,
    onProgress: (done) => progress.push(done),
  });
  expect(Buffer.from(content).equals(bytes)).toBe(true);
  expect(requests).toEqual(['/file', '/file bytes=40000-', '/file bytes=80000-']);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(content.length);
});

test('a later call goes on with what an earlier one left', async () => {
  const { bytes, requests } = await download(serve(content), promised, content.subarray(0, 70_000));
  expect(Buffer.from(content).equals(bytes)).toBe(true);
  expect(requests).toEqual(['/file bytes=70000-']);
});

test('a whole part is only checked', async () => {
  expect((await download(serve(content), promised, content)).requests).toEqual([]);
});

test('a server that ignores ranges sends all again, from the start', async () => {
  const { bytes, requests } = await download(
    serve(content, { ranges: false }),
    promised,
    content.subarray(0, 50_000),
  );
  expect(Buffer.from(content).equals(bytes)).toBe(true);
  expect(requests).toEqual(['/file bytes=50000-']);
});

test.each<[string, Uint8Array]>([
  ['too long', new Uint8Array(200_000)],
  ['wrong', new Uint8Array(50_000)],
  ['whole and wrong', new Uint8Array(100_000)],
])('a part that is %s is thrown away', async (_, part) => {
  expect(Buffer.from(content).equals((await download(serve(content), promised, part)).bytes)).toBe(true);
});

test('without a promised size, that of the answer counts', async () => {
  const { bytes } = await download(serve(content, { dropAfter: 60_000 }), { retryDelaySec: 0.01 });
  expect(Buffer.from(content).equals(bytes)).toBe(true);
});

describe('tried again', () => {
  test.each<[string, Handler]>([
    ['an overloaded server', (_, response) => response.writeHead(503).end()],
    ['too many requests', (_, response) => response.writeHead(429, { 'retry-after': '0' }).end()],
    ['wrong bytes', serve(content.with(5, 99))],
    ['too few bytes', serve(content.subarray(0, -1))],
    ['a dropped connection', (_, response) => response.destroy()],
    [
      'a server that falls silent',
      (_, response) => void response.writeHead(200).write(content.subarray(0, 1)),
    ],
  ])('%s', async (_, failure) => {
    const { bytes, requests } = await download(inTurn(failure, serve(content)), {
      ...promised,
      stallSec: 0.2,
    });
    expect(Buffer.from(content).equals(bytes)).toBe(true);
    expect(requests).toHaveLength(2);
  });

  test('a range that begins elsewhere', async () => {
    const askew: Handler = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 10-99999/100000' }).end(content.subarray(10));
    };
    const { bytes, requests } = await download(
      inTurn(askew, serve(content)),
      promised,
      content.subarray(0, 50),
    );
    expect(Buffer.from(content).equals(bytes)).toBe(true);
    expect(requests).toEqual(['/file bytes=50-', '/file']);
  });
});

describe('given up', () => {
  test.each<[string, Handler, RegExp, number]>([
    ['what is not there, at once', (_, response) => response.writeHead(404).end(), /answered 404/, 1],
    ['what may not be had, at once', (_, response) => response.writeHead(403).end(), /answered 403/, 1],
    [
      'wrong bytes each time',
      serve(content.with(5, 99)),
      /the md5 of what came is \w{32}, and \w{32} was promised/,
      3,
    ],
    ['too few bytes each time', serve(content.subarray(0, -1)), /the file there is shorter/, 4],
    ['a server that is down', (_, response) => response.destroy(), /after 2 retries/, 3],
    ['no ranges and drops', serve(content, { ranges: false, dropAfter: 30_000 }), /ended|failed/, 4],
  ])('%s', async (_, handler, message, requests) => {
    await expect(download(handler, { ...promised, retries: 2 })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(message),
      requests: expect.objectContaining({ length: requests }),
      left: expect.not.arrayContaining(['file']),
    });
  });

  test('nobody there', async () => {
    const file = join(await folderOf(), 'file');
    // Port 9, "discard": nothing listens there.
    await expect(downloadFile('http://127.0.0.1:9/file', file, { retries: 0 })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
    });
  });

  test('a folder that cannot be written, at once', async () => {
    const folder = await folderOf('file.part/occupied');
    server = await startServer({ '/file': serve(content) });
    await expect(
      downloadFile(`${server.url}/file`, join(folder, 'file'), { retryDelaySec: 0.01 }),
    ).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('cannot be written'),
    });
  });
});

test('an abort ends it with its reason, and keeps the part', async () => {
  const stop = new AbortController();
  const slow: Handler = (_, response) => {
    response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 1000));
    setTimeout(() => stop.abort(new Error('enough')), 100);
  };
  await expect(download(slow, { ...promised, signal: stop.signal })).rejects.toMatchObject({
    message: 'enough',
    left: ['file.part'],
  });
});

test('a git blob is checked as git names it', async () => {
  const hex = hashHex('sha1', `blob ${content.length}\0`, content);
  const { left } = await download(serve(content), { checksum: { algorithm: 'git-blob', hex } });
  expect(left).toEqual(['file']);
});

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { download, isUrl } from './download.ts';

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.wav`;
}

test('the bytes that the server has', async () => {
  const url = await serve((_, response) => response.end(Buffer.from([1, 2, 3])));
  expect([...(await download(url, { maxBytes: 3 }))]).toEqual([1, 2, 3]);
});

test.each([
  ['is announced', { 'content-length': '1000000' }],
  ['is not announced', {}],
])('too large, which %s, is given up early', async (_, headers) => {
  let sent = 0;
  const url = await serve((_, response) => {
    response.writeHead(200, headers);
    const piece = Buffer.alloc(10_000);
    const send = () => {
      sent += piece.length;
      if (response.destroyed || sent > 1_000_000) response.end();
      else response.write(piece, () => setTimeout(send, 2));
    };
    send();
  });
  await expect(download(url, { maxBytes: 50_000 })).rejects.toMatchObject({ code: 'AUDIO_TOO_LONG' });
  expect(sent).toBeLessThan(900_000);
});

test('an address that has nothing is not tried again', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked++;
    response.writeHead(404).end();
  });
  await expect(download(url, { maxBytes: 10, retryAfterMs: [1] })).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: expect.stringContaining('404'),
  });
  expect(asked).toBe(1);
});

test('a server that is busy is asked again', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    if (++asked < 3) response.writeHead(503).end();
    else response.end('x');
  });
  expect(await download(url, { maxBytes: 10, retryAfterMs: [1, 1] })).toHaveLength(1);
  await expect(
    download(await serve((_, response) => response.writeHead(500).end()), {
      maxBytes: 10,
      retryAfterMs: [1],
    }),
  ).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
});

test('a recording that is cut off, a server that is silent, and none at all', async () => {
  const cut = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('x', () => response.destroy());
  });
  const silent = await serve(() => undefined);
  const options = { maxBytes: 1000, retryAfterMs: [], timeoutMs: 200 };
  for (const [url, message] of [
    [cut, /could not be fetched/],
    [silent, /longer than 0\.2 s/],
    ['http://127.0.0.1:1/', /ECONNREFUSED|bad port/],
  ] as const) {
    const error = await download(url, options).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringMatching(message) });
  }
});

test('called off', async () => {
  const url = await serve(() => undefined);
  await expect(download(url, { maxBytes: 10, signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
});

test('what is a URL', () => {
  expect(['http://a', 'HTTPS://a/b.wav', 'file:///a', 'a.wav', 'c:/http://'].map(isUrl)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

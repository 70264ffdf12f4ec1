import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, type RunningServer } from './listening.ts';
import { staticFiles } from './static-server.ts';

const SCRIPT = 'console.log("a voice");\n'.repeat(50);
const SECRET = 'what is outside stays outside';
let folder: string;
let server: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-static-'));
  const root = join(folder, 'site');
  await mkdir(join(root, 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), SECRET);
  await writeFile(join(root, 'index.html'), '<!doctype html><title>MARS</title>');
  await writeFile(join(root, 'empty.txt'), '');
  await writeFile(join(root, '.hidden'), SECRET);
  await writeFile(
    join(root, 'voice.wav'),
    Uint8Array.from({ length: 1000 }, (_, i) => i % 251),
  );
  await writeFile(join(root, 'plein été.txt'), 'août');
  const script = join(root, 'assets/index-Ab_3-x9Z.js');
  await writeFile(script, SCRIPT);
  await writeFile(`${script}.br`, brotliCompressSync(SCRIPT));
  await writeFile(`${script}.gz`, gzipSync(SCRIPT));
  await symlink(join(folder, 'secret.txt'), join(root, 'link.txt'));
  await symlink(folder, join(root, 'out'));
  await symlink(join(root, 'index.html'), join(root, 'within.html'));
  server = await listen(staticFiles(root), { port: 0 });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** fetch, but that nothing is asked for on its own. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(new URL(path, server.url), { method, headers: { 'accept-encoding': 'identity', ...headers } });
}

/** The whole answer to a request whose target is sent as it is, where a client would tidy it up. */
async function raw(target: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  await once(socket, 'close');
  return Buffer.concat(parts).toString('latin1');
}

describe('files', () => {
  test('the root is index.html, asked for anew each time', async () => {
    const response = await get('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toContain('MARS');
  });

  test('a name with a hash is kept for ever', async () => {
    const response = await get('/assets/index-Ab_3-x9Z.js?v=1');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  test('every answer carries the security headers, refusals too', async () => {
    for (const path of ['/', '/nowhere']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('permissions-policy')).toContain('microphone=(self)');
      expect(headers.get('cross-origin-embedder-policy')).toBeNull();
    }
  });

  test('a name may be any, an empty file has no bytes, a link may stay within', async () => {
    expect(await (await get('/plein%20%C3%A9t%C3%A9.txt')).text()).toBe('août');
    const empty = await get('/empty.txt');
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    expect((await get('/within.html')).status).toBe(200);
  });

  test('HEAD says what GET would, without the file', async () => {
    const response = await get('/voice.wav', {}, 'HEAD');
    expect(response.headers.get('content-length')).toBe('1000');
    expect(await response.text()).toBe('');
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not for files', async (method) => {
    const response = await get('/', {}, method);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('codings', () => {
  test.each([
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['zstd', null],
  ])('to one who takes %s: %s', async (accepted, sent) => {
    const response = await get('/assets/index-Ab_3-x9Z.js', { 'accept-encoding': accepted });
    expect(response.headers.get('content-encoding')).toBe(sent);
    expect(response.headers.get('vary')).toBe('accept-encoding');
    expect(await response.text()).toBe(SCRIPT);
  });

  test('each coding has an etag of its own, and what the client has is not sent again', async () => {
    const path = '/assets/index-Ab_3-x9Z.js';
    const etags = new Set<string>();
    for (const accepted of ['br', 'gzip', 'identity']) {
      const etag = (await get(path, { 'accept-encoding': accepted })).headers.get('etag')!;
      etags.add(etag);
      for (const known of [etag, `"other", W/${etag}`, '*']) {
        const again = await get(path, { 'accept-encoding': accepted, 'if-none-match': known });
        expect([again.status, await again.text()]).toEqual([304, '']);
      }
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
    expect(etags.size).toBe(3);
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-9', 0, 9],
    ['bytes=990-', 990, 999],
    ['bytes=-5', 995, 999],
    ['bytes=-5000', 0, 999],
    ['bytes=500-5000', 500, 999],
  ])('%s', async (range, start, end) => {
    const response = await get('/voice.wav', { range, 'accept-encoding': 'br' });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/1000`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([end - start + 1, start % 251, end % 251]);
  });

  test.each(['bytes=1000-', 'bytes=-0'])('%s is beyond the file', async (range) => {
    const response = await get('/voice.wav', { range });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */1000');
  });

  test.each(['bytes=0-1,5-6', 'bytes=9-1', 'bytes=-', 'lines=1-2', 'bytes=a-b'])(
    '%s: all of the file',
    async (range) => {
      expect((await get('/voice.wav', { range })).status).toBe(200);
    },
  );

  test('a part of a file that has changed since is all of it', async () => {
    const { headers } = await get('/voice.wav', {}, 'HEAD');
    const ifRange = (tag: string) => get('/voice.wav', { range: 'bytes=0-9', 'if-range': tag });
    expect((await ifRange(headers.get('etag')!)).status).toBe(206);
    expect((await ifRange('"older"')).status).toBe(200);
  });
});

test.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/%2e%2e%2fsecret.txt',
  '/..%5csecret.txt',
  '/..\\secret.txt',
  '/%252e%252e/secret.txt',
  '/....//secret.txt',
  '//secret.txt',
  '/index.html%00.js',
  '/%00',
  '/%',
  '/%c0%ae%c0%ae/secret.txt',
  '/etc/passwd',
  '//etc/passwd',
  'file:///etc/passwd',
  'http://elsewhere/../secret.txt',
  '/C:/secret.txt',
  '/link.txt',
  '/out/secret.txt',
  '/out/',
  '/.hidden',
  '/assets',
  '/assets/',
  '/index.html/',
  '/index.html/x',
])('nothing is at %s', expectNothing);

test('nothing is at the end of a long address', async () => {
  await expectNothing(`/${'a'.repeat(5000)}`);
  await expectNothing(`/${'a/'.repeat(3000)}b`);
});

async function expectNothing(target: string): Promise<void> {
  const answer = await raw(target);
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).not.toContain(SECRET);
  expect(answer).not.toContain('root:');
}

test('a client that goes away amid a file leaves the server as it was', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET /voice.wav HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'connect');
  socket.destroy();
  expect((await get('/')).status).toBe(200);
});

test('the next port is tried where one is taken, as often as allowed', async () => {
  const taken: number[] = [];
  await using next = await listen(() => {}, { port: server.port, onTaken: (port) => taken.push(port) });
  expect(taken[0]).toBe(server.port);
  expect(next.port).toBe(server.port + taken.length);
  await expect(listen(() => {}, { port: server.port, tries: 0 })).rejects.toThrow('EADDRINUSE');
});

test('what else goes wrong at listening is told', async () => {
  await expect(listen(() => {}, { host: '192.0.2.1', port: 0 })).rejects.toThrow('EADDRNOTAVAIL');
});

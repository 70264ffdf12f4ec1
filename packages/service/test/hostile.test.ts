import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { errorOf, form, rawConnection, scriptedPool, served, SILENT_VERDICT, until, WAV } from './service.ts';

const MULTIPART = 'content-type: multipart/form-data; boundary=b';
const POST = ['POST /v1/classify HTTP/1.1', 'host: localhost'];

/** A pool that answers at once: what is tested does not come so far, or should. */
function promptPool() {
  const { pool } = scriptedPool();
  return Object.assign(pool, { classify: async () => SILENT_VERDICT });
}

describe('bodies', () => {
  test('one that says that it is too large is refused before it comes', async () => {
    const { port } = await served({ pool: promptPool(), limits: { uploadBytes: 1000, lingerMs: 50 } });
    const { send, answered } = await rawConnection(port);
    send(...POST, 'content-length: 99999999999', '', '');
    expect(await answered).toMatch(/^HTTP\/1\.1 413 [\s\S]*REQUEST_TOO_LARGE/);
  });

  test.each([
    ['a plain one', 'content-type: audio/wav', ''],
    ['a form', MULTIPART, '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'],
  ])('%s that says nothing of its length is refused when it is too large', async (_, type, begin) => {
    const { port } = await served({ pool: promptPool(), limits: { uploadBytes: 100_000, lingerMs: 50 } });
    const { socket, send, answered } = await rawConnection(port);
    send(...POST, type, 'transfer-encoding: chunked', '', '');
    if (begin !== '') send(begin.length.toString(16), begin, '');
    const chunk = Buffer.alloc(10_000, 'x');
    for (let sent = 0; sent < 20 && !socket.destroyed; sent++) {
      send(chunk.length.toString(16), chunk.toString(), '');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answered).toMatch(/^HTTP\/1\.1 413 [\s\S]*REQUEST_TOO_LARGE/);
  });

  test.each([
    ['that stops', 5000, 300, /No byte of the body came/],
    ['that trickles', 300, 5000, /had not arrived within/],
  ])('one %s is not waited for', async (_, uploadMs, silenceMs, message) => {
    const { port } = await served({ pool: promptPool(), limits: { uploadMs, silenceMs, lingerMs: 50 } });
    const { send, answered } = await rawConnection(port);
    send(...POST, 'content-length: 1000', '', 'RIFF');
    const trickle = setInterval(() => send('x'), 50);
    if (silenceMs < uploadMs) clearInterval(trickle);
    const answer = await answered;
    clearInterval(trickle);
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    expect(answer).toMatch(message);
  });

  test.each([
    ['whole', 0, 0],
    ['amid it', 5000, 3],
  ])('of a caller who hangs up, nothing is left (%s)', async (_, missing) => {
    const { pool, jobs } = scriptedPool();
    const { port, logged, get } = await served({ pool });
    const { socket, send } = await rawConnection(port);
    send(...POST, `content-length: ${WAV.length + missing}`, '', '');
    socket.write(WAV);
    if (missing === 0) await until(() => jobs.length === 1);
    else await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await until(() => logged.some(({ status }) => status === 499));
    expect(jobs.map(({ signal }) => signal?.aborted)).toEqual(missing === 0 ? [true] : []);
    expect(await (await get('/metrics')).text()).toMatch(/^mars_upload_bytes 0$/m);
  });

  test('one that comes byte by byte is held in few pieces', async () => {
    const { pool, jobs } = scriptedPool();
    const { port } = await served({ pool });
    const { socket, send } = await rawConnection(port);
    send(...POST, 'transfer-encoding: chunked', '', '1\r\nx\r\n'.repeat(20_000) + '0', '', '');
    await until(() => jobs.length === 1);
    const pieces = jobs[0].audio as readonly Uint8Array[];
    expect(pieces.length).toBeLessThan(4);
    expect(Buffer.concat(pieces).toString()).toBe('x'.repeat(20_000));
    socket.destroy();
  });

  test('what all hold together has a limit', async () => {
    const { pool, jobs } = scriptedPool();
    const { post } = await served({ pool, limits: { uploadBytesTogether: WAV.length + 1000 } });
    const first = post(WAV);
    await until(() => jobs.length === 1);
    const second = await post(WAV);
    expect(second.headers.get('retry-after')).toBe('1');
    expect(await errorOf(second)).toMatchObject({ status: 503, code: 'SERVICE_BUSY' });
    jobs[0].resolve(SILENT_VERDICT);
    expect((await first).status).toBe(200);
    const third = post(WAV);
    await until(() => jobs.length === 2);
    jobs[1].resolve(SILENT_VERDICT);
    expect((await third).status).toBe(200);
  });

  test.each([
    ['text/plain', {}],
    ['application/json', {}],
    ['application/x-www-form-urlencoded', {}],
    ['multipart/mixed; boundary=b', {}],
    ['audio/wav', { 'content-encoding': 'gzip' }],
  ])('of type %s %o are none of ours', async (type, headers) => {
    const { post } = await served({ pool: promptPool() });
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(10_000_000)));
    const answer = await post(bomb, '/v1/classify', { 'content-type': type, ...headers });
    expect(await errorOf(answer)).toMatchObject({ status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' });
  });
});

describe('forms', () => {
  const part = (name: string, content: string, more = '') =>
    `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`;
  const file = part('file', 'RIFF', '; filename="a.wav"');

  test.each([
    ['without a file', `${part('config', '{}')}--b--`, 400, 'NO_INPUT'],
    ['with another part', `${part('recording', 'x', '; filename="a"')}--b--`, 400, 'REQUEST_INVALID'],
    ['with another field', `${part('confg', '{}')}--b--`, 400, 'REQUEST_INVALID'],
    ['with two files', `${file}${file}--b--`, 400, 'REQUEST_INVALID'],
    [
      'with two configs',
      `${part('config', '{}')}${part('config', '{}')}${file}--b--`,
      400,
      'REQUEST_INVALID',
    ],
    ['with a thousand parts', `${part('config', '{}').repeat(1000)}--b--`, 400, 'REQUEST_INVALID'],
    ['of no end', `${file}--b`, 400, 'REQUEST_INVALID'],
    ['that ends within the file', file.slice(0, -3), 400, 'REQUEST_INVALID'],
    [
      'with a part without a name',
      '--b\r\ncontent-disposition: form-data; x="a"\r\n\r\nx\r\n--b--',
      400,
      'REQUEST_INVALID',
    ],
    ['of nothing', '', 400, 'NO_INPUT'],
    ['of something else', 'RIFF'.repeat(1000), 400, 'REQUEST_INVALID'],
    ['of a prototype', `${part('__proto__', '{"a":1}')}--b--`, 400, 'REQUEST_INVALID'],
    ['with a config too long', `${part('config', 'x'.repeat(1_500_000))}--b--`, 413, 'REQUEST_TOO_LARGE'],
  ])('%s', async (_, body, status, code) => {
    const { post } = await served({ pool: promptPool() });
    const answer = await post(body, '/v1/classify', { 'content-type': 'multipart/form-data; boundary=b' });
    expect(await errorOf(answer)).toMatchObject({ status, code });
  });

  test.each(['../../etc/passwd', '/etc/passwd', 'a\0b.wav', 'C:\\x.wav', '', '%2e%2e%2f', 'x'.repeat(5000)])(
    'the name %j of a file is of no interest',
    async (name) => {
      const { post } = await served({ pool: promptPool() });
      expect((await post(form({}, WAV, name))).status).toBe(200);
    },
  );
});

describe('connections', () => {
  test.each(['/%', '/nowhere', '/healthz', '/v1/classify', '/v1/models', '/docs', '/v1/stream?x'])(
    'one that would be a WebSocket at %s is closed after its refusal',
    async (path) => {
      const { port } = await served({ pool: promptPool() });
      const { send, answered } = await rawConnection(port);
      const upgrade = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 12'];
      send(`GET ${path} HTTP/1.1`, 'host: localhost', ...upgrade, 'sec-websocket-key: x', '', '');
      expect(await answered).toMatch(/^HTTP\/1\.1 4/);
    },
  );

  test.each([
    ['that says nothing', ''],
    ['that never ends its headers', 'POST /v1/classify HTTP/1.1\r\nhost: localhost\r\nx: '],
  ])('one %s is closed', async (_, sent) => {
    const { port } = await served({ pool: promptPool(), limits: { headersMs: 300 } });
    const { send, answered } = await rawConnection(port);
    send(sent);
    expect(await answered).toMatch(/^(?:HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT|$)/);
  });

  test.each([
    ['no HTTP', '\x16\x03\x01\x02\0\x01'],
    ['two lengths', [...POST, 'content-length: 1', 'content-length: 2', '', 'x'].join('\r\n')],
    [
      'length and chunks',
      [...POST, 'content-length: 4', 'transfer-encoding: chunked', '', '0\r\n\r\n'].join('\r\n'),
    ],
    ['headers without end', `GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(3000)}`],
  ])('%s is refused', async (_, sent) => {
    const { port } = await served({ pool: promptPool() });
    const { send, answered } = await rawConnection(port);
    send(sent);
    expect(await answered).toMatch(/^HTTP\/1\.1 400 [\s\S]*REQUEST_INVALID/);
  });
});

test.each([
  '/%',
  '/%c0%ae',
  '//v1/classify',
  '/v1/../v1/models',
  '/v1/models/',
  '/V1/MODELS',
  '/v1/%6dodels%00',
])('nothing is at %s', async (target) => {
  const { port } = await served({ pool: promptPool() });
  const { send, answered } = await rawConnection(port);
  send(`GET ${target} HTTP/1.1`, 'host: localhost', 'connection: close', '', '');
  expect(await answered).toMatch(/^HTTP\/1\.1 404 [\s\S]*NOT_FOUND/);
});

test.each([
  ['GET', '/v1/classify', 'POST'],
  ['PUT', '/v1/classify', 'POST'],
  ['DELETE', '/v1/models', 'GET'],
  ['POST', '/', 'GET'],
])('%s %s: %s is meant', async (method, path, allowed) => {
  const { url } = await served({ pool: promptPool() });
  const answer = await fetch(`${url}${path}`, { method });
  expect(answer.headers.get('allow')).toBe(allowed);
  expect(await errorOf(answer)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
});

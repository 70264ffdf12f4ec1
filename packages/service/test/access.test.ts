import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyStore } from '../src/http/keys.ts';
import { serve } from '../src/http/serve.ts';
import { errorOf, rawConnection, scriptedPool, served } from './service.ts';

let folder: string;
let keys: KeyStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-keys-'));
  keys = new KeyStore(join(folder, 'sub/keys.json'));
});
afterEach(() => rm(folder, { recursive: true }));

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe('the file of keys', () => {
  test('holds hashes only, for its owner only', async () => {
    const { key, stored } = await keys.create('my assistant');
    expect(key).toMatch(/^mars_[\w-]{32}$/);
    expect(key.startsWith(stored.id)).toBe(true);
    const text = await readFile(keys.file, 'utf8');
    expect(text).not.toContain(key.slice(stored.id.length));
    expect((await stat(keys.file)).mode & 0o777).toBe(0o600);
    expect(await keys.find(key)).toEqual(stored);
  });

  test('is changed by many at the same time', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, i) => new KeyStore(keys.file).create(`${i}`)),
    );
    expect((await keys.list()).map(({ id }) => id).sort()).toEqual(
      made.map(({ stored }) => stored.id).sort(),
    );
    await keys.revoke(made[3].stored.id);
    expect(await keys.list()).toHaveLength(9);
    expect(await keys.revoke('nobody')).toEqual([]);
  });

  test.each(['{', '{"version":2,"keys":[]}', '{"version":1,"keys":[{"id":"a"}]}', '[]'])(
    'with %s in it opens to nobody',
    async (text) => {
      const { key } = await keys.create('a');
      await writeFile(keys.file, text);
      const { pool } = scriptedPool();
      const { get } = await served({ pool, keys });
      const answer = await get('/v1/models', bearer(key));
      expect(await errorOf(answer)).toMatchObject({ status: 500, code: 'KEYS_INVALID' });
    },
  );

  test('that others may read is none', async () => {
    const loose = new KeyStore(join(folder, 'loose.json'));
    await writeFile(loose.file, '{"version":1,"keys":[]}', { mode: 0o644 });
    await expect(loose.list()).rejects.toThrow('chmod 600');
  });
});

describe('who has a key', () => {
  test('may ask until it is revoked; whoever has none may see that the service is there', async () => {
    const { key, stored } = await keys.create('a');
    const { pool } = scriptedPool();
    const { get, logged } = await served({ pool, keys });
    expect((await get('/v1/models', bearer(key))).status).toBe(200);
    expect(logged.at(-1)).toMatchObject({ key_id: stored.id });
    expect(JSON.stringify(logged)).not.toContain(key);
    for (const path of ['/healthz', '/readyz', '/docs', '/openapi.json', '/asyncapi.json']) {
      expect((await get(path)).status).toBe(200);
    }
    await new KeyStore(keys.file).revoke(stored.id);
    expect((await get('/v1/models', bearer(key))).status).toBe(401);
  });

  test.each([
    ['none', {}],
    ['another', bearer(`mars_${'a'.repeat(32)}`)],
    ['half of one', bearer('mars_')],
    ['another scheme', { authorization: 'Basic bWFyczptYXJz' }],
  ])('%s: 401', async (_, headers) => {
    await keys.create('a');
    const { pool } = scriptedPool();
    const { get } = await served({ pool, keys });
    for (const path of ['/v1/models', '/metrics', '/v1/stream', '/v1/classify']) {
      const answer = await get(path, headers);
      if (path === '/v1/classify') continue;
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await errorOf(answer)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    }
  });

  test.each([
    ['a header', (key: string) => `authorization: Bearer ${key}`, 101],
    ['a protocol', (key: string) => `sec-websocket-protocol: mars.v1, ${key}`, 101],
    ['nothing', () => 'x: y', 401],
  ])('may open a live session with it in %s', async (_, header, status) => {
    const { key } = await keys.create('a');
    const { pool } = scriptedPool();
    const { port } = await served({ pool, keys });
    const { send, socket } = await rawConnection(port);
    const upgrade = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (data: Buffer) => resolve(data.toString())),
    );
    send('GET /v1/stream HTTP/1.1', 'host: localhost', ...upgrade);
    send('', 'sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==', header(key), '', '');
    expect(await answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await answer).not.toContain(key);
    socket.destroy();
  });

  test('may ask so often, whoever else asks', async () => {
    const [one, two] = [await keys.create('one'), await keys.create('two')];
    const { pool } = scriptedPool();
    const { get } = await served({ pool, keys, limits: { requestsPerMinute: 3 } });
    for (let i = 0; i < 3; i++) expect((await get('/v1/models', bearer(one.key))).status).toBe(200);
    const refused = await get('/v1/models', bearer(one.key));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect((await get('/v1/models', bearer(two.key))).status).toBe(200);
    expect((await get('/healthz', bearer(one.key))).status).toBe(200);
  });
});

describe('beyond this machine', () => {
  test('nothing is served without a key, unless it is wanted', async () => {
    const { pool } = scriptedPool();
    const options = { pool, host: '0.0.0.0', port: 0, log: { level: 'silent' } as const };
    await expect(serve(options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(serve({ ...options, keys })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await using open = await serve({ ...options, withoutKeys: true });
    expect((await fetch(`http://127.0.0.1:${open.port}/v1/models`)).status).toBe(200);
    await keys.create('a');
    await using guarded = await serve({ ...options, keys });
    expect((await fetch(`http://127.0.0.1:${guarded.port}/v1/models`)).status).toBe(401);
  });

  test('a name that leads to this machine only now is not heard', async () => {
    const { pool } = scriptedPool();
    await using service = await serve({ pool, port: 0, log: { level: 'silent' } });
    for (const [host, status] of [
      ['localhost', 200],
      [`127.0.0.1:${service.port}`, 200],
      ['evil.example', 403],
    ] as const) {
      const { send, answered } = await rawConnection(service.port);
      send('GET /v1/models HTTP/1.1', `host: ${host}`, 'connection: close', '', '');
      expect(await answered).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
  });
});

describe('pages', () => {
  test('of this host may ask; of others only those that are allowed', async () => {
    const { pool } = scriptedPool();
    const { get, url } = await served({ pool, origins: ['https://good.example'] });
    const allowed = await get('/v1/models', { origin: 'https://good.example' });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://good.example');
    expect((await get('/v1/models', { origin: url })).status).toBe(200);
    for (const origin of ['https://evil.example', 'null', 'https://good.example.evil.example']) {
      const answer = await get('/v1/models', { origin });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(await errorOf(answer)).toMatchObject({ status: 403, code: 'ORIGIN_FORBIDDEN' });
    }
  });

  test('that are allowed may ask beforehand, without a key', async () => {
    await keys.create('a');
    const { pool } = scriptedPool();
    const { url } = await served({ pool, keys, origins: ['https://good.example'] });
    const asked = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const answer = await fetch(`${url}/v1/classify`, {
      method: 'OPTIONS',
      headers: { origin: 'https://good.example', ...asked },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
  });
});

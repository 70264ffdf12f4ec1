import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { serve } from '../src/http/serve.ts';
import { errorOf, rawConnection, scriptedPool, served, SILENT_VERDICT, until, WAV } from './service.ts';

const log = { level: 'silent' } as const;

test('a pool without a place is a 503 that says when to come again', async () => {
  const { pool, jobs } = scriptedPool({ places: 1 });
  const { post } = await served({ pool });
  const first = post(WAV);
  await until(() => jobs.length === 1);
  const refused = await post(WAV);
  expect(refused.headers.get('retry-after')).toBe('7');
  expect(await errorOf(refused)).toMatchObject({ status: 503, code: 'SERVICE_BUSY' });
  jobs[0].resolve(SILENT_VERDICT);
  expect((await first).status).toBe(200);
});

test('being stopped, it takes nothing new, says so, and answers what it has', async () => {
  const { pool, jobs } = scriptedPool();
  const service = await serve({ pool, port: 0, log });
  const ask = (path: string, init?: RequestInit) => fetch(`${service.url}${path}`, init);
  const taken = ask('v1/classify', { method: 'POST', body: WAV });
  await until(() => jobs.length === 1);
  expect((await ask('readyz')).status).toBe(200);

  const stopped = service.stop();
  const ready = await ask('readyz');
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }]);
  expect((await ask('healthz')).status).toBe(200);
  const refused = await ask('v1/classify', { method: 'POST', body: WAV });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await errorOf(refused)).toMatchObject({ status: 503, code: 'SERVICE_STOPPING' });

  jobs[0].resolve(SILENT_VERDICT);
  expect(await (await taken).json()).toEqual(SILENT_VERDICT);
  await stopped;
  await expect(ask('healthz')).rejects.toThrow('fetch failed');
});

test('what does not end in time is cut off', async () => {
  const { pool, jobs } = scriptedPool();
  const service = await serve({ pool, port: 0, log, drainMs: 100 });
  const taken = fetch(`${service.url}v1/classify`, { method: 'POST', body: WAV }).catch(
    (error: Error) => error.message,
  );
  await until(() => jobs.length === 1);
  await service.stop();
  expect(await taken).toBe('fetch failed');
  await until(() => jobs[0].signal?.aborted === true);
});

test('nor do requests that came before the first was answered, by a caller who has gone', async () => {
  const { pool, jobs } = scriptedPool();
  const service = await serve({ pool, port: 0, log });
  const { socket, send } = await rawConnection(service.port);
  for (let request = 0; request < 3; request++) {
    send('POST /v1/classify HTTP/1.1', 'host: localhost', `content-length: ${WAV.length}`, '', '');
    socket.write(WAV);
  }
  await until(() => jobs.length === 3);
  // Its answer waits for that of the first.
  jobs[1].resolve(SILENT_VERDICT);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
  await until(() => jobs[0].signal!.aborted && jobs[2].signal!.aborted);
  const began = performance.now();
  await service.stop();
  expect(performance.now() - began).toBeLessThan(1000);
});

test('connections that nobody uses do not hold it up', async () => {
  const { pool } = scriptedPool();
  const service = await serve({ pool, port: 0, log });
  const silent = connect(service.port, '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  await fetch(`${service.url}healthz`);
  const began = performance.now();
  await service.stop();
  expect(performance.now() - began).toBeLessThan(1000);
  silent.destroy();
});

test('a port that is taken is passed over', async () => {
  const { pool } = scriptedPool();
  await using first = await serve({ pool, port: 0, log });
  const taken: number[] = [];
  await using second = await serve({ pool, port: first.port, log, onTaken: (port) => taken.push(port) });
  expect(taken[0]).toBe(first.port);
  expect((await fetch(`${second.url}healthz`)).status).toBe(200);
  await expect(serve({ pool, port: first.port, tries: 0, log })).rejects.toThrow('EADDRINUSE');
});

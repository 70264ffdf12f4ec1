import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import createClient from 'openapi-fetch';
import openapiTS, { astToString } from 'openapi-typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecogniserPool } from '../src/recognition/pool-protocol.ts';
import { openPool } from '../src/recognition/recogniser-pool.ts';
import { form, MODEL, scriptedPool, served } from './service.ts';

const ROOT = join(import.meta.dirname, '../../..');

let pool: RecogniserPool;
beforeAll(async () => {
  pool = await openPool({ model: MODEL, size: 1 });
});
afterAll(() => pool.close());

test('the OpenAPI document is one, and names all routes', async () => {
  const { get, app } = await served({ pool: scriptedPool().pool });
  const document = (await (await get('/openapi.json')).json()) as { paths: Record<string, object> };
  const result = await new Validator().validate(structuredClone(document));
  expect(result).toMatchObject({ valid: true });
  const described = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
  );
  for (const route of described) {
    const [method, url] = route.split(' ') as ['GET' | 'POST', string];
    expect([route, app.hasRoute({ method, url })]).toEqual([route, true]);
  }
  const routes = app.printRoutes({ commonPrefix: false }).matchAll(/(\/[\w./-]+) \(([A-Z, ]+)\)/g);
  const routed = [...routes].flatMap(([, url, methods]) =>
    methods
      .split(', ')
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method} ${url}`),
  );
  // What is said on a WebSocket is AsyncAPI's.
  expect(routed.filter((route) => route !== 'GET /v1/stream').sort()).toEqual(described.sort());
});

test('a client that was made of it works, and its types hold', async () => {
  const { get, url } = await served({ pool });
  const document = (await (await get('/openapi.json')).json()) as Parameters<typeof openapiTS>[0];
  // Within the repository, so that it finds the client's library.
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.cache/openapi-'));
  try {
    await writeFile(join(folder, 'api.ts'), astToString(await openapiTS(document)));
    await writeFile(
      join(folder, 'use.ts'),
      `import createClient from 'openapi-fetch';
import type { components, paths } from './api.ts';
const client = createClient<paths>({ baseUrl: '' });
const { data, error } = await client.POST('/v1/classify', {
  params: { query: { top: 2, channels: 'split' } },
  body: { file: '', config: { timeline: true } },
});
const code: string | undefined = error?.error.code;
const verdict: components['schemas']['Verdict']['verdict'] = 'no-speech';
if (data && 'segments' in data) data.segments[0].startSec.toFixed();
// @ts-expect-error there is no such option
await client.POST('/v1/classify', { params: { query: { tops: 2 } }, body: { file: '' } });
export { code, verdict };
`,
    );
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--skipLibCheck',
    ];
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    execFileSync(tsc, [...options, '--allowImportingTsExtensions', 'use.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
  } finally {
    await rm(folder, { recursive: true });
  }

  const client = createClient<Record<string, Record<string, object>>>({ baseUrl: url }) as unknown as {
    POST(
      path: string,
      init: object,
    ): Promise<{ data?: { scores: object[] }; error?: { error: { code: string } } }>;
  };
  const send = (body: FormData) => ({ body, bodySerializer: (form: FormData) => form });
  const { data } = await client.POST('/v1/classify', { ...send(form()), params: { query: { top: 2 } } });
  expect(data?.scores).toHaveLength(2);
  const { error } = await client.POST('/v1/classify', send(form({ tops: 2 })));
  expect(error?.error.code).toBe('CONFIG_INVALID');
});

test('the page for people holds what the documents say, and runs nothing', async () => {
  const { get } = await served({ pool: scriptedPool().pool });
  const answer = await get('/docs');
  const policy = answer.headers.get('content-security-policy') ?? '';
  const html = await answer.text();
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/script|unsafe/);
  expect(html).not.toMatch(/<script|\son\w+=|https?:\/\/(?!127)/);
  for (const text of [
    'POST /v1/classify',
    'timeline',
    'session.update',
    'session.closed',
    'RATE_LIMITED',
    '25000000',
  ]) {
    expect(html).toContain(text);
  }
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, expect, test } from 'vitest';
import { callMars, jsonLines, startMars, voice, workspace, type Line, type RunningMars } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const ARGS = ['serve', '--model', 'tiny.onnx', '--workers', '1', '--port', '0', '--no-page'];

/** The service in a process of its own, once it listens. */
async function serving(
  args: readonly string[] = [],
  env?: NodeJS.ProcessEnv,
): Promise<
  Pick<RunningMars, 'result'> & { readonly url: string; readonly kill: (signal: NodeJS.Signals) => void }
> {
  let heard!: (url: string) => void;
  const url = new Promise<string>((resolve) => (heard = resolve));
  const running = startMars([...ARGS, ...args], {
    cwd: folder,
    env,
    onStdout: (stdout) => {
      const [, at] = /MARS listens at (\S+)/.exec(stdout) ?? [];
      if (at !== undefined) heard(at);
    },
  });
  return { result: running.result, kill: (signal) => running.kill(signal), url: await url };
}

const WAV = encodeWav({ samples: voice(), sampleRate: 16_000 });
const classify = (url: string, body: BodyInit = WAV, headers = {}) =>
  fetch(`${url}v1/classify`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

test('it answers what "mars classify --json" prints, and ends well when it is told to', async () => {
  await writeFile(join(folder, 'clip.wav'), WAV);
  const { kill, result, url } = await serving();
  const answer = (await (await classify(url)).json()) as Line;
  const { stdout } = await callMars(['classify', '-m', 'tiny.onnx', '--json', 'clip.wav'], { cwd: folder });
  const [printed] = jsonLines(stdout);
  expect({ ...answer, file: 'clip.wav', scores: [] }).toEqual({ ...printed, scores: [] });
  for (const [index, { label, score }] of answer.scores!.entries()) {
    expect(label).toBe(printed.scores![index].label);
    expect(Math.abs(score - printed.scores![index].score)).toBeLessThan(1e-5);
  }
  kill('SIGTERM');
  const { status, stderr } = await result;
  expect(status).toBe(0);
  const logged = stderr.split('\n').filter((line) => line.startsWith('{'));
  expect(logged.map((line) => (JSON.parse(line) as { status?: number }).status)).toContain(200);
});

test('it may write to no disk, and needs to write to none', async () => {
  const flags = '--permission --allow-fs-read=* --allow-child-process --allow-addons --allow-worker';
  const { kill, result, url } = await serving([], { ...process.env, NODE_OPTIONS: flags });
  const form = new FormData();
  form.set('file', new Blob([WAV]), 'clip.wav');
  form.set('config', JSON.stringify({ timeline: true }));
  for (const body of [WAV, form]) expect((await classify(url, body)).status).toBe(200);
  kill('SIGTERM');
  expect((await result).status).toBe(0);
});

test('a second signal ends it at once, whatever it does', async () => {
  const { kill, result, url } = await serving();
  // A body that never ends.
  const body = new ReadableStream({ start: (controller) => controller.enqueue(WAV) });
  const asked = classify(url, body).catch(() => undefined);
  while (!(await (await fetch(`${url}metrics`)).text()).match(/^mars_upload_bytes [1-9]/m));
  kill('SIGTERM');
  while ((await fetch(`${url}readyz`)).status !== 503);
  kill('SIGTERM');
  expect((await result).status).toBe(143);
  await asked;
});

test('keys are made, listed, asked for and revoked', async () => {
  const keys = ['--keys', 'keys.json'];
  const call = (...args: string[]) => callMars(['keys', ...args, ...keys], { cwd: folder });
  const { stdout: key } = await call('create', 'my assistant');
  expect(key).toMatch(/^mars_[\w-]{32}\n$/);
  expect(await readFile(join(folder, 'keys.json'), 'utf8')).not.toContain(key.trim());
  expect((await call('list')).stdout).toMatch(/^mars_[\w-]{8}…  20\d\d-\d\d-\d\d  my assistant\n$/);

  const { kill, result, url } = await serving(keys);
  const headers = { authorization: `Bearer ${key.trim()}` };
  expect((await classify(url)).status).toBe(401);
  expect((await classify(url, WAV, headers)).status).toBe(200);
  expect((await call('revoke', 'my assistant')).stderr).toMatch(/revoked mars_/);
  expect((await classify(url, WAV, headers)).status).toBe(401);
  kill('SIGINT');
  const { status, stderr } = await result;
  expect(status).toBe(0);
  expect(stderr).not.toContain(key.trim().slice(13));
  expect(await call('revoke', 'nobody')).toMatchObject({ status: 2 });
});

test.each([
  [['--host', '0.0.0.0', '--keys', 'none.json'], 'there is no key in none.json'],
  [['--allow-origin', 'example.org'], '--allow-origin came as example.org'],
  [['--host', '192.0.2.1', '--without-keys'], 'no such address'],
  [['--model', 'nowhere'], 'There is no model "nowhere"'],
  [['--log-level', 'trace'], 'Allowed choices are'],
])('%j: said what is wrong', async (args, message) => {
  const { status, stderr } = await startMars([...ARGS, ...args], { cwd: folder }).result;
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

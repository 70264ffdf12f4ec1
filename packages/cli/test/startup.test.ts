import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, expect, test } from 'vitest';
import { MARS, voice, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

/** Loaded before `mars`: prints the address of every module that follows. */
const SPY = `data:text/javascript,
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });`;

test.each([
  ['classified', ['classify', 'clip.wav']],
  ['explained', ['classify', '--explain', 'clip.wav']],
  ['followed over time', ['classify', '--timeline', 'clip.wav']],
  ['learnt from', ['calibrate', 'clip.wav', '--out', 'me.json']],
])('recordings are %s without what trains, draws or downloads being loaded', async (_, command) => {
  await writeFile(join(folder, 'clip.wav'), encodeWav({ samples: voice(), sampleRate: 16_000 }));
  const args = ['--import', SPY, MARS, ...command, '--model', 'tiny.onnx'];
  const loaded = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }).split('\n');
  const packages = loaded.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  expect([...new Set(packages)].sort()).toEqual([
    '@bufbuild/protobuf',
    'commander',
    'onnxruntime-common',
    'onnxruntime-node',
  ]);
  expect(loaded.filter((url) => url.endsWith('/training/src/choices.ts'))).toHaveLength(1);
  expect(loaded.filter((url) => url.endsWith('/training/src/index.ts'))).toEqual([]);
});

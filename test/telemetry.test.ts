import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

const RECOGNITION = `
  import { readFile } from 'node:fs/promises';
  import { loadRecogniser } from '@mars/core';
  await using recogniser = await loadRecogniser(await readFile('models/seed/model.onnx'));
  await recogniser.classify(await readFile('samples/man-plain.wav'));`;

const TRAINING = `
  import { readFile } from 'node:fs/promises';
  import '@mars/autograd';
  import { InferenceSession } from 'onnxruntime-node';
  await InferenceSession.create(await readFile('models/seed/model.onnx'));`;

/** ONNX Runtime by itself would make a number by which its maker knows the machine, and a queue of what is to be sent. */
const ITSELF = TRAINING.replace("import '@mars/autograd';", '');

test.each([
  ['recognition', RECOGNITION, []],
  ['training', TRAINING, []],
  ['ONNX Runtime by itself', ITSELF, ['.cache']],
])('what %s leaves of itself in an empty home', async (_, code, left) => {
  const home = await mkdtemp(join(tmpdir(), 'mars-home-'));
  try {
    // Nothing else of the environment: on a machine for tests ONNX Runtime keeps still on its own.
    const env = { PATH: process.env['PATH'], HOME: home };
    const args = ['--input-type=module-typescript', '--eval', code];
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await readdir(home)).toEqual(left);
  } finally {
    await rm(home, { recursive: true });
  }
});

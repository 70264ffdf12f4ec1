import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callMars, voice, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const recording = (durationSec: number) => encodeWav({ samples: voice({ durationSec }), sampleRate: 16_000 });

/** A corpus of two labels, of which the label map knows one. */
beforeAll(async () => {
  for (const label of ['joy', 'sad']) {
    await mkdir(join(folder, 'mine', label), { recursive: true });
    await writeFile(join(folder, 'mine', label, 'a.wav'), recording(label === 'joy' ? 1 : 1.2));
  }
  await writeFile(join(folder, 'map.json'), '{"joy": "happy"}');
  await writeFile(
    join(folder, 'mine.csv'),
    'file,emotion,speaker\nmine/joy/a.wav,happy,Ann\nmine/sad/a.wav,sad,Bob\n',
  );
});

test('corpus list names every corpus with its licence and source', async () => {
  const { status, stdout } = await callMars(['corpus', 'list']);
  expect(status).toBe(0);
  expect(stdout).toContain('mars corpus get ravdess');
  expect(stdout).toContain('register');
  const entries = (await callMars(['corpus', 'list', '--json'])).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; licence: string; citation: string });
  expect(entries.map(({ name }) => name)).toEqual(['ravdess', 'crema-d', 'tess', 'savee', 'emodb']);
  expect(entries.every(({ licence, citation }) => licence && citation)).toBe(true);
});

describe('corpus verify', () => {
  test('counts a folder per label, and says what its missing speakers mean', async () => {
    const { status, stdout, stderr } = await callMars(
      ['corpus', 'verify', 'mine', 'mine', '--labels', 'map.json'],
      {
        cwd: folder,
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('2 clips, 2 s, 2 at 16 kHz; 0 left out of training');
    expect(stdout).toMatch(/^ +all +happy +sad\nall +2 +1 +1\n/m);
    expect(stdout).toContain('Who speaks is not known');
    expect(stdout).toContain('No findings.');
  });

  test('a table as JSON, by speaker', async () => {
    const { status, stdout } = await callMars(['corpus', 'verify', 'mine', 'mine.csv', '--json'], {
      cwd: folder,
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      corpus: 'mine',
      clips: 2,
      speakers: { Ann: { happy: 1, sad: 0 }, Bob: { happy: 0, sad: 1 } },
      findings: [],
    });
    const { stdout: rows } = await callMars(['corpus', 'verify', 'mine', 'mine.csv', '--speakers'], {
      cwd: folder,
    });
    expect(rows).toMatch(/^Ann +1 +1 +0$/m);
  });

  test('status 1 for a fault that training would meet', async () => {
    const copy = join(folder, 'mine/sad/copy-of-joy.wav');
    await writeFile(copy, await readFile(join(folder, 'mine/joy/a.wav')));
    const { status, stdout } = await callMars(['corpus', 'verify', 'mine', 'mine', '--labels', 'map.json'], {
      cwd: folder,
    });
    await rm(copy);
    expect(status).toBe(1);
    expect(stdout).toContain(
      'fault: conflict\n  joy/a.wav = sad/copy-of-joy.wav: the same file under the labels happy and sad',
    );
  });

  test('status 0 for a fault that training leaves out', async () => {
    await mkdir(join(folder, 'crema'));
    await writeFile(
      join(folder, 'crema/1076_MTI_SAD_XX.wav'),
      encodeWav({ samples: new Float32Array(16_000), sampleRate: 16_000 }),
    );
    await writeFile(join(folder, 'crema/1001_DFA_ANG_XX.wav'), recording(1));
    const { status, stdout } = await callMars(['corpus', 'verify', 'crema-d', 'crema'], { cwd: folder });
    expect(status).toBe(0);
    expect(stdout).toContain('2 of 7442 clips');
    expect(stdout).toContain('fault: silent\n  1076_MTI_SAD_XX.wav: digital silence [left out]');
  });

  test('status 2 for labels that are no emotions', async () => {
    const { status, stderr } = await callMars(['corpus', 'verify', 'mine', 'mine'], { cwd: folder });
    expect(status).toBe(2);
    expect(stderr).toContain('"joy"');
  });
});

describe('corpus get', () => {
  test('of a corpus that is not to be fetched says where it is', async () => {
    const { status, stdout, stderr } = await callMars(['corpus', 'get', 'savee'], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/register.*CONFIG_INVALID/);
  });

  test('of a corpus that is there prints its folder', async () => {
    await mkdir(join(folder, 'corpora/tess'), { recursive: true });
    await writeFile(join(folder, 'corpora/tess/a.wav'), '');
    await writeFile(join(folder, 'corpora/tess/.mars-corpus.json'), '{"corpus":"tess","paths":["a.wav"]}');
    const { status, stdout, stderr } = await callMars(['corpus', 'get', 'tess'], { cwd: folder });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `${join(folder, 'corpora/tess')}\n`,
      stderr: 'mars: tess is there already.\n',
    });
  });
});

test.each(['list', 'verify', 'get'])('corpus %s --help teaches with examples', async (command) => {
  const { status, stdout } = await callMars(['corpus', command, '--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples:\\n {2}mars corpus ${command}`));
});

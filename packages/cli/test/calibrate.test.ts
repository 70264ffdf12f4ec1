import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, Profile } from '@mars/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { callMars, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const calibrate = (...args: string[]) =>
  callMars(['calibrate', '--model', 'tiny.onnx', ...args], { cwd: folder });
const profile = async (name = 'me.json') =>
  Profile.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
const clip = (pitchHz: number) =>
  encodeWav({ samples: syntheticVoice('sa io sue sa ', { pitchHz }), sampleRate: 16_000 });

beforeAll(async () => {
  for (const [index, emotion] of ['happy', 'happy', 'sad', 'sad'].entries()) {
    await mkdir(join(folder, 'me', emotion), { recursive: true });
    await writeFile(join(folder, 'me', emotion, `${index}.wav`), clip(110 + 40 * index));
  }
  await writeFile(
    join(folder, 'hum.wav'),
    encodeWav({
      samples: Float32Array.from({ length: 32_000 }, (_, i) => 0.3 * Math.sin(i / 40)),
      sampleRate: 16_000,
    }),
  );
  await writeFile(join(folder, 'letter.wav'), 'Dear Sir or Madam, this is a letter.');
  await mkdir(join(folder, 'joy'));
  await writeFile(join(folder, 'joy/a=b.wav'), clip(200));
});

describe('what is learnt', () => {
  let name: string;
  let number = 0;
  beforeEach(() => (name = `profiles/${number++}.json`));

  test('clips without emotions', async () => {
    const { status, stdout, stderr } = await calibrate('me', '--out', name);
    expect(await profile(name)).toMatchObject({ model: 'tiny', clips: 4, labelled: 0 });
    expect(stdout).toBe(`${name}: a voice, learnt from 4 clips, for the model "tiny"\n`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each([
    ['a folder per emotion', ['--labelled', 'me'], 4],
    [
      'an emotion before a folder, a file and a pattern',
      ['happy=me/happy', 'sad=me/sad/2.wav', 'sad=me/*/3.wav'],
      4,
    ],
    ['some with their emotion', ['happy=me/happy/0.wav', 'me/sad'], 1],
    ['a file with an equals sign in its name', ['joy/a=b.wav'], 0],
  ])('%s', async (_, args, labelled) => {
    const { status, stderr } = await calibrate(...args, '--out', name);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const learnt = await profile(name);
    expect(learnt.labelled).toBe(labelled);
    // Four clips of two emotions are what the last layer is fitted to.
    expect(learnt.lastLayer !== undefined).toBe(labelled === 4);
  });

  test('clips that cannot be used are reported, and the others are', async () => {
    const { status, stdout, stderr } = await calibrate(
      'me',
      'hum.wav',
      'letter.wav',
      'no.wav',
      '--json',
      '-o',
      name,
    );
    expect(JSON.parse(stdout)).toEqual({
      profile: name,
      model: 'tiny',
      clips: 4,
      labelled: 0,
      unused: [
        {
          file: 'hum.wav',
          error: { code: 'AUDIO_TOO_SHORT', message: expect.stringContaining('Nobody speaks') },
        },
        { file: 'letter.wav', error: { code: 'AUDIO_UNREADABLE', message: expect.any(String) } },
        { file: 'no.wav', error: { code: 'FILE_NOT_FOUND', message: expect.any(String) } },
      ],
    });
    expect(stderr).toBe('mars: 3 of 7 inputs could not be used.\n');
    expect(status).toBe(1);
    expect((await profile(name)).clips).toBe(4);
  });

  test('no clip can be used: no profile', async () => {
    const { status, stdout, stderr } = await calibrate('hum.wav', '--out', name);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^hum\.wav {2}AUDIO_TOO_SHORT: Nobody speaks/);
    await expect(stat(join(folder, name))).rejects.toThrow('ENOENT');
  });

  test.skipIf(process.platform === 'win32')('nobody but its owner may read it', async () => {
    await mkdir(join(folder, 'profiles'), { recursive: true });
    await writeFile(join(folder, name), 'everybody may read this', { mode: 0o644 });
    await calibrate('me', '--force', '--out', name);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });
});

test('a profile that is there is replaced with --force only', async () => {
  await writeFile(join(folder, 'mine.json'), 'keep me');
  const refused = await calibrate('me', '--out', 'mine.json');
  expect({ status: refused.status, stdout: refused.stdout }).toEqual({ status: 2, stdout: '' });
  expect(refused.stderr).toContain('replace it with --force. [CONFIG_INVALID]');
  expect(await readFile(join(folder, 'mine.json'), 'utf8')).toBe('keep me');
  await calibrate('me', '--force', '--out', 'mine.json');
  expect((await profile('mine.json')).clips).toBe(4);
});

describe('wrong usage: status 2, nothing on stdout, no profile', () => {
  test.each([
    ['no clip', [], "missing required argument 'input'"],
    [
      'an emotion of no model',
      ['joy=me/happy'],
      '"joy" (of me/happy/0.wav) is no emotion that the model knows',
    ],
    ['a folder of no emotion', ['--labelled', 'joy'], '"joy" (of joy/a=b.wav) is no emotion'],
    ['no such model', ['-m', 'nobody', 'me'], 'MODEL_NOT_FOUND'],
    ['a model without an embedding', ['-m', 'seed', 'me'], 'takes no profile'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await calibrate(...args, '--out', 'none.json');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    await expect(stat(join(folder, 'none.json'))).rejects.toThrow('ENOENT');
  });

  test('no --out', async () => {
    expect((await calibrate('me')).stderr).toContain("required option '-o, --out <file>' not specified");
  });
});

test('--help says what clips are worth, and whose data a profile is', async () => {
  const { stdout } = await callMars(['calibrate', '--help']);
  expect(stdout).toContain('What clips are worth:');
  expect(stdout).toContain('personal data');
});

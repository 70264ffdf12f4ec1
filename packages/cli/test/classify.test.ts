import { spawn } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callMars, jsonLines, MARS, mars, voice, workspace } from './mars.ts';

const SAMPLES = join(import.meta.dirname, '../../../samples');

const { folder, remove } = await workspace();
afterAll(remove);
const classify = (...args: string[]) =>
  callMars(['classify', '--model', 'tiny.onnx', ...args], { cwd: folder });

beforeAll(async () => {
  await mkdir(join(folder, 'calls/monday'), { recursive: true });
  const clip = encodeWav({ samples: voice(), sampleRate: 16_000 });
  await writeFile(join(folder, 'clip.wav'), clip);
  await writeFile(join(folder, 'calls/monday/one.WAV'), clip);
  await writeFile(join(folder, 'calls/two.wav'), clip);
  await writeFile(join(folder, 'calls/notes.txt'), 'not a recording');
});

describe('what is printed', () => {
  test('--json: one object per line, as the contract says', async () => {
    const { status, stdout, stderr } = await mars(['classify', '-m', 'tiny.onnx', '--json', 'clip.wav'], {
      cwd: folder,
    });
    const [line, ...rest] = jsonLines(stdout);
    expect(rest).toEqual([]);
    expect(Object.keys(line)).toEqual(['file', 'durationSec', 'verdict', 'emotion', 'confidence', 'scores']);
    expect(line).toMatchObject({ file: 'clip.wav', durationSec: 1, verdict: 'emotion' });
    const { scores = [], emotion, confidence } = line;
    expect(scores).toHaveLength(8);
    expect(scores[0]).toEqual({ label: emotion, score: confidence });
    expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('--csv: a header and a row per file, a column per label', async () => {
    const { stdout } = await classify('--csv', 'clip.wav', 'calls/notes.txt');
    const [header, clip, notes] = stdout.split('\n');
    expect(header).toMatch(
      /^file,durationSec,verdict,emotion,confidence,neutral,calm,.*,errorCode,errorMessage$/,
    );
    expect(clip).toMatch(/^clip\.wav,1,emotion,\w+,0\.\d+,.*,,$/);
    expect(notes).toMatch(/^calls\/notes\.txt,{13}AUDIO_UNREADABLE,"/);
  });

  test('a table by default; --top sets how many labels it shows', async () => {
    const { stdout } = await classify('--top', '3', 'clip.wav');
    const [header, row] = stdout.split('\n');
    expect(header).toMatch(/^file +length +emotion +confidence +next$/);
    expect(row).toMatch(/^clip\.wav +1\.0 s +\w+ +[█-▏·]{10} +\d+% {2}\w+ \d+%, \w+ \d+%$/u);
    expect((await classify('--top', '1', 'clip.wav')).stdout).toMatch(/\d+%\n$/);
  });

  test('a reader that closes the pipe ends the command quietly', async () => {
    const inputs = Array.from({ length: 30 }, () => 'clip.wav');
    const child = spawn(process.execPath, [MARS, 'classify', '--json', '-m', 'tiny.onnx', ...inputs], {
      cwd: folder,
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('what is found', () => {
  test.each([
    ['a folder', ['calls'], ['calls/monday/one.WAV', 'calls/two.wav']],
    ['a folder with a slash', ['./calls/'], ['./calls/monday/one.WAV', './calls/two.wav']],
    ['a pattern', ['calls/**/*.{wav,WAV}'], ['calls/monday/one.WAV', 'calls/two.wav']],
    ['a pattern from here', ['./c*.wav'], ['./clip.wav']],
    ['two inputs', ['clip.wav', 'calls/monday'], ['clip.wav', 'calls/monday/one.WAV']],
  ])('%s', async (_, inputs, files) => {
    const { status, stdout } = await classify('--json', ...inputs);
    expect(jsonLines(stdout).map(({ file }) => file)).toEqual(files);
    expect(status).toBe(0);
  });

  test('every sample that MARS ships is classified', async () => {
    const { status, stdout } = await classify('--json', SAMPLES);
    expect(jsonLines(stdout).filter((line) => 'error' in line)).toEqual([]);
    expect(jsonLines(stdout).length).toBeGreaterThanOrEqual(6);
    expect(status).toBe(0);
  });

  test('a model can be named by its folder', async () => {
    await mkdir(join(folder, 'mine'));
    await copyFile(join(folder, 'tiny.onnx'), join(folder, 'mine/model.onnx'));
    const { status } = await callMars(['classify', '--model', 'mine', 'clip.wav'], { cwd: folder });
    expect(status).toBe(0);
  });
});

describe('wrong usage: status 2, nothing on stdout, and a word on stderr', () => {
  test.each([
    ['no input', ['classify'], "missing required argument 'input'"],
    ['an unknown option', ['classify', '--jsn', 'clip.wav'], "unknown option '--jsn'"],
    ['an unknown command', ['clasify', 'clip.wav'], 'Did you mean classify?'],
    ['two formats', ['classify', '--json', '--csv', 'clip.wav'], 'cannot be used with'],
    ['--top 0', ['classify', '--top', '0', 'clip.wav'], 'A whole number from 1 upwards was expected'],
    ['a folder without recordings', ['classify', '-m', 'tiny.onnx', tmpdir() + '/no-*-such'], 'NO_INPUT'],
    ['no such model', ['classify', '--model', 'nobody', 'clip.wav'], 'MODEL_NOT_FOUND'],
    ['a model that is none', ['classify', '--model', 'clip.wav', 'clip.wav'], 'MODEL_INVALID'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await callMars(args, { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('an old Node is told what is needed', async () => {
    const child = spawn(process.execPath, ['--no-strip-types', MARS, '--help']);
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(2);
    expect(stderr).toContain('needs 22.18 or later');
  });
});

test('--help teaches with examples', async () => {
  const { status, stdout } = await mars(['classify', '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('mars classify --top 4 samples/');
});

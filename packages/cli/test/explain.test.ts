import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, loadRecogniser, type ExplainedVerdict } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModel } from '../../core/test/tiny-model.ts';
import { callMars, jsonLines, voice, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const CLIP = encodeWav({ samples: voice(), sampleRate: 16_000 });
const explain = (...args: string[]) =>
  callMars(['classify', '--model', 'tiny.onnx', ...args], { cwd: folder });

beforeAll(async () => {
  const wav = (samples: Float32Array) => encodeWav({ samples, sampleRate: 16_000 });
  await writeFile(join(folder, 'clip.wav'), CLIP);
  await writeFile(join(folder, 'silence.wav'), wav(new Float32Array(16_000)));
  await writeFile(join(folder, 'long.wav'), wav(voice({ durationSec: 31 })));
  await callMars(['calibrate', 'clip.wav', '-m', 'tiny.onnx', '-o', 'me.json'], { cwd: folder });
});

test('--json: what the library says, one object per line and file', async () => {
  const { status, stdout, stderr } = await explain(
    '--explain',
    '--json',
    'clip.wav',
    'silence.wav',
    'no.wav',
  );
  await using recogniser = await loadRecogniser(tinyModel());
  const expected = await recogniser.explain(CLIP);
  expect(expected.explanation?.stretches).toHaveLength(5);
  const [spoken, silent, failed, ...rest] = jsonLines<object>(stdout);
  expect(spoken).toEqual({ file: 'clip.wav', ...expected });
  expect(silent).toMatchObject({ file: 'silence.wav', verdict: 'no-speech', explanation: null });
  expect(failed).toMatchObject({ file: 'no.wav', error: { code: 'FILE_NOT_FOUND' } });
  expect(rest).toEqual([]);
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'mars: 1 of 3 inputs could not be classified.\n' });
});

test('for people: two rows below that of the file', async () => {
  const { status, stdout, stderr } = await explain('--explain', '--top', '1', 'clip.wav', 'silence.wav');
  const most = /(most: \S+ (s|Hz|kHz), without it \d+%|none raises the score by itself)$/.source;
  const [header, row, time, frequency, ...silent] = stdout.trimEnd().split('\n');
  expect(header).toMatch(/^file +length +emotion +confidence$/);
  expect(row).toMatch(/^clip\.wav +1\.0 s +\w+ +[█-▏·]{10} +\d+%$/u);
  expect(time).toMatch(new RegExp(`^  time       [▁-█·]{5} +0 … 1 s +${most}`, 'u'));
  expect(frequency).toMatch(new RegExp(`^  frequency  [▁-█·]{12}  0 … \\d+ kHz  ${most}`, 'u'));
  expect(silent).toEqual([
    expect.stringMatching(/^silence\.wav +1\.0 s +no speech$/),
    '  nobody speaks: nothing to explain',
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('what is too long says so, and --start and --end take a part of it', async () => {
  const whole = await explain('--explain', 'long.wav');
  expect(whole.status).toBe(1);
  expect(whole.stdout).toMatch(/long\.wav {2}AUDIO_TOO_LONG: 31\.0 s .* startSec and endSec/);
  const part = await explain('--start', '29.5', '--end', '30.5', '--json', 'long.wav');
  const [{ durationSec, explanation }] = jsonLines<ExplainedVerdict>(part.stdout);
  expect(durationSec).toBe(1);
  expect(explanation?.stretches[0].startSec).toBe(29.5);
  expect(explanation?.stretches.at(-1)?.endSec).toBe(30.5);
  expect((await explain('--start', '30.5', 'long.wav')).stdout).toMatch(/^ {2}time .* 30\.5 … 31 s {2}/m);
});

test('with a profile, and that is said', async () => {
  const { stdout } = await explain('--explain', '--profile', 'me.json', 'clip.wav');
  expect(stdout).toMatch(/^voice known from a profile of 1 clip\nfile [^]*\n {2}time /);
  const json = await explain('--explain', '--profile', 'me.json', '--json', 'clip.wav');
  expect(jsonLines<object>(json.stdout)).toMatchObject([{ knownVoice: { profileClips: 1, utterances: 0 } }]);
});

test('on a terminal, stderr says how far it is', async () => {
  const { isTTY, columns } = process.stderr;
  Object.assign(process.stderr, { isTTY: true, columns: 80 });
  try {
    const { stderr } = await explain('--explain', 'clip.wav');
    expect(stderr).toMatch(/\rclip\.wav {2}100% explained/);
    expect(stderr.endsWith('\r\u001B[K')).toBe(true);
  } finally {
    Object.assign(process.stderr, { isTTY, columns });
  }
});

describe('wrong usage: status 2 and nothing on stdout', () => {
  test.each([
    ['CSV', ['--explain', '--csv'], "option '--explain' cannot be used with option '--csv'"],
    ['a timeline', ['--explain', '-t'], "option '--explain' cannot be used with option '-t, --timeline'"],
    ['a page', ['--explain', '--html', 'page.html'], "cannot be used with option '-t, --timeline'"],
    ['a part of a timeline', ['--start', '1', '-t'], "cannot be used with option '-t, --timeline'"],
    ['a beginning in words', ['--start', 'now'], 'A number of seconds was expected'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await explain(...args, 'clip.wav');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

test('--help teaches it', async () => {
  const { stdout } = await callMars(['classify', '--help']);
  expect(stdout).toContain('mars classify --explain clip.wav');
  expect(stdout).toContain('--start and --end imply --explain');
});

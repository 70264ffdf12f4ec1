import { execFileSync } from 'node:child_process';
import { chmod, mkdir, open, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWav, WAV_CODINGS } from '../../core/src/audio/wav-fixture.ts';
import { tinyMetadata, tinyModel } from '../../core/test/tiny-model.ts';
import { jsonLines, type Line, mars, voice, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);
const write = (name: string, bytes: Uint8Array) => writeFile(join(folder, name), bytes);

const samples = Array.from(voice());
const good = makeWav({ channels: [samples] });
const float = WAV_CODINGS['float 32'];
/** Bytes that no format begins like: below 0x20. */
const rubbish = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + 7 * i + 3) % 32);

/** Two seconds of what is no voice, at 16 kHz. */
const sound = (sampleAt: (timeSec: number, index: number) => number) =>
  makeWav({ channels: [Array.from({ length: 32_000 }, (_, i) => sampleAt(i / 16_000, i))] });
const tone = (hz: number, timeSec: number) => Math.sin(2 * Math.PI * hz * timeSec);
/** -0.5 to 0.5 without a rule to the ear (Lehmer 1951). */
const whiteNoise = (seed = 1) => {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
};
const noise = whiteNoise();

/** Every file of the matrix with what must come of it: a verdict, or the code of an error. */
const MATRIX: [name: string, bytes: Uint8Array, expected: string][] = [
  ['good.wav', good, 'emotion'],
  ['empty.wav', new Uint8Array(), 'AUDIO_EMPTY'],
  ['header-only.wav', makeWav({ channels: [[]] }), 'AUDIO_EMPTY'],
  ['truncated.wav', good.subarray(0, 20_000), 'AUDIO_TRUNCATED'],
  ['truncated-in-header.wav', good.subarray(0, 40), 'AUDIO_TRUNCATED'],
  ['one-sample.wav', makeWav({ channels: [[0.5]] }), 'AUDIO_TOO_SHORT'],
  ['99-ms.wav', makeWav({ channels: [samples.slice(0, 1584)] }), 'AUDIO_TOO_SHORT'],
  ['silent.wav', makeWav({ channels: [samples.map(() => 0)] }), 'no-speech'],
  [
    'silent-8-bit.wav',
    makeWav({ channels: [samples.map(() => 0)], coding: WAV_CODINGS['PCM 8'] }),
    'no-speech',
  ],
  [
    'clipped.wav',
    makeWav({ channels: [samples.map((s) => Math.max(-1, Math.min(0.99, 20 * s)))] }),
    'emotion',
  ],
  ['white-noise.wav', sound(noise), 'no-speech'],
  ['hum.wav', sound((t) => 0.3 * tone(50, t) + 0.1 * tone(150, t)), 'no-speech'],
  ['dial-tone.wav', sound((t) => 0.2 * tone(350, t) + 0.2 * tone(440, t)), 'no-speech'],
  ['siren.wav', sound((t) => 0.4 * tone(600, t + 0.02 * tone(0.5, t))), 'no-speech'],
  ['chord.wav', sound((t) => 0.15 * (tone(262, t) + tone(330, t) + tone(392, t))), 'no-speech'],
  ['clicks.wav', sound((_, i) => (i % 4000 < 20 ? 0.8 : 0)), 'no-speech'],
  ['nan.wav', makeWav({ channels: [samples.with(9000, NaN)], coding: float }), 'AUDIO_NOT_FINITE'],
  ['infinite.wav', makeWav({ channels: [samples.with(0, -Infinity)], coding: float }), 'AUDIO_NOT_FINITE'],
  ['huge.wav', makeWav({ channels: [samples.map((s) => 1e30 * s)], coding: float }), 'AUDIO_NOT_FINITE'],
  ...Object.entries(WAV_CODINGS).map(([name, coding]): [string, Uint8Array, string] => [
    `${name}.wav`,
    makeWav({ channels: [samples], coding }),
    'emotion',
  ]),
  ...[8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000].map(
    (sampleRate): [string, Uint8Array, string] => [
      `${sampleRate}-hz.wav`,
      encodeWav({ samples: voice({ sampleRate }), sampleRate }),
      'emotion',
    ],
  ),
  ...[1, 2, 3, 6, 8].map((count): [string, Uint8Array, string] => [
    `${count}-channels.wav`,
    makeWav({ channels: Array.from({ length: count }, () => samples), extensible: count > 2 }),
    'emotion',
  ]),
  ['wave-called.mp3', good, 'emotion'],
  ['wave-called.txt', good, 'emotion'],
  ['text-called.wav', new TextEncoder().encode('Dear Sir or Madam, this is a letter.'), 'AUDIO_UNREADABLE'],
  ['rubbish.flac', rubbish, 'AUDIO_UNREADABLE'],
  ['(brackets) [and] {braces} *.wav', good, 'emotion'],
];

const OTHERS: [name: string, expected: string][] = [
  ['missing.wav', 'FILE_NOT_FOUND'],
  ['good.wav/inside.wav', 'FILE_NOT_FOUND'],
  ['dangling.wav', 'FILE_NOT_FOUND'],
  ['circle.wav', 'FILE_UNREADABLE'],
  ['locked.wav', process.getuid?.() === 0 ? 'emotion' : 'FILE_UNREADABLE'], // root may read everything
  ['empty-folder.wav', 'NO_INPUT'],
  ['nothing-*.wav', 'NO_INPUT'],
];

let lines: Line[];
let status: number | null;
let stderr: string;

beforeAll(async () => {
  for (const [name, bytes] of MATRIX) await write(name, bytes);
  await write('locked.wav', good);
  await chmod(join(folder, 'locked.wav'), 0);
  await symlink('nowhere.wav', join(folder, 'dangling.wav'));
  await symlink('circle.wav', join(folder, 'circle.wav'));
  await mkdir(join(folder, 'empty-folder.wav'));
  const names = [...MATRIX, ...OTHERS].map(([name]) => name);
  const result = await mars(['classify', '--json', '--model', 'tiny.onnx', ...names], { cwd: folder });
  ({ status, stderr } = result);
  lines = jsonLines(result.stdout);
});

test('every input has its line, in the order given, under its own name', () => {
  expect(lines.map(({ file }) => file)).toEqual([...MATRIX, ...OTHERS].map(([name]) => name));
});

test.each([...MATRIX.map(([name, , expected]) => [name, expected]), ...OTHERS])(
  '%s: %s',
  (name, expected) => {
    const line = lines.find(({ file }) => file === name);
    expect(line?.verdict ?? line?.error?.code).toBe(expected);
  },
);

test('every error says more than its code', () => {
  const messages = lines.flatMap(({ error }) => (error ? [error.message] : []));
  expect(messages.length).toBeGreaterThan(10);
  for (const message of messages) expect(message).toMatch(/^[A-Z].{30,}/);
});

test('the exit status says that some failed, and stderr how many', () => {
  const failed = lines.filter((line) => 'error' in line).length;
  expect(status).toBe(1);
  expect(stderr).toBe(`mars: ${failed} of ${lines.length} inputs could not be classified.\n`);
});

test('all codings of one signal get the same scores', () => {
  const scores = (name: string) =>
    new Map(lines.find(({ file }) => file === name)?.scores?.map(({ label, score }) => [label, score]));
  const reference = scores('good.wav');
  expect(reference.size).toBe(8);
  for (const name of [
    'PCM 24.wav',
    'PCM 32.wav',
    'float 32.wav',
    'float 64.wav',
    '8-channels.wav',
    'wave-called.txt',
  ]) {
    for (const [label, score] of reference) expect(scores(name).get(label)).toBeCloseTo(score, 2);
  }
});

test.skipIf(process.platform === 'win32')('a file that vanishes between listing and reading', async () => {
  await mkdir(join(folder, 'vanishing'));
  await write('vanishing/a.wav', good);
  await write('vanishing/b.wav', good);
  // MARS lists everything, then waits at the pipe: once the pipe can be opened for writing, the listing is done.
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const running = mars(['classify', '--json', '--model', 'tiny.onnx', 'pipe', 'vanishing'], { cwd: folder });
  const pipe = await open(join(folder, 'pipe'), 'w');
  await rm(join(folder, 'vanishing/a.wav'));
  await pipe.writeFile(good);
  await pipe.close();

  const result = await running;
  expect(jsonLines(result.stdout)).toMatchObject([
    { file: 'pipe', verdict: 'emotion' },
    { file: 'vanishing/a.wav', error: { code: 'FILE_NOT_FOUND' } },
    { file: 'vanishing/b.wav', verdict: 'emotion' },
  ]);
  expect(result.status).toBe(1);
});

test('an hour is classified as a whole', async () => {
  const minute = voice({ durationSec: 60, sampleRate: 8000 });
  const hour = new Float32Array(60 * minute.length);
  for (let i = 0; i < 60; i++) hour.set(minute, i * minute.length);
  await write('hour.wav', encodeWav({ samples: hour, sampleRate: 8000 }));
  // A model at 2 kHz: the way is that of every model, with a tenth of the arithmetic.
  await write('slow.onnx', tinyModel({ metadata: tinyMetadata({ sampleRate: '2000' }) }));
  const result = await mars(['classify', '--json', '--model', 'slow.onnx', 'hour.wav'], { cwd: folder });
  expect(jsonLines(result.stdout)).toMatchObject([
    { file: 'hour.wav', durationSec: 3600, verdict: 'emotion' },
  ]);
  expect(result.status).toBe(0);
});

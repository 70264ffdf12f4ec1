import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, loadRecogniser, type Timeline } from '@mars/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS, launchChromium } from '../../../test/chromium.ts';
import { tinyModel } from '../../core/test/tiny-model.ts';
import { callMars, jsonLines, mars, startMars, talk, workspace, type Result } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const TALK = encodeWav({ samples: talk(), sampleRate: 16_000 });
const follow = (...args: string[]) =>
  callMars(['classify', '--timeline', '--model', 'tiny.onnx', ...args], { cwd: folder });

beforeAll(async () => {
  await writeFile(join(folder, 'talk.wav'), TALK);
  await writeFile(
    join(folder, 'silence.wav'),
    encodeWav({ samples: new Float32Array(16_000), sampleRate: 8000 }),
  );
  await writeFile(join(folder, 'letter.wav'), 'Dear Sir or Madam, this is a letter.');
  await callMars(['calibrate', 'talk.wav', '-m', 'tiny.onnx', '-o', 'me.json'], { cwd: folder });
  const profile = await readFile(join(folder, 'me.json'), 'utf8');
  await writeFile(join(folder, 'other.json'), profile.replace(/"space":"\w+"/, '"space":"another"'));
});

test('--json: what the library says, one object per line and file', async () => {
  const { status, stdout, stderr } = await follow('--json', 'talk.wav', 'silence.wav', 'letter.wav');
  await using recogniser = await loadRecogniser(tinyModel());
  const expected = await recogniser.timeline(TALK);
  expect(expected.segments.length).toBeGreaterThanOrEqual(3);
  const [spoken, silent, failed, ...rest] = jsonLines<object>(stdout);
  expect(spoken).toEqual({ file: 'talk.wav', ...expected });
  expect(silent).toMatchObject({ file: 'silence.wav', durationSec: 2, segments: [] });
  expect(failed).toMatchObject({ file: 'letter.wav', error: { code: 'AUDIO_UNREADABLE' } });
  expect(rest).toEqual([]);
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'mars: 1 of 3 inputs could not be classified.\n' });
});

test.skipIf(process.platform === 'win32')('a pipe is as good as a file', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const piped = mars(['classify', '--timeline', '--json', '-m', 'tiny.onnx', 'pipe'], { cwd: folder });
  await writeFile(join(folder, 'pipe'), TALK);
  const [fromPipe] = jsonLines<Timeline>((await piped).stdout);
  const [fromFile] = jsonLines<Timeline>((await follow('--json', 'talk.wav')).stdout);
  expect(fromPipe).toEqual({ ...fromFile, file: 'pipe' });
});

test('--csv: a row per segment', async () => {
  const { stdout } = await follow('--csv', 'talk.wav', 'silence.wav', 'letter.wav');
  const [header, ...rows] = stdout.trimEnd().split('\n');
  expect(header).toMatch(/^file,startSec,endSec,verdict,emotion,confidence,neutral,.*,errorMessage$/);
  expect(rows.slice(0, -1).every((row) => /^talk\.wav,\d[\d.]*,\d[\d.]*,\w+,\w+,0\.\d+,/.test(row))).toBe(
    true,
  );
  expect(rows.length).toBeGreaterThanOrEqual(4);
  expect(rows.at(-1)).toMatch(/^letter\.wav,{14}AUDIO_UNREADABLE,"/);
});

test('for people: strip, segments, sum; without colours where nobody looks', async () => {
  const { stdout, stderr } = await follow('talk.wav');
  expect(stdout).toMatch(
    /^talk\.wav {2}9\.0 s, of which speech \d\.\d s \(\d+%\)\n\n {2}0:00 {2}[A-Za-z·]{36}\n/,
  );
  expect(stdout).toMatch(/^ {2}0:0\d\.\d – 0:0\d\.\d {2}\w \w+\?? +[█-▏·]{10} +\d+%$/mu);
  expect(stdout).toMatch(/^ {2}changes +(none|\d times?: )/m);
  expect(stderr).toBe('');
});

test('colours where they are forced, unless they are unwanted', async () => {
  const args = ['classify', '--timeline', '-m', 'tiny.onnx', 'talk.wav'];
  const env = { FORCE_COLOR: '1' };
  const [coloured, not] = await Promise.all([
    startMars(args, { cwd: folder, env }).result,
    startMars([...args, '--no-color'], { cwd: folder, env }).result,
  ]);
  expect(coloured.stdout).toContain('\u001B[48;2;');
  expect(not.stdout).not.toContain('\u001B');
});

test('on a terminal, stderr says how far it is and how fast', async () => {
  const { isTTY, columns } = process.stderr;
  Object.assign(process.stderr, { isTTY: true, columns: 80 });
  try {
    const { stderr } = await follow('talk.wav');
    expect(stderr).toMatch(/\rtalk\.wav {2}0:0\d \(100%\), \d+ times as fast as real time/);
    expect(stderr.endsWith('\r\u001B[K')).toBe(true);
  } finally {
    Object.assign(process.stderr, { isTTY, columns });
  }
});

describe('who speaks', () => {
  test('a profile and one speaker change the verdicts, and these say so', async () => {
    const [plain] = jsonLines<Timeline>((await follow('--json', 'talk.wav')).stdout);
    const [known] = jsonLines<Timeline>(
      (await follow('--json', '--profile', 'me.json', '--one-speaker', 'talk.wav')).stdout,
    );
    expect(plain.segments[0].knownVoice).toBeUndefined();
    expect(known.segments[0].knownVoice).toEqual({ profileClips: 1, utterances: 0 });
    expect(known.segments.at(-1)?.knownVoice?.utterances).toBeGreaterThan(0);
    expect(known.segments[0].scores).not.toEqual(plain.segments[0].scores);
    const { stdout } = await follow('--profile', 'me.json', '--one-speaker', 'talk.wav');
    expect(stdout).toMatch(
      /^ {2}voice known from a profile of 1 clip and up to \d earlier utterances? of the same/m,
    );
  });

  test('a profile for whole clips', async () => {
    const args = ['classify', '-m', 'tiny.onnx', '--profile', 'me.json', 'talk.wav'];
    const json = await callMars([...args, '--json'], { cwd: folder });
    expect(jsonLines<object>(json.stdout)).toMatchObject([
      { knownVoice: { profileClips: 1, utterances: 0 } },
    ]);
    const table = await callMars(args, { cwd: folder });
    expect(table.stdout).toMatch(/^voice known from a profile of 1 clip\nfile /);
  });
});

test('windows and pauses as long as they are wanted', async () => {
  const count = async (...args: string[]) =>
    jsonLines<Timeline>((await follow('--json', ...args, 'talk.wav')).stdout)[0];
  const long = await count('--min-silence', '5');
  const short = await count();
  expect(long.segments[0].endSec - long.segments[0].startSec).toBeGreaterThan(2.5);
  expect(short.segments[0].endSec).toBeLessThan(2.5);
  const windows = await count('--window', '0.5', '--hop', '0.25');
  expect(windows.segments.length).toBeGreaterThan(short.segments.length);
});

describe('wrong usage: status 2 and nothing on stdout', () => {
  test.each([
    ['a window of nothing', ['--window', '0.1'], 'windowSec is 0.1; 0.5 to 60 s is expected'],
    ['a window of words', ['--window', 'long'], 'A number of seconds was expected'],
    ['no such profile', ['--profile', 'you.json'], '--profile you.json: There is no such file'],
    ['a profile that is a recording', ['--profile', 'talk.wav'], 'This is no JSON'],
    ['a profile of another model', ['--profile', 'other.json'], '[PROFILE_INVALID]'],
    ['a model that takes none', ['--model', 'seed', '--profile', 'me.json'], '[MODEL_INVALID]'],
    ['--top', ['--top', '3'], "cannot be used with option '-t, --timeline'"],
    ['a page where none can be', ['--html', '.'], '--html . cannot be written (it is a folder)'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await follow(...args, 'talk.wav');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('--html', () => {
  let browser: Browser;
  let written: Result;
  beforeAll(async () => {
    browser = await launchChromium();
    await writeFile(join(folder, 'a <b>.wav'), TALK);
    written = await callMars(
      ['classify', '-m', 'tiny.onnx', '--html', 'out/page.html', 'a <b>.wav', 'silence.wav', 'letter.wav'],
      { cwd: folder },
    );
  }, CHROMIUM_TIMEOUT_MS);
  afterAll(() => browser.close());

  test('needs nothing but itself, and says what it cannot say', async () => {
    expect(written.status).toBe(1);
    expect(written.stderr).toContain('mars: wrote out/page.html\n');
    const html = await readFile(join(folder, 'out/page.html'), 'utf8');
    expect(html).not.toMatch(/<script|<link|src=|url\(|https?:/);
    expect(html.replaceAll(/\s+/g, ' ')).toContain('It is not what somebody feels');
    expect(html).toContain('a &#60;b&#62;.wav');
    expect(html).toContain('nobody speaks');
    expect(html).toContain('<code>AUDIO_UNREADABLE</code>');
  });

  test.each([
    [360, 'light'],
    [360, 'dark'],
    [900, 'dark'],
  ] as const)(
    'at %d pixels, %s: nothing sticks out, and every picture has its text',
    async (width, colorScheme) => {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      await page.goto(`file://${join(folder, 'out/page.html')}`);
      const seen = await page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - innerWidth,
        pictures: [...document.querySelectorAll('svg')]
          .filter((svg) => svg.getBoundingClientRect().width > 0)
          .map((svg) => `${svg.getAttribute('role')} ${svg.getAttribute('aria-label')}`),
        bars: new Set([...document.querySelectorAll('svg rect')].map((rect) => getComputedStyle(rect).fill))
          .size,
        rows: document.querySelectorAll('details tbody tr').length,
      }));
      await page.close();
      expect(seen.overflow).toBe(0);
      expect(seen.pictures).toEqual([
        expect.stringMatching(/^img a <b>\.wav over time\. Of the speech: \w+ \d+%/),
      ]);
      expect(seen.rows).toBeGreaterThanOrEqual(3);
      expect(seen.bars).toBeGreaterThanOrEqual(1);
    },
  );
});

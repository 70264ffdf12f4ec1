import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav, loadRecogniser, type Timeline } from '@mars/core';
import { afterAll, expect, test } from 'vitest';
import { syntheticVoice } from '../../packages/core/test/synthetic-voice.ts';
import { startExample } from '../shared/start-example.ts';
import { writeWeek } from './page.ts';
import { daysOf, recordedAt, weekAround, type Entry } from './week.ts';

const folder = await mkdtemp(join(tmpdir(), 'mars-diary-'));
afterAll(() => rm(folder, { recursive: true }));

/** Whatever would reach for the network fails, and says so. */
const NO_NETWORK = `data:text/javascript,${encodeURIComponent(`
import net from 'node:net';
import dgram from 'node:dgram';
const refuse = () => { console.error('NETWORK'); process.exit(9); };
net.Socket.prototype.connect = refuse;
net.Server.prototype.listen = refuse;
dgram.Socket.prototype.send = refuse;
`)}`;

const local = (year: number, month: number, day: number, hour = 0, minute = 0) =>
  new Date(year, month - 1, day, hour, minute);

test.each([
  ['2026-11-16.wav', local(2026, 11, 16)],
  ['2026-11-16 08.30.wav', local(2026, 11, 16, 8, 30)],
  ['Recording_20261116-2359.m4a.flac', local(2026, 11, 16, 23, 59)],
  ['2026-11-16T08-30-12.ogg', local(2026, 11, 16, 8, 30)],
  ['walk.wav', local(2020, 1, 1)],
  ['2026-02-31.wav', local(2020, 1, 1)],
  ['912026-11-16.wav', local(2020, 1, 1)],
])('%s was recorded when its name says so, else when it was written', (name, expected) => {
  expect(recordedAt(name, local(2020, 1, 1))).toEqual(expected);
});

test.each([local(2026, 11, 16), local(2026, 11, 18, 12), local(2026, 11, 22, 23, 59)])(
  'the week of %s begins on a Monday and ends on a Sunday',
  (moment) => {
    const midnights = weekAround(moment);
    expect(midnights[0]).toEqual(local(2026, 11, 16));
    expect(midnights.at(-1)).toEqual(local(2026, 11, 23));
    expect(midnights).toHaveLength(8);
  },
);

const entry = (at: Date, speechSec: number, shares: Record<string, number>): Entry => ({
  file: `${at.getDate()}.wav`,
  at,
  durationSec: speechSec,
  segments: [],
  summary: {
    speechSec,
    shares: Object.entries(shares).map(([emotion, share]) => ({ emotion, share })),
    uncertainShare: 1 - Object.values(shares).reduce((sum, share) => sum + share, 0),
    changes: [],
    strongest: [],
  } satisfies Timeline['summary'],
});

test('a day is the sum of what was said on it, by its length', () => {
  const [monday, tuesday] = daysOf(weekAround(local(2026, 11, 16)), [
    entry(local(2026, 11, 16, 20), 30, { sad: 1 }),
    entry(local(2026, 11, 16, 8), 10, { happy: 0.5 }),
    entry(local(2026, 11, 23), 99, { angry: 1 }),
  ]);
  expect(monday.entries.map(({ at }) => at.getHours())).toEqual([8, 20]);
  expect(monday).toMatchObject({
    speechSec: 40,
    shares: [
      { emotion: 'sad', share: 0.75 },
      { emotion: 'happy', share: 0.125 },
    ],
    uncertainShare: 0.125,
  });
  expect(tuesday).toMatchObject({ speechSec: 0, shares: [], uncertainShare: 0 });
});

test('the page needs nothing but itself, and names of files do nothing in it', () => {
  const hostile = { ...entry(local(2026, 11, 16), 5, { happy: 1 }), file: '<script src=//example.org>.wav' };
  const page = writeWeek(daysOf(weekAround(local(2026, 11, 16)), [hostile]), { profile: 'p', unheard: [] });
  expect(page).not.toMatch(/<script|<link|<img|<iframe|url\(|@import|\s(?:src|href)=["']/i);
  expect(page).toContain('&#60;script');
});

test('a week from recordings and a profile, without a network, for its owner alone', async () => {
  const model = await readFile(join(import.meta.dirname, '../../models/flagship/model.onnx'));
  await using recogniser = await loadRecogniser(model);
  const profile = await recogniser.calibrate([
    { recording: { samples: syntheticVoice('sa io sue'), sampleRate: 16_000 } },
  ]);
  await writeFile(join(folder, 'me.json'), JSON.stringify(profile));
  const said = (text: string, pitchHz: number) =>
    encodeWav({ samples: syntheticVoice(text, { pitchHz }), sampleRate: 16_000 });
  await writeFile(join(folder, '2026-11-16 08.30.wav'), said('sa io sue ea', 120));
  await writeFile(join(folder, '2026-11-18.wav'), said('so ei sua', 200));
  await writeFile(join(folder, '2026-11-09.wav'), said('so ei sua', 200));
  await writeFile(join(folder, 'undated.wav'), said('ou sa ei', 160));
  await utimes(join(folder, 'undated.wav'), local(2026, 11, 20), local(2026, 11, 20, 18));
  await writeFile(join(folder, '2026-11-19.wav'), 'this is no recording');
  const out = join(folder, 'week.html');
  await writeFile(out, 'an old page', { mode: 0o644 });

  const args = [folder, '--profile', join(folder, 'me.json'), '--week', '2026-11-17', '--out', out];
  const { status, stdout, stderr } = await startExample('diary/diary.ts', args, {
    execArgv: ['--import', NO_NETWORK],
  });
  expect(stderr).toMatch(/^This diary is for your own voice.*Art\. 5\(1\)\(f\)/s);
  expect(stderr).not.toContain('NETWORK');
  expect(stdout).toBe(`${out}\n`);
  // One recording could not be heard.
  expect(status).toBe(1);
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const page = await readFile(out, 'utf8');
  expect(page).toContain('16 November to 22 November 2026');
  expect(page).toContain('3 recording(s), with a profile of 1 clips');
  expect(page).toContain('2026-11-19.wav could not be heard');
  expect(page).toContain('undated.wav');
  expect(page).not.toContain('2026-11-09.wav');
});

test.concurrent.each([
  [[], 'Name the folder'],
  [[join(import.meta.dirname)], 'There is no recording in'],
  [['samples', '--week', 'soon'], '--week came as "soon"'],
  [['samples', '--profile', 'README.md'], 'README.md is no JSON'],
])('it says what is wrong with %j', async (args, message) => {
  const { status, stdout, stderr } = await startExample('diary/diary.ts', args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

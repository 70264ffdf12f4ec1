import { MarsError, type Verdict } from '@mars/core';
import { expect, test } from 'vitest';
import { clipCsv, clipTable } from './clip-report.ts';
import { failure, type Outcome } from './outcome.ts';

const LABELS = ['calm', 'happy', 'angry'];

function heard(file: string, changes: Partial<Verdict> = {}): Outcome<Verdict> {
  const scores = [
    { label: 'angry', score: 0.75 },
    { label: 'calm', score: 0.2 },
    { label: 'happy', score: 0.05 },
  ];
  return {
    file,
    durationSec: 2.44,
    verdict: 'emotion',
    emotion: 'angry',
    confidence: 0.75,
    scores,
    ...changes,
  };
}

test.each([
  ['an emotion', heard('a.wav'), 'a.wav     2.4 s  angry       ███████▌··  75%  calm 20%'],
  [
    'an uncertain one',
    heard('a.wav', { verdict: 'uncertain' }),
    'a.wav     2.4 s  angry?      ███████▌··  75%  calm 20%',
  ],
  ['nobody speaks', heard('a.wav', { verdict: 'no-speech', emotion: null }), 'a.wav     2.4 s  no speech'],
  ['minutes', heard('a.wav', { durationSec: 725 }), 'a.wav     12:05  angry       ███████▌··  75%  calm 20%'],
  ['hours', heard('a.wav', { durationSec: 3605 }), 'a.wav   1:00:05  angry       ███████▌··  75%  calm 20%'],
  ['certainty', heard('a.wav', { confidence: 1 }), 'a.wav     2.4 s  angry       ██████████ 100%  calm 20%'],
  ['an error', failure('a.wav', new MarsError('AUDIO_EMPTY', 'Nothing.')), 'a.wav  AUDIO_EMPTY: Nothing.'],
])('table: %s', (_, outcome, line) => {
  expect(clipTable(['a.wav'], LABELS, { top: 2 }).lines(outcome)).toEqual([line]);
});

test('table: a long path keeps its two ends, and columns stay in place', () => {
  const file = `${'folder/'.repeat(20)}clip.wav`;
  const {
    header: [header],
    lines,
  } = clipTable([file], LABELS, { top: 2 });
  const [row] = lines(heard(file));
  expect(row).toMatch(/^folder\/.*….*\/clip\.wav {2}/);
  expect(row.indexOf('angry')).toBe(header.indexOf('emotion'));
});

test('csv: scores stand under their labels, and fields with commas and quotes are quoted', () => {
  const { header, lines } = clipCsv(LABELS);
  expect(header).toEqual([
    'file,durationSec,verdict,emotion,confidence,calm,happy,angry,errorCode,errorMessage',
  ]);
  expect(lines(heard('a, "b".wav'))).toEqual(['"a, ""b"".wav",2.44,emotion,angry,0.75,0.2,0.05,0.75,,']);
  expect(lines(failure('c.wav', new MarsError('AUDIO_EMPTY', 'No,\nnothing.')))).toEqual([
    'c.wav,,,,,,,,AUDIO_EMPTY,"No,\nnothing."',
  ]);
});

test('a fault of MARS itself is a line like the others', () => {
  expect(failure('a.wav', new RangeError('out of range'))).toMatchObject({
    error: { code: 'INTERNAL', message: expect.stringContaining('out of range') },
  });
});

test('table: what is known of the voice stands above it', () => {
  const { header } = clipTable(['a.wav'], LABELS, { top: 1, notes: ['voice known'] });
  expect(header).toEqual(['voice known', 'file     length  emotion     confidence']);
});

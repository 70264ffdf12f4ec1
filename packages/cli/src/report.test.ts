import { MarsError } from '@mars/core';
import { expect, test } from 'vitest';
import { csvReport, failure, type Outcome, tableReport } from './report.ts';

const LABELS = ['calm', 'happy', 'angry'];

function heard(file: string, changes: Partial<Extract<Outcome, { verdict: string }>> = {}): Outcome {
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
  expect(tableReport(['a.wav'], LABELS, 2).line(outcome)).toBe(line);
});

test('table: a long path keeps its two ends, and columns stay in place', () => {
  const file = `${'folder/'.repeat(20)}clip.wav`;
  const { header = '', line } = tableReport([file], LABELS, 2);
  const row = line(heard(file));
  expect(row).toMatch(/^folder\/.*….*\/clip\.wav {2}/);
  expect(row.indexOf('angry')).toBe(header.indexOf('emotion'));
});

test('csv: scores stand under their labels, and fields with commas and quotes are quoted', () => {
  const { header, line } = csvReport(LABELS);
  expect(header).toBe('file,durationSec,verdict,emotion,confidence,calm,happy,angry,errorCode,errorMessage');
  expect(line(heard('a, "b".wav'))).toBe('"a, ""b"".wav",2.44,emotion,angry,0.75,0.2,0.05,0.75,,');
  expect(line(failure('c.wav', new MarsError('AUDIO_EMPTY', 'No,\nnothing.')))).toBe(
    'c.wav,,,,,,,,AUDIO_EMPTY,"No,\nnothing."',
  );
});

test('a fault of MARS itself is a line like the others', () => {
  expect(failure('a.wav', new RangeError('out of range'))).toMatchObject({
    error: { code: 'INTERNAL', message: expect.stringContaining('out of range') },
  });
});

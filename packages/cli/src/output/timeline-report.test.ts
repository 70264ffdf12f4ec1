import { MarsError } from '@mars/core';
import { expect, test } from 'vitest';
import { plain } from './colours.ts';
import { failure } from './outcome.ts';
import { LABELS, segment, timeline } from './timeline-fixture.ts';
import { timelineCsv, timelineView } from './timeline-report.ts';

const TALK = timeline(20, [
  segment(1, 3, 'happy'),
  segment(3, 4, 'sad', 0.9),
  segment(10, 11.5, 'angry', 0.4, { verdict: 'uncertain' }),
  segment(12, 12.3, null, 0),
]);

test('for people: a line, the strip, the segments, the sum', () => {
  const { lines } = timelineView(LABELS, { columns: 60, paint: plain });
  expect(lines({ file: 'talk.wav', ...TALK }).join('\n')).toBe(
    `
talk.wav  20.0 s, of which speech 4.5 s (23%)

  0:00  ··HHHHSS············aaa·················
        H happy  S sad  A angry
        a column is 0.5 s; small letters are uncertain, dots are pauses

   start      end    emotion     confidence
  0:01.0 – 0:03.0  H happy       ████████··  80%
  0:03.0 – 0:04.0  S sad         █████████·  90%
  0:10.0 – 0:11.5  a angry?      ████······  40%
  0:12.0 – 0:12.3    no speech

  happy       ████▌·····  44%  2.0 s     strongest at 0:01 (80%)
  sad         ██▎·······  22%  1.0 s     strongest at 0:03 (90%)
  uncertain   ███▍······  33%  1.5 s
  changes     1 time: happy → sad at 0:03`.trimStart(),
  );
});

test('for people: what is known of the voice, silence and errors', () => {
  const { lines } = timelineView(LABELS, { paint: plain });
  const knownVoice = { profileClips: 1, utterances: 3 };
  const known = timeline(5, [segment(0, 1, 'sad', 0.5, { knownVoice })]);
  expect(lines({ file: 'a', ...known })[1]).toBe(
    '  voice known from a profile of 1 clip and up to 3 earlier utterances of the same speaker',
  );
  expect(lines({ file: 'b', ...timeline(65, []) })).toEqual(['', 'b  1:05, nobody speaks']);
  expect(lines(failure('c', new MarsError('AUDIO_EMPTY', 'Nothing.')))).toEqual([
    '',
    'c  AUDIO_EMPTY: Nothing.',
  ]);
});

test('csv: a row per segment, none for silence, one for an error', () => {
  const { header, lines } = timelineCsv(LABELS);
  expect(header).toEqual([
    'file,startSec,endSec,verdict,emotion,confidence,neutral,happy,sad,angry,surprised,errorCode,errorMessage',
  ]);
  const [row, ...others] = lines({ file: 'talk.wav', ...TALK });
  expect(others).toHaveLength(3);
  expect(row).toMatch(/^talk\.wav,1,3,emotion,happy,0\.8,0\.0\d+,0\.8,(0\.0\d+,){3},$/);
  expect(lines({ file: 'b', ...timeline(65, []) })).toEqual([]);
  expect(lines(failure('c', new MarsError('AUDIO_EMPTY', 'Nothing.')))).toEqual([
    'c,,,,,,,,,,,AUDIO_EMPTY,Nothing.',
  ]);
});

import { MarsError } from '@mars/core';
import { expect, test } from 'vitest';
import { duration, failureLine, statusLine } from './progress.ts';

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [119.7, '2 min 0 s'],
  [3725, '62 min 5 s'],
])('%f seconds are "%s"', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('a failure names file, code and reason', () => {
  const clip = {
    file: '/a/b.wav',
    id: 'b.wav',
    corpus: 'ravdess',
    speaker: 'Actor_01',
    emotion: 'calm',
  } as const;
  const error = new MarsError('AUDIO_EMPTY', 'The file holds 0 bytes.');
  expect(failureLine({ clip, error })).toBe('/a/b.wav  AUDIO_EMPTY: The file holds 0 bytes.');
});

/** A stream that keeps what is written. */
function fakeStream(isTTY: boolean, columns = 10) {
  let written = '';
  const stream = { isTTY, columns, write: (text: string) => (written += text) };
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => written };
}

test('on a terminal the line is written over and over, cut to its width; in a log it is left out', () => {
  const terminal = fakeStream(true);
  const log = fakeStream(false);
  for (const { stream } of [terminal, log]) {
    const line = statusLine(stream);
    line.show('step 1 of many');
    line.log('epoch 1');
    line.clear();
  }
  expect(terminal.written()).toBe('\rstep 1 of\u001B[K\r\u001B[Kepoch 1\n\r\u001B[K');
  expect(log.written()).toBe('epoch 1\n');
});

test('a terminal that does not know its width is taken to have 80 columns', () => {
  const { stream, written } = fakeStream(true, 0);
  statusLine(stream).show('x'.repeat(100));
  expect(written()).toBe(`\r${'x'.repeat(79)}\u001B[K`);
});

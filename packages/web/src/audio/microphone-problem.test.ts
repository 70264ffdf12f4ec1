import { expect, test } from 'vitest';
import { MicrophoneError, problemOf } from './microphone-problem.ts';

test.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'none'],
  ['NotReadableError', 'busy'],
  ['AbortError', 'busy'],
  ['OverconstrainedError', 'gone'],
  ['SecurityError', 'denied'],
  ['TypeError', 'failed'],
])('%s is told as %s', (name, problem) => {
  expect(problemOf(new DOMException('as the browser says it', name))).toBe(problem);
});

test('what is told already stays as it is, and what is no error at all has failed', () => {
  expect(problemOf(new MicrophoneError('insecure'))).toBe('insecure');
  expect(problemOf('no error')).toBe('failed');
});

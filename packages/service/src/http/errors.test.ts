import { ERROR_CODES, MarsError } from '@mars/core';
import { expect, test } from 'vitest';
import { errorBody, HTTP_STATUS, tellable } from './errors.ts';

test('every code has a status, and no status is without its code', () => {
  expect(Object.keys(HTTP_STATUS).sort()).toEqual(Object.keys(ERROR_CODES).sort());
  for (const status of Object.values(HTTP_STATUS)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  }
});

test.each([
  [new MarsError('AUDIO_EMPTY', 'Nothing.'), 'AUDIO_EMPTY', 'Nothing.'],
  [
    Object.assign(new Error('x'), { code: 'FST_FILES_LIMIT', statusCode: 413 }),
    'REQUEST_INVALID',
    'several files',
  ],
  [Object.assign(new Error('odd'), { statusCode: 400 }), 'REQUEST_INVALID', 'odd'],
  [new Error('the password is 123'), 'INTERNAL', 'MARS itself failed'],
  ['thrown', 'INTERNAL', 'MARS itself failed'],
  [undefined, 'INTERNAL', 'MARS itself failed'],
  [null, 'INTERNAL', 'MARS itself failed'],
])('%s is told as %s', (thrown, code, message) => {
  const { error } = errorBody(tellable(thrown), 'a-1');
  expect(error).toMatchObject({ code, request_id: 'a-1' });
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('password');
});

import { expect, test } from 'vitest';
import { lettersOf } from './emotion-letters.ts';
import { EMOTIONS } from './emotions.ts';

test('every emotion has a letter of its own', () => {
  expect([...lettersOf(EMOTIONS).values()].join('')).toBe('NCHSAFDU');
});

test('a label gets its first letter that is free, whatever its script and case', () => {
  expect(Object.fromEntries(lettersOf(['sad', 'SAY', 'élan', '1st']))).toEqual({
    sad: 'S',
    SAY: 'A',
    élan: 'É',
    '1st': 'T',
  });
});

test('where none is free, or there is none, a question mark stands', () => {
  expect([...lettersOf(['a', 'aa', '1']).values()]).toEqual(['A', '?', '?']);
});

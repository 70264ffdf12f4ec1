import { expect, test } from 'vitest';
import { ravdess } from '../../test/clips.ts';
import type { Clip } from '../corpora/clip.ts';
import { splitEmobox } from './emobox.ts';
import { splitStatement } from './statement.ts';

const sentencesOf = (part: readonly Clip[]) => new Set(part.map(({ statement }) => statement));

test('each fold of emobox twice: one sentence heard, the other tested', () => {
  const folds = splitStatement(ravdess, { trainOn: 'speech+song' });
  expect(folds).toHaveLength(12);
  for (const { name, train, validation, test } of folds) {
    const [tested] = sentencesOf(test);
    expect(name.endsWith(`-${tested}`)).toBe(true);
    const heard = new Set([tested === 'kids' ? 'dogs' : 'kids']);
    expect([train, validation, test].map(sentencesOf)).toEqual([heard, heard, new Set([tested])]);
  }
  const names = folds.map(({ name }) => name);
  expect(names.slice(0, 2).sort()).toEqual(['statement-1-dogs', 'statement-1-kids']);
});

test('both ways together test what emobox tests', () => {
  const tested = splitStatement(ravdess).flatMap((fold) => fold.test);
  expect(new Set(tested)).toEqual(new Set(splitEmobox(ravdess).flatMap((fold) => fold.test)));
  expect(tested).toHaveLength(1440);
});

test('one sentence is not enough', () => {
  expect(() => splitStatement(ravdess.filter(({ statement }) => statement === 'kids'))).toThrow(
    expect.objectContaining({ code: 'CORPUS_INVALID', message: expect.stringContaining('1 (kids) came') }),
  );
});

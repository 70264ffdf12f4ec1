import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ravdess } from '../../test/clips.ts';
import { splitEmobox } from './emobox.ts';
import { hashTestPart, type Fold } from './fold.ts';
import { splitSeed } from './seed.ts';

describe('the hash of a test part', () => {
  const flat = ['ravdess/03-01-01-01-01-01-01.wav', 'ravdess/03-01-01-01-01-01-02.wav'];

  test('is the same in other folders, formats and orders, where file names tell the takes apart', () => {
    const packed = [
      'ravdess/speech/Actor_02/03-01-01-01-01-01-02.flac',
      'ravdess/Actor_01/03-01-01-01-01-01-01.flac',
    ];
    expect(hashTestPart(packed)).toBe(hashTestPart(flat));
    expect(hashTestPart(flat.slice(0, 1))).not.toBe(hashTestPart(flat));
  });

  test('tells files of the same name apart where folders tell who speaks', () => {
    expect(hashTestPart(['mine/anna/1.wav'])).toBe(hashTestPart(['mine/anna/1.flac']));
    expect(hashTestPart(['mine/anna/1.wav'])).not.toBe(hashTestPart(['mine/bert/1.wav']));
    expect(hashTestPart(['mine/anna/1.wav'])).not.toBe(hashTestPart(['yours/anna/1.wav']));
  });
});

/** Models and runs that are there already name their split: it must never divide otherwise. */
test.each([
  ['seed', splitSeed(ravdess), 'fa7174b3c293f86a'],
  ['emobox', splitEmobox(ravdess), 'f877e47f66982cc9'],
])('%s divides as it always did', (_, folds, expected) => {
  expect(digest(folds)).toBe(expected);
});

function digest(folds: readonly Fold[]): string {
  const ids = folds.map(({ name, train, validation, test }) => [
    name,
    ...[train, validation, test].map((part) => part.map(({ id }) => id)),
  ]);
  return createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 16);
}

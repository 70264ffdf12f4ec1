import { describe, expect, test } from 'vitest';
import { ravdess } from '../../test/clips.ts';
import type { Clip } from '../corpora/clip.ts';
import { splitCross } from './cross.ts';
import { splitEmobox } from './emobox.ts';
import { splitEnrol, type Enrolment } from './enrol.ts';

const emobox = splitEmobox(ravdess);
const byId = (one: Clip, other: Clip) => one.id.localeCompare(other.id);
const perSpeaker = (clips: readonly Clip[], keyOf: (clip: Clip) => string) =>
  new Set(
    [
      ...Map.groupBy(clips, ({ speaker, ...clip }) => `${speaker} ${keyOf({ speaker, ...clip })}`).values(),
    ].map(({ length }) => length),
  );

test.each([
  ['emotions', 3, 4 * 8 * 3],
  ['emotions', 1, 4 * 8],
  ['neutral', 4, 4 * 4],
  ['unlabelled', 8, 4 * 8],
] as const)('%s, %i: of every test actor, and never tested', (what, k, count) => {
  for (const [i, fold] of splitEnrol(ravdess, k, what).entries()) {
    const enrolment = fold.enrolment!;
    expect(enrolment).toHaveLength(count);
    expect(perSpeaker(enrolment, what === 'emotions' ? ({ emotion }) => emotion : () => '')).toEqual(
      new Set([k]),
    );
    expect(fold.test.filter((clip) => enrolment.includes(clip))).toEqual([]);
    // But for Actor_07's recording that is there twice: where one is heard, the other is not tested.
    const left = emobox[i].test.filter((clip) => !enrolment.includes(clip));
    const twins = left.filter(({ contentHash }) =>
      enrolment.some((clip) => clip.contentHash === contentHash),
    );
    expect(fold.test).toEqual(left.filter((clip) => !twins.includes(clip)));
    expect(fold.train).toEqual(emobox[i].train);
    expect(fold.validation).toEqual(emobox[i].validation);
    expect(fold.enrolmentLabelled).toBe(what !== 'unlabelled');
    expect(fold.within).toEqual(emobox[i]);
  }
});

test('within cross: of every speaker of the corpus that is tested, over the emotions of both sides', () => {
  const others = ravdess.map((clip) => ({ ...clip, corpus: 'elsewhere', id: `elsewhere/${clip.id}`, speaker: `E${clip.speaker}`, contentHash: undefined })); // prettier-ignore
  const clips = [...ravdess, ...others.filter(({ emotion }) => emotion !== 'calm')];
  const options = { testCorpus: 'elsewhere' };
  const [fold] = splitEnrol(clips, 4, 'unlabelled', { within: 'cross', ...options });
  const [cross] = splitCross(clips, options);
  expect(fold.name).toBe('cross-unlabelled-4-elsewhere');
  expect(fold.within).toEqual(cross);
  expect(fold.labels).toEqual(cross.labels);
  expect(perSpeaker(fold.enrolment!, () => '')).toEqual(new Set([4]));
  expect([...fold.enrolment!, ...fold.test].toSorted(byId)).toEqual(cross.test.toSorted(byId));
  expect(fold.enrolmentLabelled).toBe(false);
});

test('of the room: so many clips by anybody, for one profile', () => {
  const others = ravdess.map((clip) => ({ ...clip, corpus: 'elsewhere', speaker: `E${clip.speaker}`, contentHash: undefined })); // prettier-ignore
  const [fold] = splitEnrol([...ravdess, ...others], 16, 'room', {
    within: 'cross',
    testCorpus: 'elsewhere',
  });
  expect(fold.name).toBe('cross-room-16-elsewhere');
  expect(fold.enrolment).toHaveLength(16);
  expect(new Set(fold.enrolment!.map(({ speaker }) => speaker)).size).toBeGreaterThan(4);
  expect(fold.test).toHaveLength(fold.within!.test.length - 16);
  expect([fold.enrolmentShared, fold.enrolmentLabelled]).toEqual([true, false]);
});

test('where a recording is enrolled, its double is not tested', () => {
  const seeds = Array.from({ length: 12 }, (_, splitSeed) => splitSeed);
  const lengths = seeds.map((splitSeed) => splitEnrol(ravdess, 3, 'emotions', { splitSeed })[3].test.length);
  // Whether one of the two is drawn is left to chance.
  expect(new Set(lengths)).toEqual(new Set([143, 144]));
});

test('more clips are the same clips and more', () => {
  const [one, three] = [1, 3].map((k) =>
    splitEnrol(ravdess, k, 'emotions').flatMap(({ enrolment }) => enrolment!),
  );
  expect(one.filter((clip) => !three.includes(clip))).toEqual([]);
});

test('of an emotion with k clips or fewer, one is left to test', () => {
  for (const { enrolment, test: tested, labels } of splitEnrol(ravdess, 5, 'emotions')) {
    const counts = (clips: readonly Clip[], wanted: (emotion: string) => boolean) =>
      perSpeaker(
        clips.filter(({ emotion }) => wanted(emotion)),
        ({ emotion }) => emotion,
      );
    expect(counts(enrolment!, (emotion) => emotion === 'neutral')).toEqual(new Set([3]));
    expect(counts(enrolment!, (emotion) => emotion !== 'neutral')).toEqual(new Set([5]));
    expect(counts(tested, (emotion) => emotion === 'neutral')).toEqual(new Set([1]));
    expect(labels).toHaveLength(8);
  }
});

test('neutral is not scored where all its clips were enrolled', () => {
  const [fold] = splitEnrol(ravdess, 4, 'neutral');
  expect(fold.labels).toEqual(['calm', 'happy', 'sad', 'angry', 'fearful', 'disgust', 'surprised']);
});

describe('too many', () => {
  test.each([
    ['emotions', 8, 'enrol-8: 8 clips of each emotion of ravdess/Actor_01 were to be set apart'],
    ['emotions', 8, 'at most 7 can be'],
    ['neutral', 5, 'enrol-neutral-5: 5 neutral clips of ravdess/Actor_01'],
    ['unlabelled', 61, 'enrol-unlabelled-61'],
    ['unlabelled', 60, '0 are left to test'],
  ] as const satisfies (readonly [Enrolment, number, string])[])('%s, %i', (what, k, words) => {
    expect(() => splitEnrol(ravdess, k, what)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(words) }),
    );
  });
});

import { expect, test } from 'vitest';
import type { Prediction } from './evaluate.ts';
import { sumUp } from './experiment-report.ts';

const LABELS = ['calm', 'angry'];
const SPEAKERS = ['Ann', 'Bob', 'Cem', 'Dan', 'Eva', 'Fay'];
const answer = (emotion: string, right: boolean) => {
  const isCalm = (emotion === 'calm') === right;
  return { predicted: LABELS[isCalm ? 0 : 1], scores: isCalm ? [0.8, 0.2] : [0.2, 0.8] };
};

/** Ten clips of each emotion, of which so many are heard rightly with and without the profile. */
function clipsOf(speaker: string, without: number, withProfile: number): Prediction[] {
  return LABELS.flatMap((emotion) =>
    Array.from({ length: 10 }, (_, i) => ({
      id: `${speaker}/${emotion}/${i}`,
      speaker,
      emotion,
      ...answer(emotion, i < withProfile),
      withoutProfile: answer(emotion, i < without),
    })),
  );
}

const effectOf = (rows: readonly (readonly Prediction[])[]) =>
  sumUp(
    'tiny',
    'enrol-1',
    LABELS,
    rows.map((predictions, seed) => ({ fold: 'all', seed, predictions })),
  );

test('the same clips with profiles and without, speaker by speaker', () => {
  const seed = (more: number) =>
    SPEAKERS.flatMap((speaker, i) => clipsOf(speaker, 4 + (i % 3), i === 0 ? 3 : 7 + (i % 2) + more));
  const { profiles, overSeeds, groups } = effectOf([seed(0), seed(1)]);
  const { without, gain, perSpeaker, worst, leastGain, harmed, unlearnt } = profiles!;
  expect(without.overSeeds.uar).toEqual({ mean: expect.closeTo(0.5), sd: 0 });
  expect(gain.difference.uar).toBeCloseTo(overSeeds.uar.mean - 0.5, 9);
  expect(gain.interval!.uar.low).toBeLessThan(gain.difference.uar);
  expect(gain.interval!.uar.high).toBeGreaterThan(gain.difference.uar);
  // Of the 64 patterns of signs, that one where Ann alone loses, its like where she alone gains, and all or none.
  expect(gain.permutation.pValue).toBeCloseTo(4 / 64, 9);
  expect(perSpeaker.map(({ name, uarWith }) => [name, uarWith])).toEqual(
    groups.speaker.map(({ name, uar }) => [name, uar]),
  );
  expect(worst.without).toMatchObject({ name: 'Ann', uarWithout: 0.4 });
  expect(worst.with).toMatchObject({ name: 'Ann', uarWith: 0.3 });
  expect(leastGain).toBe(perSpeaker[0]);
  expect(harmed).toBe(1);
  expect(unlearnt).toEqual([]);
});

test('losses of up to a point harm nobody', () => {
  const speaker = (lost: number) =>
    [...Array(10).keys()].map((seed) => clipsOf('Ann', 5, seed < lost ? 4 : 5));
  // One clip of ten in one seed of ten, and in two of them.
  expect(effectOf(speaker(1)).profiles!.harmed).toBe(0);
  expect(effectOf(speaker(2)).profiles!.harmed).toBe(1);
});

test('without an enrolment there is nothing to say', () => {
  const plain = clipsOf('Ann', 5, 5).map((row) => ({ ...row, withoutProfile: undefined }));
  expect(effectOf([plain]).profiles).toBeUndefined();
});

import { createRandom } from '@mars/autograd';
import { expect, test } from 'vitest';
import { measure, type Prediction } from './evaluate.ts';
import { readableParts, sumUp, type Tested } from './experiment-report.ts';

const LABELS = ['calm', 'angry'];

/** A clip named rightly or not, with as much certainty. */
function clip(speaker: string, right: boolean, more: Partial<Prediction> = {}): Prediction {
  const scores = right ? [0.8, 0.2] : [0.2, 0.8];
  return { id: 'id', speaker, emotion: 'calm', predicted: LABELS[right ? 0 : 1], scores, ...more };
}

function report(tested: readonly Tested[]) {
  return sumUp('tiny', 'emobox', LABELS, tested);
}

/** Six speakers in two folds, each right as often as the share says. */
function drawRun(seeds: readonly number[]): Tested[] {
  const shares = [0.2, 0.4, 0.5, 0.6, 0.8, 0.9];
  return seeds.flatMap((seed) =>
    [0, 1].map((fold) => {
      const random = createRandom(`${seed}/${fold}`);
      const ofFold = shares.filter((_, speaker) => speaker % 2 === fold);
      const predictions = ofFold.flatMap((share) =>
        Array.from({ length: 20 }, () => clip(`speaker ${share}`, random.next() < share)),
      );
      return { fold: `${fold}`, seed, predictions };
    }),
  );
}

test('an interval over speakers holds the mean over seeds, and speakers who differ make it wide', () => {
  const tested = drawRun([0, 1, 2]);
  const { overSpeakers, overSeeds, groups } = report(tested);
  const { low, high } = overSpeakers!.uar;
  expect(low).toBeLessThan(overSeeds.uar.mean);
  expect(high).toBeGreaterThan(overSeeds.uar.mean);
  // The normal approximation from the speakers' own figures.
  const uars = groups.speaker.map(({ uar }) => uar);
  const mean = uars.reduce((a, b) => a + b, 0) / uars.length;
  const error = Math.sqrt(uars.reduce((sum, uar) => sum + (uar - mean) ** 2, 0)) / uars.length;
  expect(low).toBeCloseTo(mean - 1.96 * error, 1);
  expect(high).toBeCloseTo(mean + 1.96 * error, 1);
  // Seeds add models, not speakers: the same predictions again make it no narrower.
  const again = tested.map((model) => ({ ...model, seed: model.seed + 3 }));
  expect(report([...tested, ...again]).overSpeakers).toEqual({
    accuracy: { low: expect.closeTo(overSpeakers!.accuracy.low, 12), high: expect.any(Number) },
    uar: { low: expect.closeTo(low, 12), high: expect.closeTo(high, 12) },
    macroF1: expect.anything(),
    weightedF1: expect.anything(),
  });
});

test('speakers who are all alike leave nothing to chance; one alone says nothing', () => {
  const alike = ['Ann', 'Bob', 'Cem'].flatMap((name) => [clip(name, true), clip(name, false)]);
  const { overSpeakers } = report([{ fold: 'all', seed: 0, predictions: alike }]);
  expect(overSpeakers!.uar).toEqual({ low: 0.5, high: 0.5 });
  const alone = report([{ fold: 'all', seed: 0, predictions: [clip('Ann', true)] }]);
  expect(alone.overSpeakers).toBeNull();
});

test('a seed that has tested some speakers only counts where it has', () => {
  const all = drawRun([0]);
  const late = { fold: '0', seed: 1, predictions: all[0].predictions };
  expect(report([...all, late]).overSpeakers!.uar.high).toBeLessThanOrEqual(1);
});

test('groups by what is known of a clip; speakers of two corpora stay apart', () => {
  const predictions = [
    clip('1', true, { corpus: 'tess', statement: 'b', intensity: 'strong' }),
    clip('1', false, { corpus: 'savee', statement: 'a' }),
    clip('2', true, { corpus: 'savee', statement: 'a' }),
  ];
  const { groups } = report([{ fold: 'all', seed: 0, predictions }]);
  const table = (rows: typeof groups.speaker = []) => rows.map(({ name, clips, uar }) => [name, clips, uar]);
  expect(table(groups.corpus)).toEqual([
    ['savee', 2, 0.5],
    ['tess', 1, 1],
  ]);
  expect(table(groups.statement)).toEqual([
    ['a', 2, 0.5],
    ['b', 1, 1],
  ]);
  expect(table(groups.intensity)).toEqual([['strong', 1, 1]]);
  expect(table(groups.speaker)).toEqual([
    ['savee/1', 1, 0],
    ['savee/2', 1, 1],
    ['tess/1', 1, 1],
  ]);
  expect(readableParts(groups).map(({ name }) => name)).toEqual([
    'intensity strong',
    'statement a',
    'statement b',
    'corpus savee',
    'corpus tess',
  ]);
  const words = Array.from({ length: 13 }, (_, i) => ({ ...groups.statement![0], name: `word ${i}` }));
  expect(readableParts({ ...groups, statement: words })).toHaveLength(3);
});

test('calibration over all clips of a seed together, and the accuracy of its surest', () => {
  const [right, wrong] = [clip('Ann', true), clip('Bob', false)];
  const { overClips, overSeeds } = report([
    { fold: 'a', seed: 0, predictions: [right, right] },
    { fold: 'b', seed: 0, predictions: [right, wrong] },
  ]);
  const all = [right, right, right, wrong];
  expect(overClips!.ece).toEqual({ mean: expect.closeTo(measure(all, LABELS).ece, 12), sd: 0 });
  expect(overClips!.ece.mean).toBeLessThan(overSeeds.ece.mean);
  // All are equally sure: three of the four that chance lets in are right.
  expect(overClips!.accuracyAt80.mean).toBeCloseTo(0.75, 12);
});

test('probabilistic figures of each training, and those of verdicts where there are any', () => {
  const heard = [clip('Ann', true, { verdict: 'emotion' }), clip('Bob', false, { verdict: 'uncertain' })];
  const deaf = [clip('Ann', true, { verdict: 'uncertain' }), clip('Bob', true, { verdict: 'no-speech' })];
  const { trainings, overSeeds, overTrainings } = report([
    { fold: 'a', seed: 0, predictions: heard },
    { fold: 'a', seed: 1, predictions: deaf },
  ]);
  expect(trainings[0]).toMatchObject({
    coverage: 0.5,
    selectiveAccuracy: 1,
    brier: measure(heard, LABELS).brier,
  });
  expect(trainings[1]).toMatchObject({ coverage: 0 });
  expect(overSeeds.coverage).toEqual({ mean: 0.25, sd: expect.closeTo(Math.sqrt(0.125), 12) });
  expect(overTrainings.selectiveAccuracy).toEqual({ mean: 1, sd: 0 });
  const without = report([{ fold: 'a', seed: 0, predictions: [clip('Ann', true)] }]);
  expect(without.overSeeds).not.toHaveProperty('coverage');
  expect(without.overSeeds.brier!.mean).toBeCloseTo(0.08, 12);
});

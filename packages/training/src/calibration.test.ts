import { readFileSync } from 'node:fs';
import { createRandom } from '@mars/autograd';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibrate, fitCalibration, fitTemperature, fitThreshold } from './calibration.ts';
import { measure, type Prediction } from './evaluate.ts';
import { logLoss, riskCoverageCurve } from './probabilistic-metrics.ts';

const { temperatures } = JSON.parse(
  readFileSync(new URL('./fixtures/inference.json', import.meta.url), 'utf8'),
) as { temperatures: { yTrue: number[]; scores: number[][]; temperature: number; logLoss: number }[] };

const LABELS = ['calm', 'happy', 'sad', 'angry'];

/** Scores whose classes are drawn with exactly those odds, then made as sure as 1 / `temperature` says. */
function drawPredictions(clips: number, temperature: number, seed = 0): Prediction[] {
  const random = createRandom(seed);
  return Array.from({ length: clips }, (_, i) => {
    const odds = softmax(LABELS.map(() => 1.5 * random.normal()));
    let rest = random.next();
    const truth = odds.findIndex((share) => (rest -= share) < 0);
    const scores = softmax(odds.map((share) => temperature * Math.log(share)));
    const predicted = LABELS[scores.indexOf(Math.max(...scores))];
    return { id: `${i}`, speaker: 'Ann', emotion: LABELS[Math.max(0, truth)], predicted, scores };
  });
}

describe('temperature', () => {
  test.each(temperatures)('as scipy: $temperature', ({ yTrue, scores, ...expected }) => {
    const temperature = fitTemperature(yTrue, scores);
    expect(temperature).toBeCloseTo(expected.temperature, 5);
    const calibrated = scores.map((row) => softmax(row.map((score) => Math.log(score) / temperature)));
    expect(logLoss(yTrue, calibrated)).toBeCloseTo(expected.logLoss, 10);
  });

  test.each([0.5, 1, 2.5])('finds the %d by which scores were spoilt', (temperature) => {
    const { yTrue, scores } = unzip(drawPredictions(6000, temperature));
    expect(fitTemperature(yTrue, scores) / temperature).toBeCloseTo(1, 1);
  });

  test('no other does better', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.1, max: 15, noNaN: true }), (seed, other) => {
        const { yTrue, scores } = unzip(drawPredictions(30, 2, seed));
        const lossAt = (temperature: number) =>
          logLoss(
            yTrue,
            scores.map((row) => softmax(row.map((score) => Math.log(score) / temperature))),
          );
        expect(lossAt(fitTemperature(yTrue, scores))).toBeLessThanOrEqual(lossAt(other) + 1e-12);
      }),
    );
  });

  test.each([
    ['always right', [0, 1], 0.05],
    ['always wrong', [1, 0], 20],
  ])('of a model that is %s it stops at its bound', (_, yTrue, bound) => {
    const scores = [
      [0.9, 0.1],
      [0.2, 0.8],
    ];
    expect(fitTemperature(yTrue, scores)).toBe(bound);
  });

  test('of equal scores it is 1, and a score of 0 is no obstacle', () => {
    expect(fitTemperature([0, 1], [Array(3).fill(1 / 3), Array(3).fill(1 / 3)])).toBe(1);
    const sure = [
      [1, 0],
      [1, 0],
      [1, 0],
    ];
    // Scores of 2/3 and 1/3 would take a temperature of 126.
    expect(fitTemperature([0, 0, 1], sure)).toBe(20);
  });
});

describe('threshold', () => {
  const scores = [0.95, 0.9, 0.8, 0.6, 0.55].map((sure) => [sure, 1 - sure]);

  test.each([
    // Kept from the surest on: right, right, wrong, right, wrong → 1, 1, 2/3, 3/4, 3/5.
    ['the lowest that keeps the promise', [0, 0, 1, 0, 1], { targetAccuracy: 0.75 }, 0.575],
    ['a promise of more', [0, 0, 1, 0, 1], { targetAccuracy: 0.9, minCoverage: 0.4 }, 0.85],
    ['nothing held back where all is well', [0, 0, 0, 0, 1], { targetAccuracy: 0.8 }, 0],
    [
      'out of reach with enough clips: the least risk',
      [0, 0, 1, 0, 1],
      { targetAccuracy: 0.9, minCoverage: 0.6 },
      0.575,
    ],
    ['all wrong: all kept', [1, 1, 1, 1, 1], {}, 0],
  ])('%s', (_, yTrue, options, threshold) => {
    expect(fitThreshold(yTrue, scores, options)).toBeCloseTo(threshold, 12);
  });

  test('whatever the clips, it keeps enough of them, and its promise or the best that can be had', () => {
    const options = { targetAccuracy: 0.75, minCoverage: 0.5 };
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 120 }), (seed, clips) => {
        const { yTrue, scores: drawn } = unzip(drawPredictions(clips, 1, seed));
        const threshold = fitThreshold(yTrue, drawn, options);
        const kept = drawn.map((row, i) => ({ row, i })).filter(({ row }) => Math.max(...row) >= threshold);
        const right = kept.filter(({ row, i }) => row.indexOf(Math.max(...row)) === yTrue[i]);
        expect(kept.length / clips).toBeGreaterThanOrEqual(options.minCoverage);
        const best = riskCoverageCurve(yTrue, drawn)
          .filter(({ coverage }) => coverage >= options.minCoverage)
          .map(({ risk }) => 1 - risk);
        const promise = Math.min(options.targetAccuracy, Math.max(...best));
        expect(right.length / kept.length).toBeGreaterThanOrEqual(promise - 1e-12);
      }),
    );
  });
});

describe('a calibration', () => {
  const calibration = fitCalibration(drawPredictions(120, 3, 1), LABELS);

  test('fitted on 120 clips mends what it has not seen', () => {
    const unseen = drawPredictions(2000, 3, 2);
    const calibrated = calibrate(unseen, LABELS, calibration);
    const [before, after] = [measure(unseen, LABELS), measure(calibrated, LABELS)];
    expect(calibration.temperature).toBeGreaterThan(2);
    expect(calibration.temperature).toBeLessThan(4.5);
    expect(after.ece).toBeLessThan(before.ece / 2);
    expect(after.brier).toBeLessThan(before.brier);
    expect(after.logLoss).toBeLessThan(before.logLoss);
    expect(after.accuracy).toBe(before.accuracy);
    expect(before).not.toHaveProperty('coverage');
    expect(after.selectiveAccuracy).toBeGreaterThan(after.accuracy);
    expect(after.selectiveAccuracy).toBeCloseTo(0.75, 1);
  });

  test('leaves what it cannot read, and has figures when it keeps nothing', () => {
    const [prediction] = drawPredictions(1, 1);
    const silent: Prediction = { ...prediction, verdict: 'no-speech' };
    expect(calibrate([silent], LABELS, calibration)).toEqual([silent]);
    const unsure = calibrate([prediction], LABELS, { temperature: 1, threshold: 1 });
    expect(unsure[0].verdict).toBe('uncertain');
    expect(measure(unsure, LABELS)).toMatchObject({ coverage: 0 });
    expect(measure(unsure, LABELS)).not.toHaveProperty('selectiveAccuracy');
  });

  test.each([
    ['no prediction', [], 'NO_INPUT'],
    ['an emotion without a label', [{ ...drawPredictions(1, 1)[0], emotion: 'bored' }], 'CONFIG_INVALID'],
  ])('is refused for %s', (_, predictions, code) => {
    expect(() => fitCalibration(predictions, LABELS)).toThrow(expect.objectContaining({ code }));
  });
});

function unzip(predictions: readonly Prediction[]): { yTrue: number[]; scores: (readonly number[])[] } {
  return {
    yTrue: predictions.map(({ emotion }) => LABELS.indexOf(emotion)),
    scores: predictions.map(({ scores }) => scores),
  };
}

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accuracyAtCoverage,
  areaUnderRiskCoverage,
  brierScore,
  expectedCalibrationError,
  logLoss,
  reliabilityBins,
  riskCoverageCurve,
} from './probabilistic-metrics.ts';

interface Case {
  readonly name: string;
  readonly yTrue: number[];
  readonly scores?: number[][];
  readonly ece: number;
  readonly brier: number;
  readonly logLoss: number;
  readonly reliability: { accuracy: number[]; confidence: number[] };
  /** [coverage, risk] */
  readonly riskCoverage: [number, number][];
  readonly aurc: number;
}

const { cases } = JSON.parse(readFileSync(new URL('./fixtures/metrics.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

describe.each(cases.filter(({ scores }) => scores))('as scikit-learn: $name', (expected) => {
  const { yTrue } = expected;
  const scores = expected.scores!;

  test('Brier score and log loss', () => {
    expect(brierScore(yTrue, scores)).toBeCloseTo(expected.brier, 12);
    expect(logLoss(yTrue, scores)).toBeCloseTo(expected.logLoss, 12);
  });

  test('reliability diagram and calibration error', () => {
    const bins = reliabilityBins(yTrue, scores);
    expect(bins.map(({ accuracy }) => accuracy)).toEqual(expected.reliability.accuracy.map(close));
    expect(bins.map(({ confidence }) => confidence)).toEqual(expected.reliability.confidence.map(close));
    expect(expectedCalibrationError(yTrue, scores)).toBeCloseTo(expected.ece, 12);
  });

  test('risk-coverage curve and the area below it', () => {
    const points = riskCoverageCurve(yTrue, scores);
    expect(points.map(({ coverage, risk }) => [coverage, risk])).toEqual(
      expected.riskCoverage.map((point) => point.map(close)),
    );
    expect(areaUnderRiskCoverage(yTrue, scores)).toBeCloseTo(expected.aurc, 12);
    for (const { coverage, risk } of points) {
      expect(accuracyAtCoverage(yTrue, scores, coverage)).toBeCloseTo(1 - risk, 12);
    }
  });
});

/** Clips of three classes with any scores, ties among them. */
const clips = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 2 }),
    fc
      .tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 4 })))
      .filter((parts) => parts.some((part) => part > 0))
      .map((parts) => parts.map((part) => part / (parts[0] + parts[1] + parts[2]))),
  ),
  { minLength: 1, maxLength: 40 },
);

test('Brier score lies between 0 and 2, the calibration error between 0 and 1', () => {
  fc.assert(
    fc.property(clips, (rows) => {
      const [yTrue, scores] = unzip(rows);
      const [brier, ece] = [brierScore(yTrue, scores), expectedCalibrationError(yTrue, scores)];
      expect(brier).toBeGreaterThanOrEqual(0);
      expect(brier).toBeLessThanOrEqual(2 + 1e-12);
      expect(ece).toBeGreaterThanOrEqual(0);
      expect(ece).toBeLessThanOrEqual(1 + 1e-12);
      // One bin leaves of the calibration error what the classifier is too sure or too unsure on the whole: the least.
      expect(ece).toBeGreaterThanOrEqual(expectedCalibrationError(yTrue, scores, 1) - 1e-12);
    }),
  );
});

test('the curve ends at all clips and the error rate; its order does not depend on the order of the clips', () => {
  fc.assert(
    fc.property(clips, (rows) => {
      const [yTrue, scores] = unzip(rows);
      const points = riskCoverageCurve(yTrue, scores);
      const wrong = scores.filter((row, i) => row.indexOf(Math.max(...row)) !== yTrue[i]).length;
      expect(points.at(-1)).toMatchObject({ coverage: 1, risk: close(wrong / rows.length) });
      const backwards = unzip(rows.toReversed());
      expect(riskCoverageCurve(...backwards)).toEqual(points);
      expect(areaUnderRiskCoverage(...backwards)).toBeCloseTo(areaUnderRiskCoverage(yTrue, scores), 12);
    }),
  );
});

test('no order of the same answers has less area than the right ones first, nor more than the wrong ones first', () => {
  const answers = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(answers, (right) => {
      const area = (order: readonly boolean[]) =>
        areaUnderRiskCoverage(
          order.map((hit) => (hit ? 0 : 1)),
          order.map((_, i) => [1 - i / 100, i / 100]),
        );
      const sorted = right.toSorted((a, b) => Number(b) - Number(a));
      const errors = right.filter((hit) => !hit).length;
      // The oracle errs only once all that it could answer rightly is answered.
      const oracle = right.map((_, i) => Math.max(0, i + 1 - (right.length - errors)) / (i + 1));
      expect(area(sorted)).toBeCloseTo(oracle.reduce((total, risk) => total + risk, 0) / right.length, 12);
      expect(area(right)).toBeGreaterThanOrEqual(area(sorted) - 1e-12);
      expect(area(right)).toBeLessThanOrEqual(area(sorted.toReversed()) + 1e-12);
    }),
  );
});

test('of equally sure clips at the edge of the coverage, chance decides', () => {
  const scores = [
    [0.9, 0.1],
    [0.8, 0.2],
    [0.8, 0.2],
  ];
  expect(accuracyAtCoverage([0, 0, 1], scores, 2 / 3)).toBeCloseTo(0.75, 12);
  expect(accuracyAtCoverage([1, 0, 0], scores, 0.1)).toBe(0);
});

test('a confidence just above 1, as single precision gives it, is in the last bin', () => {
  const [bin] = reliabilityBins([0], [[1.0000001, 0]]);
  expect(bin).toMatchObject({ low: 14 / 15, high: 1, clips: 1 });
});

test.each([
  ['no clip', [], [], 'NO_INPUT'],
  ['a row too few', [0, 1], [[1, 0]], 'CONFIG_INVALID'],
  ['a class without a score', [2], [[1, 0]], 'CONFIG_INVALID'],
])('refuses %s', (_, yTrue, scores, code) => {
  for (const figure of [brierScore, logLoss, expectedCalibrationError, areaUnderRiskCoverage]) {
    expect(() => figure(yTrue, scores)).toThrow(expect.objectContaining({ code }));
  }
});

function unzip(rows: readonly (readonly [number, number[]])[]): [number[], number[][]] {
  return [rows.map(([truth]) => truth), rows.map(([, scores]) => scores)];
}

function close(value: number): unknown {
  return expect.closeTo(value, 12);
}

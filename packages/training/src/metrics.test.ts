import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accuracy,
  argmax,
  classificationMetrics,
  expectedCalibrationError,
  type ClassificationMetrics,
} from './metrics.ts';

interface Case extends ClassificationMetrics {
  readonly name: string;
  readonly labels: string[];
  readonly yTrue: number[];
  readonly yPred: number[];
  readonly scores?: number[][];
  readonly ece?: number;
}

const { cases } = JSON.parse(readFileSync(new URL('./fixtures/metrics.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

describe.each(cases)('as scikit-learn: $name', ({ labels, yTrue, yPred, ...expected }) => {
  const measured = classificationMetrics(yTrue, yPred, labels);

  test('accuracy, UAR and F1', () => {
    for (const figure of ['accuracy', 'uar', 'macroF1', 'weightedF1'] as const) {
      expect(measured[figure]).toBeCloseTo(expected[figure], 12);
    }
    expect(accuracy(yTrue, yPred)).toBe(measured.accuracy);
  });

  test('report per class', () => {
    expect(measured.perClass.map(({ label, support }) => [label, support])).toEqual(
      expected.perClass.map(({ label, support }) => [label, support]),
    );
    for (const [k, { precision, recall, f1 }] of expected.perClass.entries()) {
      expect(measured.perClass[k].precision).toBeCloseTo(precision, 12);
      expect(measured.perClass[k].recall).toBeCloseTo(recall, 12);
      expect(measured.perClass[k].f1).toBeCloseTo(f1, 12);
    }
  });

  test('confusion matrix', () => {
    expect(measured.confusion).toEqual(expected.confusion);
  });
});

test.each(cases.filter(({ scores }) => scores))(
  'prediction and calibration error from scores: $name',
  ({ yTrue, yPred, scores, ece }) => {
    expect(scores!.map(argmax)).toEqual(yPred);
    expect(expectedCalibrationError(yTrue, scores!)).toBeCloseTo(ece!, 12);
  },
);

test('naming classes anew changes no average', () => {
  const labels = ['a', 'b', 'c', 'd'];
  const clip = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }));
  const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
  fc.assert(
    fc.property(fc.array(clip, { minLength: 1, maxLength: 40 }), order, (clips, renamed) => {
      const before = classificationMetrics(...unzip(clips), labels);
      const after = classificationMetrics(
        ...unzip(clips.map(([truth, guess]) => [renamed[truth], renamed[guess]])),
        labels,
      );
      for (const figure of ['accuracy', 'uar', 'macroF1', 'weightedF1'] as const) {
        expect(after[figure]).toBeCloseTo(before[figure], 12);
      }
    }),
  );
});

test.each([
  ['no clip', [], [], 'NO_INPUT'],
  ['more predictions than clips', [0], [0, 1], 'CONFIG_INVALID'],
  ['a class without a label', [0, 3], [0, 1], 'CONFIG_INVALID'],
  ['a class that is no number', [0, NaN], [0, 1], 'CONFIG_INVALID'],
])('refuses %s', (_, yTrue, yPred, code) => {
  expect(() => classificationMetrics(yTrue, yPred, ['a', 'b', 'c'])).toThrow(
    expect.objectContaining({ code }),
  );
});

function unzip(pairs: readonly (readonly [number, number])[]): [number[], number[]] {
  return [pairs.map(([truth]) => truth), pairs.map(([, guess]) => guess)];
}

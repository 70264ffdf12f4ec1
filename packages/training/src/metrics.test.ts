import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accuracy,
  argmax,
  classificationMetrics,
  confusionMetrics,
  type ClassificationMetrics,
} from './metrics.ts';

interface Case extends ClassificationMetrics {
  readonly name: string;
  readonly labels: string[];
  readonly yTrue: number[];
  readonly yPred: number[];
  readonly scores?: number[][];
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

  test('confusion matrix, which holds all the rest', () => {
    expect(measured.confusion).toEqual(expected.confusion);
    expect(confusionMetrics(measured.confusion, labels)).toEqual(measured);
  });
});

test.each(cases.filter(({ scores }) => scores))(
  'the class of the highest score, the first of equals: $name',
  ({ yPred, scores }) => {
    expect(scores!.map(argmax)).toEqual(yPred);
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

test('counts of no clip are refused', () => {
  expect(() =>
    confusionMetrics(
      [
        [0, 0],
        [0, 0],
      ],
      ['a', 'b'],
    ),
  ).toThrow(expect.objectContaining({ code: 'NO_INPUT' }));
});

function unzip(pairs: readonly (readonly [number, number])[]): [number[], number[]] {
  return [pairs.map(([truth]) => truth), pairs.map(([, guess]) => guess)];
}

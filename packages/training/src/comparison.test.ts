import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareAll, compareRuns, holm } from './comparison.ts';
import type { Prediction } from './evaluate.ts';
import type { Tested } from './experiment-report.ts';

const { mcnemar, permutation } = JSON.parse(
  readFileSync(new URL('./fixtures/inference.json', import.meta.url), 'utf8'),
) as {
  mcnemar: { onlyA: number; onlyB: number; pValue: number }[];
  permutation: { rightOfSixA: number[]; rightOfSixB: number[]; pValue: number }[];
};

const LABELS = ['calm', 'happy', 'angry'];

/** One clip of a speaker, named rightly or not. */
function clip(id: number, speaker: string, right: boolean, emotion = 'calm', more: Partial<Prediction> = {}) {
  const wrong = emotion === 'angry' ? 'calm' : 'angry';
  const prediction: Prediction = {
    id: `clip ${id}`,
    speaker,
    emotion,
    predicted: right ? emotion : wrong,
    scores: [],
    ...more,
  };
  return prediction;
}

function run(...seeds: Prediction[][]): Tested[] {
  return seeds.map((predictions, seed) => ({ fold: 'all', seed, predictions }));
}

test('figures of both runs and their difference, by hand', () => {
  // Two calm clips and one happy: the UAR of a run is (calm right / 2 + happy right) / 2.
  const rows = (...right: boolean[]) => [
    clip(0, 'Ann', right[0]),
    clip(1, 'Bob', right[1]),
    clip(2, 'Bob', right[2], 'happy'),
  ];
  const a = run(rows(true, false, false), rows(true, true, false));
  const b = run(rows(true, true, true), rows(false, true, true).toReversed());
  const { clips, difference, mcnemar: perModel, perSpeaker, ...rest } = compareRuns(a, b, LABELS);
  expect(clips).toBe(3);
  expect(rest.a).toEqual({ modelsPerClip: 2, accuracy: 0.5, uar: 0.375 });
  expect(rest.b).toEqual({ modelsPerClip: 2, accuracy: expect.closeTo(2.5 / 3, 12), uar: 0.875 });
  expect(difference).toEqual({ accuracy: expect.closeTo(1 / 3, 12), uar: 0.5 });
  expect(perModel).toBeNull();
  expect(perSpeaker).toEqual([
    { name: 'Ann', clips: 1, a: 1, b: 0.5 },
    { name: 'Bob', clips: 2, a: 0.25, b: 1 },
  ]);
  // Ann's part of the difference is −1/8, Bob's 5/8: two of the four patterns of signs reach 1/2, two more 3/4.
  expect(rest.permutation).toEqual({ pValue: 1, speakers: 2, exact: true });
});

test.each(mcnemar)('McNemar as scipy: $onlyA against $onlyB', ({ onlyA, onlyB, pValue }) => {
  const both = [clip(-1, 'Ann', true), clip(-2, 'Ann', false)];
  const rows = (right: (i: number) => boolean) =>
    run([...both, ...Array.from({ length: onlyA + onlyB }, (_, i) => clip(i, 'Ann', right(i)))]);
  const compared = compareRuns(
    rows((i) => i < onlyA),
    rows((i) => i >= onlyA),
    LABELS,
  );
  expect(compared.mcnemar).toMatchObject({ onlyA, onlyB });
  expect(compared.mcnemar!.pValue / pValue).toBeCloseTo(1, 9);
  expect(compared.interval).toBeNull();
});

const ofSix = (counts: number[]) =>
  run(counts.flatMap((count, s) => Array.from({ length: 6 }, (_, i) => clip(6 * s + i, `${s}`, i < count))));

test.each(permutation)(
  'sign flips as scipy: $rightOfSixA, $rightOfSixB',
  ({ rightOfSixA, rightOfSixB, pValue }) => {
    expect(compareRuns(ofSix(rightOfSixA), ofSix(rightOfSixB), LABELS).permutation).toEqual({
      pValue: expect.closeTo(pValue, 12),
      speakers: rightOfSixA.length,
      exact: true,
    });
  },
);

test('a sample of the sign flips comes near to all of them', () => {
  const { rightOfSixA, rightOfSixB, pValue } = permutation.at(-1)!;
  const [a, b] = [ofSix(rightOfSixA), ofSix(rightOfSixB)];
  const permutations = 2 ** rightOfSixA.length - 1;
  const sampled = compareRuns(a, b, LABELS, { permutations }).permutation;
  expect(sampled.exact).toBe(false);
  expect(Math.abs(sampled.pValue - pValue)).toBeLessThan(
    4 * Math.sqrt((pValue * (1 - pValue)) / permutations),
  );
  // However few were drawn, what was observed is one of them.
  expect(compareRuns(a, b, LABELS, { permutations: 1 }).permutation.pValue).toBeGreaterThanOrEqual(0.5);
});

const speakers = fc.array(
  fc.array(fc.tuple(fc.constantFrom(...LABELS), fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 6 }),
  { minLength: 2, maxLength: 6 },
);

test('the other way round, every difference changes its sign, and p stays', () => {
  fc.assert(
    fc.property(speakers, (drawn) => {
      const [a, b] = [1, 2].map((which) =>
        run(
          drawn.flatMap((clips, s) =>
            clips.map((row, i) => clip(10 * s + i, `speaker ${s}`, row[which] as boolean, row[0])),
          ),
        ),
      );
      const [there, back] = [compareRuns(a, b, LABELS, FAST), compareRuns(b, a, LABELS, FAST)];
      expect(back.difference.uar).toBeCloseTo(-there.difference.uar, 12);
      expect(back.interval!.uar.low).toBeCloseTo(-there.interval!.uar.high, 9);
      expect(back.permutation.pValue).toBeCloseTo(there.permutation.pValue, 12);
      expect(there.permutation.pValue).toBeGreaterThanOrEqual(2 / 2 ** drawn.length - 1e-12);
      // What the sign flips rest on: a speaker at a time, the parts make the whole.
      const same = compareRuns(a, a, LABELS, FAST);
      expect(same).toMatchObject({
        difference: { uar: 0 },
        permutation: { pValue: 1 },
        mcnemar: { pValue: 1 },
      });
    }),
    { numRuns: 40 },
  );
});
const FAST = { resamples: 100 };

test('speakers of two corpora may share a name, and clips too', () => {
  const rows = (right: boolean) =>
    ['tess', 'savee'].map((corpus) => clip(0, '1', right === (corpus === 'tess'), 'calm', { corpus }));
  const { clips, permutation: test_, perSpeaker } = compareRuns(run(rows(true)), run(rows(false)), LABELS);
  expect([clips, test_.speakers, perSpeaker.length]).toEqual([2, 2, 2]);
});

test('a run of before corpora were written down is compared by the names of its clips', () => {
  const now = run([clip(0, 'Ann', true, 'calm', { corpus: 'ravdess' })]);
  expect(compareRuns(run([clip(0, 'Ann', false)]), now, LABELS).difference.uar).toBe(1);
});

describe('refuses', () => {
  const one = run([clip(0, 'Ann', true)]);

  test.each([
    ['a first run without predictions', run([]), one, 'NO_INPUT', /first run/],
    ['a second run without predictions', one, run([]), 'NO_INPUT', /second run/],
    [
      'other clips',
      run([clip(1, 'Ann', true), clip(0, 'Ann', true)]),
      one,
      'RUN_INVALID',
      /1 of the first's 2 .*clip 1/,
    ],
    [
      'a clip of two emotions',
      one,
      run([clip(0, 'Ann', true, 'happy')]),
      'RUN_INVALID',
      /clip 0: calm or happy/,
    ],
  ])('%s', (_, a, b, code, message) => {
    const thrown = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => compareRuns(a, b, LABELS)).toThrow(thrown);
  });

  test('an emotion that is none of the labels', () => {
    expect(() => compareRuns(one, one, ['happy'])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

test('Holm: by hand, and never below the p-values nor out of their order', () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  expect(holm([])).toEqual([]);
  const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
  fc.assert(
    fc.property(pValues, (raw) => {
      const adjusted = holm(raw);
      for (const [i, p] of raw.entries()) {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p);
        expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, p * raw.length));
      }
      const ascending = raw.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
      const inTheirOrder = ascending.map(({ i }) => adjusted[i]);
      expect(inTheirOrder).toEqual(inTheirOrder.toSorted((a, b) => a - b));
    }),
  );
});

test('several runs: every pair, corrected', () => {
  const rows = (rightUntil: number) =>
    run(Array.from({ length: 8 }, (_, i) => clip(i, `speaker ${i}`, i < rightUntil)));
  const pairs = compareAll(
    [
      { name: 'poor', tested: rows(0) },
      { name: 'good', tested: rows(8) },
      { name: 'fair', tested: rows(3) },
    ],
    LABELS,
  );
  expect(pairs.map(({ runs }) => runs.join(' '))).toEqual(['poor good', 'poor fair', 'good fair']);
  expect(pairs.map(({ permutation: { pValue } }) => pValue)).toEqual([2 / 256, 0.25, 0.0625]);
  expect(pairs.map(({ adjustedPValue }) => adjustedPValue)).toEqual([6 / 256, 0.25, 0.125]);
});

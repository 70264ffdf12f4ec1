import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchesOf, batchesPerEpoch, type Batch, type BatchPlan } from './batches.ts';

const FRAMES = 4;
const WIDTH = 3;
const SIZE = FRAMES * WIDTH;

/** Every number of an example is its index, counted from 1: a row says which example it is. */
function planOf(corpora: readonly number[], options: Partial<BatchPlan> = {}): BatchPlan {
  return {
    rows: new Float32Array(corpora.length * SIZE).map((_, i) => 1 + Math.floor(i / SIZE)),
    shape: [FRAMES, WIDTH],
    // Corpus 0 labels 0 and 1, corpus 1 labels 1 and 2.
    labels: corpora.map((corpus, index) => corpus + (index % 2)),
    corpora,
    labelled: [
      [0, 1],
      [1, 2],
    ],
    labelCount: 4,
    batchSize: 4,
    seed: 0,
    ...options,
  };
}

const filled = (length: number, value: number) => Array.from({ length }, () => value);

const corpora = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 60 });
const plans = fc
  .record({ corpora, batchSize: fc.integer({ min: 1, max: 9 }), seed: fc.nat() })
  .map(({ corpora: of, ...options }) => planOf(of, options));

const rowsOf = ({ x, labels }: Batch) => labels.map((_, row) => x.subarray(row * SIZE, (row + 1) * SIZE));
const cellsOf = (values: Float32Array, row: number) => [...values.subarray(row * 4, (row + 1) * 4)];
/** Which examples an epoch holds, in turn. */
const drawn = (plan: BatchPlan, epoch: number) =>
  [...batchesOf(plan, epoch)].flatMap((batch) => rowsOf(batch).map(([number]) => number - 1));

const AUGMENTED = {
  mixupAlpha: 0.4,
  featureNoise: 0.5,
  specAugment: { timeMasks: 1, maxFrames: 2, frequencyMasks: 1, maxBands: 2 },
};

test('the same plan and epoch give the same batches; another epoch or seed others', () => {
  const plan = planOf(filled(40, 0), AUGMENTED);
  const batches = [...batchesOf(plan, 3)];
  expect([...batchesOf(plan, 3)]).toEqual(batches);
  expect([...batchesOf(plan, 4)]).not.toEqual(batches);
  expect([...batchesOf({ ...plan, seed: 1 }, 3)]).not.toEqual(batches);
});

describe('without weights', () => {
  test('every example comes at most once per epoch, and only what fills no batch is left out', () => {
    fc.assert(
      fc.property(plans, fc.nat(), (plan, epoch) => {
        const examples = drawn(plan, epoch);
        expect(new Set(examples).size).toBe(examples.length);
        expect(examples).toHaveLength(plan.batchSize * batchesPerEpoch(plan));
        expect(plan.labels.length - examples.length).toBeLessThan(plan.batchSize);
      }),
    );
  });

  test('a row is its example, one-hot in its class, allowed what its corpus labels', () => {
    fc.assert(
      fc.property(plans, fc.nat(), (plan, epoch) => {
        for (const batch of batchesOf(plan, epoch)) {
          for (const [row, example] of rowsOf(batch).entries()) {
            const index = example[0] - 1;
            const label = plan.labels[index];
            expect([...example]).toEqual(filled(SIZE, index + 1));
            expect(batch.labels[row]).toBe(label);
            expect(cellsOf(batch.targets, row)).toEqual([0, 1, 2, 3].map((k) => Number(k === label)));
            expect(cellsOf(batch.allowed, row)).toEqual(
              plan.corpora[index] === 0 ? [1, 1, 0, 0] : [0, 1, 1, 0],
            );
          }
        }
      }),
    );
  });
});

describe('with weights', () => {
  test('the corpora are drawn in the proportion asked, however many examples they have', () => {
    const plan = planOf([...filled(1950, 0), ...filled(50, 1)], {
      weights: [1, 3],
    });
    const examples = [1, 2, 3, 4].flatMap((epoch) => drawn(plan, epoch));
    expect(examples).toHaveLength(8000);
    const share = examples.filter((index) => plan.corpora[index] === 1).length / examples.length;
    // Five standard errors.
    expect(Math.abs(share - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / 8000));
  });

  test('each corpus goes through all its examples before one comes again', () => {
    const weights = fc.tuple(
      fc.double({ min: 0.1, max: 9, noNaN: true }),
      fc.double({ min: 0.1, max: 9, noNaN: true }),
    );
    fc.assert(
      fc.property(plans, weights, fc.nat(), (plan, shares, epoch) => {
        const examples = drawn({ ...plan, weights: shares }, epoch);
        expect(examples).toHaveLength(plan.batchSize * batchesPerEpoch(plan));
        for (const corpus of [0, 1]) {
          const ofCorpus = examples.filter((index) => plan.corpora[index] === corpus);
          const deck = plan.corpora.filter((of) => of === corpus).length;
          for (let start = 0; start < ofCorpus.length; start += deck) {
            const turn = ofCorpus.slice(start, start + deck);
            expect(new Set(turn).size).toBe(turn.length);
          }
        }
      }),
    );
  });

  test('a corpus of weight 0 is not drawn, nor one without examples', () => {
    const plan = planOf([0, 1, 0, 1, 0, 1, 0, 1], { weights: [0, 2] });
    expect(new Set(drawn(plan, 1).map((index) => plan.corpora[index]))).toEqual(new Set([1]));
    const none = planOf(filled(8, 1), { weights: [5, 1, 5], labelled: [[0], [1, 2], [0]] });
    expect(new Set(drawn(none, 1)).size).toBe(8);
  });
});

describe('mixup', () => {
  const mixing = (plan: BatchPlan) => ({ ...plan, mixupAlpha: 0.4 });

  test("targets sum to 1, and the larger share is that of the row's own label", () => {
    fc.assert(
      fc.property(plans, fc.nat(), (plan, epoch) => {
        for (const { targets, labels } of batchesOf(mixing(plan), epoch)) {
          for (const [row, label] of labels.entries()) {
            const shares = cellsOf(targets, row);
            expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
            expect(shares[label]).toBeGreaterThanOrEqual(0.5);
          }
        }
      }),
    );
  });

  test('a row is what its targets say: two examples of the batch, one share for all rows', () => {
    // One class per example: the targets tell the partners.
    const count = 8;
    const plan = planOf(filled(count, 0), {
      labels: Array.from({ length: count }, (_, index) => index),
      labelled: [Array.from({ length: count }, (_, index) => index)],
      labelCount: count,
      batchSize: count,
      mixupAlpha: 1,
    });
    const [batch] = batchesOf(plan, 2);
    const shares = new Set<number>();
    for (const [row, example] of rowsOf(batch).entries()) {
      const parts = [...batch.targets.subarray(row * count, (row + 1) * count)];
      const expected = parts.reduce((sum, share, index) => sum + share * (index + 1), 0);
      for (const value of example) expect(value).toBeCloseTo(expected, 4);
      if (Math.max(...parts) < 1) shares.add(Math.max(...parts));
    }
    expect(shares.size).toBe(1);
  });

  test('a mixture may be whatever either of its parts may be', () => {
    fc.assert(
      fc.property(plans, fc.nat(), (plan, epoch) => {
        const plain = [...batchesOf(plan, epoch)];
        for (const [number, { targets, allowed }] of [...batchesOf(mixing(plan), epoch)].entries()) {
          expect([...allowed].every((value) => value === 0 || value === 1)).toBe(true);
          for (const [row] of plain[number].labels.entries()) {
            const cells = cellsOf(allowed, row);
            const own = cellsOf(plain[number].allowed, row);
            expect(cells.every((value, k) => value >= own[k])).toBe(true);
            expect(cellsOf(targets, row).every((share, k) => share === 0 || cells[k] === 1)).toBe(true);
            // Label 0 is of corpus 0 alone, label 2 of corpus 1: it takes both to allow both.
            expect([[1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 1, 0]]).toContainEqual(cells); // prettier-ignore
          }
        }
      }),
    );
  });
});

test.each(Object.entries(AUGMENTED))(
  '%s changes the batch, and leaves the stored examples untouched',
  (name, value) => {
    const plain = planOf(Array.from({ length: 16 }, (_, index) => index % 2));
    const plan = { ...plain, [name]: value };
    const before = plan.rows.slice();
    const batches = [...batchesOf(plan, 1)];
    expect(plan.rows).toEqual(before);
    expect(batches.map(({ x }) => x)).not.toEqual([...batchesOf(plain, 1)].map(({ x }) => x));
    expect(batches.map(({ labels }) => labels)).toEqual([...batchesOf(plain, 1)].map(({ labels }) => labels));
  },
);

test('noise has the deviation asked, around the example', () => {
  const plan = planOf(filled(400, 0), { featureNoise: 0.2, batchSize: 400 });
  const [{ x }] = batchesOf(plan, 1);
  const [{ x: plain }] = batchesOf({ ...plan, featureNoise: undefined }, 1);
  const noise = x.map((value, i) => value - plain[i]);
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length);
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(deviation - 0.2)).toBeLessThan(0.01);
});

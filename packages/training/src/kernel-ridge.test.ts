import { createRandom } from '@mars/autograd/random';
import { describe, expect, test } from 'vitest';
import {
  drawRows,
  fitKernelMachines,
  fitKernelRidge,
  type KernelMachine,
  type LabelledRows,
} from './kernel-ridge.ts';
import { Products } from './products.ts';

const WIDTH = 5;

/** Three classes around three points, the third one rare. */
function examples(count: number, spread = 0.6): LabelledRows {
  const random = createRandom('examples');
  const labels = Array.from({ length: count }, () => (random.next() < 0.1 ? 2 : random.integer(2)));
  const rows = Float32Array.from({ length: count * WIDTH }, (_, i) => {
    const label = labels[Math.floor(i / WIDTH)];
    return Number(i % WIDTH === label) * 2 + spread * random.normal();
  });
  return { rows, width: WIDTH, labels, labelCount: 3 };
}

const row = ({ rows }: Pick<LabelledRows, 'rows'>, index: number) =>
  rows.subarray(index * WIDTH, (index + 1) * WIDTH);

function rbf(x: Float32Array, y: Float32Array, gamma: number): number {
  return Math.exp(-gamma * x.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0));
}

function answer({ centres, coefficients }: KernelMachine, x: Float32Array, gamma: number): number[] {
  const scores = [0, 0, 0];
  for (let j = 0; j < centres.length / WIDTH; j += 1) {
    const near = rbf(x, row({ rows: centres }, j), gamma);
    for (const label of scores.keys()) scores[label] += coefficients[j * 3 + label] * near;
  }
  return scores;
}

describe('fitKernelRidge', () => {
  test('solves (K + ridge / weights) · A = Y, where the labels weigh alike', async () => {
    const given = examples(80);
    await using products = await Products.open();
    const { kernel, coefficients } = await fitKernelRidge(given, { gamma: 0.2, ridge: 0.3 }, products);
    const counts = [0, 1, 2].map((label) => given.labels.filter((other) => other === label).length);
    for (const [i, label] of given.labels.entries()) {
      expect(kernel[i * 80 + 7]).toBeCloseTo(rbf(row(given, i), row(given, 7), 0.2), 5);
      const penalty = (0.3 * 3 * counts[label]) / 80;
      for (const c of [0, 1, 2]) {
        const sum = given.labels.reduce(
          (total, _, j) => total + rbf(row(given, i), row(given, j), 0.2) * coefficients[j * 3 + c],
          penalty * coefficients[i * 3 + c],
        );
        expect(sum).toBeCloseTo(Number(c === label) - 1 / 3, 3);
      }
    }
  });
});

describe('several corpora', () => {
  const corpora = Array.from({ length: 90 }, (_, i) => Number(i % 9 === 0));

  test('weigh alike, and so do the labels of each', async () => {
    const given = { ...examples(90), corpora };
    await using products = await Products.open();
    const { kernel, coefficients } = await fitKernelRidge(given, { gamma: 0.2, ridge: 0.3 }, products);
    const kindOf = (i: number) => `${corpora[i]} ${given.labels[i]}`;
    const counts = Map.groupBy(given.labels.keys(), kindOf);
    for (const [i, label] of given.labels.entries()) {
      const penalty = (0.3 * counts.size * counts.get(kindOf(i))!.length) / 90;
      const sum = given.labels.reduce(
        (total, _, j) => total + kernel[i * 90 + j] * coefficients[j * 3],
        penalty * coefficients[i * 3],
      );
      expect(sum).toBeCloseTo(Number(label === 0) - 1 / 3, 3);
    }
  });

  test('give as many rows each, as long as there are some, and the preferred first', () => {
    const preferred = Array.from({ length: 90 }, (_, i) => i % 2 === 0);
    const draw = (count: number) =>
      drawRows({ labels: corpora, preferred, corpora }, count, createRandom('draw'));
    const small = (rows: readonly number[]) => rows.filter((i) => corpora[i] === 1).length;
    // Of ten rows of the small corpus five are preferred.
    expect([draw(8), draw(40), draw(90)].map(small)).toEqual([4, 5, 10]);
    expect(draw(40).every((i) => preferred[i])).toBe(true);
    expect(new Set(draw(90)).size).toBe(90);
  });
});

describe('fitKernelMachines', () => {
  const options = { gamma: 0.2, ridges: [0.3], seed: 0 };

  test('with every row a centre it is kernel ridge regression', async () => {
    const given = examples(80);
    await using products = await Products.open();
    const { coefficients } = await fitKernelRidge(given, { gamma: 0.2, ridge: 0.3 }, products);
    const whole = { centres: given.rows, coefficients };
    const [machine] = await fitKernelMachines(given, { ...options, centres: 80 });
    for (let i = 0; i < 80; i += 1) {
      const expected = answer(whole, row(given, i), 0.2);
      for (const [c, score] of answer(machine, row(given, i), 0.2).entries()) {
        expect(Math.abs(score - expected[c])).toBeLessThan(0.01);
      }
    }
  });

  test('with a few centres it tells classes apart that lie apart, the rare one too', async () => {
    const given = examples(400, 0.3);
    const [machine] = await fitKernelMachines(given, { ...options, centres: 30 });
    expect(machine.centres).toHaveLength(30 * WIDTH);
    const right = given.labels.filter((label, i) => {
      const scores = answer(machine, row(given, i), 0.2);
      return scores.indexOf(Math.max(...scores)) === label;
    });
    expect(right.length / 400).toBeGreaterThan(0.98);
    expect(right.filter((label) => label === 2).length).toBeGreaterThan(20);
  });

  test('thousands of rows, and centres that say the same over and over, leave finite numbers that answer', async () => {
    const given = examples(3000, 0.3);
    const twice = { ...given, rows: given.rows.map((value) => Math.round(value)) };
    const [machine] = await fitKernelMachines(twice, { ...options, ridges: [1e-6], centres: 300 });
    expect(machine.coefficients.every(Number.isFinite)).toBe(true);
    const right = given.labels.filter((label, i) => {
      const scores = answer(machine, row(twice, i), 0.2);
      return scores.indexOf(Math.max(...scores)) === label;
    });
    expect(right.length / 3000).toBeGreaterThan(0.95);
  });

  test('refuses rows that are not finite', async () => {
    const given = examples(20);
    given.rows[3] = NaN;
    await expect(fitKernelMachines(given, { ...options, centres: 10 })).rejects.toThrow('not finite');
  });

  test('a label that no row has and centres that are more than rows do no harm', async () => {
    const given = { ...examples(20), labelCount: 4 };
    const [{ centres, coefficients }] = await fitKernelMachines(given, { ...options, centres: 50 });
    expect([...centres, ...coefficients].every(Number.isFinite)).toBe(true);
    expect(coefficients.subarray(20 * 4).every((value) => value === 0)).toBe(true);
  });

  test('the same seed gives the same bits, another one other centres', async () => {
    const fit = (seed: number) => fitKernelMachines(examples(60), { ...options, centres: 10, seed });
    expect(await fit(1)).toEqual(await fit(1));
    expect((await fit(1))[0].centres).not.toEqual((await fit(2))[0].centres);
  });
});

test('centres are those that are preferred, as long as there are some', async () => {
  const preferred = Array.from({ length: 60 }, (_, i) => i % 3 === 0);
  const given = { ...examples(60), preferred };
  const options = { gamma: 0.2, ridges: [0.3], centres: 25, seed: 0 };
  const [{ centres }] = await fitKernelMachines(given, options);
  const isCentre = (index: number) =>
    Array.from({ length: 25 }, (_, j) => row({ rows: centres }, j)).some((centre) =>
      centre.every((value, k) => value === row(given, index)[k]),
    );
  const chosen = given.labels.flatMap((_, i) => (isCentre(i) ? [i] : []));
  expect(chosen).toHaveLength(25);
  expect(chosen.filter((i) => preferred[i])).toHaveLength(20);
});

test('each ridge has its machine, on the same centres', async () => {
  const options = { gamma: 0.2, centres: 20, seed: 0 };
  const both = await fitKernelMachines(examples(60), { ...options, ridges: [3, 0.1] });
  expect(both.slice(1)).toEqual(await fitKernelMachines(examples(60), { ...options, ridges: [0.1] }));
  const norm = ({ coefficients }: KernelMachine) => Math.hypot(...coefficients);
  expect(norm(both[0])).toBeLessThan(norm(both[1]));
});

describe('rows that may be of some classes only', () => {
  /** A second corpus, which knows nothing of the third class and lies right where the first one has it. */
  const mixed = (): LabelledRows => {
    const first = examples(80);
    const rows = new Float32Array(2 * first.rows.length);
    rows.set(first.rows);
    rows.set(
      first.rows.map((value, i) => {
        const there = Number(i % WIDTH === 2) - Number(i % WIDTH === first.labels[Math.floor(i / WIDTH)]);
        return value + 2 * there;
      }),
      first.rows.length,
    );
    const labels = [...first.labels, ...first.labels.map((_, i) => i % 2)];
    const known = labels.map((_, i) => (i < 80 ? ALL : FIRST_TWO));
    return { ...first, rows, labels, known };
  };
  const ALL = [0, 1, 2];
  const FIRST_TWO = [0, 1];

  test('are not there for the functions of the others', async () => {
    const given = mixed();
    await using products = await Products.open();
    const { kernel, coefficients } = await fitKernelRidge(given, { gamma: 0.2, ridge: 0.3 }, products);
    const counts = [0, 1, 2].map((label) => given.labels.filter((other) => other === label).length);
    const ofThird = coefficients.filter((_, i) => i % 3 === 2);
    expect(ofThird.subarray(80).every((coefficient) => coefficient === 0)).toBe(true);
    for (const [i, label] of given.labels.slice(0, 80).entries()) {
      const sum = given.labels.reduce(
        (total, _, j) => total + kernel[i * 160 + j] * ofThird[j],
        ((0.3 * 3 * counts[label]) / 160) * ofThird[i],
      );
      expect(sum).toBeCloseTo(Number(label === 2) - 1 / 3, 3);
    }
  });

  test('do not teach a machine with few centres that there is no third class', async () => {
    const given = mixed();
    const score = async (examples: LabelledRows) => {
      const [machine] = await fitKernelMachines(examples, {
        gamma: 0.2,
        ridges: [0.3],
        centres: 100,
        seed: 0,
      });
      const ofThird = [...given.labels.keys()].filter((i) => given.labels[i] === 2);
      return ofThird.reduce((sum, i) => sum + answer(machine, row(given, i), 0.2)[2], 0) / ofThird.length;
    };
    const { known: _, ...blind } = given;
    expect(await score(given)).toBeGreaterThan(1.2 * (await score(blind)));
  });
});

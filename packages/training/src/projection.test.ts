import { createRandom } from '@mars/autograd/random';
import { describe, expect, test } from 'vitest';
import type { LabelledRows } from './kernel-ridge.ts';
import { fitProjection, kernelGamma, projectionSettings } from './projection.ts';

const WIDTH = 6;

/** Three classes, told apart by the second and fifth number alone; the first is loud and says nothing. */
function examples(count: number): LabelledRows {
  const random = createRandom('examples');
  const labels = Array.from({ length: count }, () => random.integer(3));
  const rows = Float32Array.from({ length: count * WIDTH }, (_, i) => {
    const [k, label] = [i % WIDTH, labels[Math.floor(i / WIDTH)]];
    const told = k === 1 ? [-1, 1, 0][label] : k === 4 ? [-1, -1, 1][label] : 0;
    return (k === 0 ? 2 : 0.7) * random.normal() + told;
  });
  return { rows, width: WIDTH, labels, labelCount: 3 };
}

const settings = (changes: object) => projectionSettings.parse({ gradients: 1000, ...changes });

/** (width, width): the projection times its transpose, which is the same for any basis of its directions. */
function outerProduct(projection: Float32Array, components: number): number[] {
  return Array.from({ length: WIDTH ** 2 }, (_, index) => {
    const [i, j] = [Math.floor(index / WIDTH), index % WIDTH];
    return Array.from({ length: components }, (_unused, c) => c).reduce(
      (sum, c) => sum + projection[i * components + c] * projection[j * components + c],
      0,
    );
  });
}

/** The same of the eigenvectors of a symmetric matrix's largest eigenvalues, found one by one by powers of it. */
function dominant(matrix: readonly number[], count: number): number[] {
  const rest = [...matrix];
  const product = Array<number>(WIDTH ** 2).fill(0);
  for (let found = 0; found < count; found += 1) {
    let vector = Array.from({ length: WIDTH }, (_, i) => 1 + i / 7);
    let length = 1;
    for (let round = 0; round < 2000; round += 1) {
      const image = vector.map((_, i) =>
        vector.reduce((sum, value, j) => sum + rest[i * WIDTH + j] * value, 0),
      );
      length = Math.hypot(...image);
      vector = image.map((value) => value / length);
    }
    for (let index = 0; index < rest.length; index += 1) {
      const pair = vector[Math.floor(index / WIDTH)] * vector[index % WIDTH];
      product[index] += pair;
      rest[index] -= length * pair;
    }
  }
  return product;
}

/** The average gradient outer product, slowly: elimination for the machine, differences for its gradients. */
function agopByDifferences({ rows, labels, labelCount }: LabelledRows, ridge: number): number[] {
  const x = labels.map((_, i) => [...rows.subarray(i * WIDTH, (i + 1) * WIDTH)]);
  const k = (a: number[], b: number[]) =>
    Math.exp(-kernelGamma(WIDTH) * a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
  const frequent = labels.map((label) => labels.filter((other) => other === label).length);
  const matrix = x.map((a, i) => [
    ...x.map((b, j) => k(a, b) + (i === j ? (ridge * frequent[i] * labelCount) / labels.length : 0)),
    ...Array.from({ length: labelCount }, (_, label) => Number(label === labels[i]) - 1 / labelCount),
  ]);
  for (const [pivot, row] of matrix.entries()) {
    for (const [other, target] of matrix.entries()) {
      if (other === pivot) continue;
      const factor = target[pivot] / row[pivot];
      for (let column = pivot; column < row.length; column += 1) target[column] -= factor * row[column];
    }
  }
  const machine = (at: number[], label: number) =>
    x.reduce((sum, b, j) => sum + (matrix[j][x.length + label] / matrix[j][j]) * k(at, b), 0);
  const agop = Array<number>(WIDTH ** 2).fill(0);
  for (const point of x) {
    for (let label = 0; label < labelCount; label += 1) {
      const gradient = point.map((value, i) => {
        const moved = (by: number) => machine(point.with(i, value + by), label);
        return (moved(1e-4) - moved(-1e-4)) / 2e-4;
      });
      for (let i = 0; i < agop.length; i += 1)
        agop[i] += gradient[Math.floor(i / WIDTH)] * gradient[i % WIDTH];
    }
  }
  return agop;
}

describe('fitProjection', () => {
  test.each([1, 2, 3])(
    '%i components span what the average gradient outer product says most of',
    async (components) => {
      const given = examples(60);
      const projection = await fitProjection(given, settings({ components }), { seed: 0 });
      const expected = dominant(agopByDifferences(given, 0.3), components);
      const distances = outerProduct(projection, components).map((value, i) => Math.abs(value - expected[i]));
      expect(Math.max(...distances)).toBeLessThan(0.02);
    },
  );

  test('two components are the two numbers that tell the classes apart', async () => {
    const projection = await fitProjection(examples(400), settings({ components: 2 }), { seed: 0 });
    const product = outerProduct(projection, 2);
    expect(product[1 * WIDTH + 1] + product[4 * WIDTH + 4]).toBeGreaterThan(1.9);
  });

  test('the components are orthonormal; more of them than directions are zeros', async () => {
    const components = 9;
    const projection = await fitProjection(examples(40), settings({ components }), { seed: 0 });
    for (let a = 0; a < components; a += 1) {
      for (let b = 0; b < components; b += 1) {
        let product = 0;
        for (let k = 0; k < WIDTH; k += 1)
          product += projection[k * components + a] * projection[k * components + b];
        expect(product).toBeCloseTo(Number(a === b && a < WIDTH), 4);
      }
    }
  });

  test('the same seed gives the same bits, and draws where there are too many examples', async () => {
    const given = examples(60);
    const fit = (seed: number) => fitProjection(given, settings({ components: 2, examples: 30 }), { seed });
    expect(await fit(1)).toEqual(await fit(1));
    expect(await fit(1)).not.toEqual(await fit(2));
  });
});

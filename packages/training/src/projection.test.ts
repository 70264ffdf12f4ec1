import { createRandom } from '@mars/autograd/random';
import { describe, expect, test } from 'vitest';
import { fitProjection, projectionSettings, type ProjectionExamples } from './projection.ts';

const WIDTH = 6;

/** Three classes, told apart by the second and fifth number alone; the first is loud and says nothing. */
function examples(count: number): ProjectionExamples {
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

/** (width, width): the projection times its transpose, of trace 1. */
function outerProduct(projection: Float32Array, components: number): number[] {
  const product = Array.from({ length: WIDTH ** 2 }, (_, index) => {
    const [i, j] = [Math.floor(index / WIDTH), index % WIDTH];
    return Array.from({ length: components }, (_, c) => c).reduce(
      (sum, c) => sum + projection[i * components + c] * projection[j * components + c],
      0,
    );
  });
  return ofTraceOne(product);
}

function ofTraceOne(matrix: readonly number[]): number[] {
  const trace = matrix.reduce((sum, value, index) => (index % (WIDTH + 1) === 0 ? sum + value : sum), 0);
  return matrix.map((value) => value / trace);
}

/** The average gradient outer product, slowly: elimination for the machine, differences for its gradients. */
function agopByDifferences({ rows, labels, labelCount }: ProjectionExamples, ridge: number): number[] {
  const x = labels.map((_, i) => [...rows.subarray(i * WIDTH, (i + 1) * WIDTH)]);
  const k = (a: number[], b: number[]) =>
    Math.exp(-a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / (2 * WIDTH));
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
  return ofTraceOne(agop);
}

describe('fitProjection', () => {
  test('with as many components as numbers, it is a root of the average gradient outer product', async () => {
    const given = examples(50);
    const projection = await fitProjection(given, settings({ components: WIDTH }), { seed: 0 });
    const expected = agopByDifferences(given, 0.3);
    const distances = outerProduct(projection, WIDTH).map((value, i) => Math.abs(value - expected[i]));
    expect(Math.max(...distances)).toBeLessThan(1e-3);
  });

  test('two components are the two numbers that tell the classes apart', async () => {
    const projection = await fitProjection(examples(400), settings({ components: 2 }), { seed: 0 });
    const product = outerProduct(projection, 2);
    expect(product[1 * WIDTH + 1] + product[4 * WIDTH + 4]).toBeGreaterThan(0.95);
  });

  test('what it leaves has a mean square of 1; more components than directions are zeros', async () => {
    const { rows, ...rest } = examples(40);
    const components = 9;
    const projection = await fitProjection({ rows, ...rest }, settings({ components, gradients: 2 }), {
      seed: 0,
    });
    let squares = 0;
    for (let row = 0; row < 40; row += 1) {
      for (let c = 0; c < components; c += 1) {
        let sum = 0;
        for (let k = 0; k < WIDTH; k += 1) sum += rows[row * WIDTH + k] * projection[k * components + c];
        squares += sum ** 2;
      }
    }
    expect(squares / (40 * components)).toBeCloseTo(1, 3);
    expect(Array.from({ length: WIDTH }, (_, k) => projection[k * components + 8])).toEqual(
      Array(WIDTH).fill(0),
    );
  });

  test('the same seed gives the same bits, and draws where there are too many examples', async () => {
    const given = examples(60);
    const fit = (seed: number) => fitProjection(given, settings({ components: 2, examples: 30 }), { seed });
    expect(await fit(1)).toEqual(await fit(1));
    expect(await fit(1)).not.toEqual(await fit(2));
  });
});

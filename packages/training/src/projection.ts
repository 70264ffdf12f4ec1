import { createRandom, type Random } from '@mars/autograd/random';
import { z } from 'zod';
import { drawRows, fitKernelRidge, type KernelMachine, type LabelledRows } from './kernel-ridge.ts';
import { gatherRows, Products, transpose } from './products.ts';

const count = z.int().positive();

export const projectionSettings = z.strictObject({
  /** Numbers that are left of each vector. */
  components: count.default(192),
  /** Weight of the penalty on the kernel machine's functions. */
  ridge: z.number().positive().default(0.3),
  /** More examples than so many are drawn from: time and memory grow with their square. */
  examples: count.default(5000),
  /** Examples at which the gradients are taken. */
  gradients: count.default(400),
});

export type ProjectionSettings = z.output<typeof projectionSettings>;

/** Of orthogonal iteration; the machine on what is left is no better with more. */
const ROUNDS = 10;

/** A kernel as wide as normal vectors are long, about: k(x, y) = exp(-|x - y|² / (2 · width)). */
export function kernelGamma(width: number): number {
  return 1 / (2 * width);
}

/**
 * The few directions of a wide vector along which its emotion changes: those of the average gradient outer product of
 * kernel ridge regression (Radhakrishnan et al. 2024, "Mechanism for feature learning in neural networks and
 * backpropagation-free machine learning models", Science 383). They are orthonormal, so that a kernel sees between what
 * is left the distances that matter.
 *
 * Deterministic: the same examples, seed, machine and number of threads give the same bits.
 *
 * @param examples each number of mean 0 and deviation 1; the gradients are taken at preferred ones first
 * @returns (width, components); zeros where there are fewer directions than components
 * @example
 * const projection = await fitProjection({ rows, width, labels, labelCount: 8 }, settings, { seed: 0 });
 */
export async function fitProjection(
  { rows, width, labels, labelCount, known, preferred, corpora }: LabelledRows,
  { components, ridge, examples, gradients }: ProjectionSettings,
  { seed, threads }: { seed: number; threads?: number },
): Promise<Float32Array> {
  const random = createRandom(seed).fork('projection');
  const drawn = drawRows({ labels, preferred, corpora }, examples, random);
  const given = {
    rows: gatherRows(rows, drawn, width),
    width,
    labels: drawn.map((index) => labels[index]),
    labelCount,
    known: known && drawn.map((index) => known[index]),
    corpora: corpora && drawn.map((index) => corpora[index]),
  };
  await using products = await Products.open(threads);
  const { kernel, coefficients } = await fitKernelRidge(
    given,
    { gamma: kernelGamma(width), ridge },
    products,
  );
  const points = Math.min(gradients, drawn.length);
  const machine = { centres: given.rows, coefficients };
  const slopes = await gradientsOf(machine, kernel, { width, labelCount, points }, products);
  // With G = U S Vᵀ, Uᵀ G is S Vᵀ.
  const rank = Math.min(components, width, slopes.length / width);
  const outer = await products.timesTransposed(slopes, slopes, width);
  const left = await dominantSubspace(outer, rank, random, products);
  const directions = new Float32Array(components * width);
  directions.set(await products.times(left, slopes, slopes.length / width));
  orthonormalise(directions, width);
  return transpose(directions, width);
}

/**
 * The gradient of each class's function at the first `points` centres, class by class, up to a factor that all have:
 * Σ_j c_j · k(x, x_j) · (x_j - x). (classes · points, width)
 */
async function gradientsOf(
  { centres, coefficients }: KernelMachine,
  kernel: Float32Array,
  { width, labelCount, points }: { width: number; labelCount: number; points: number },
  products: Products,
): Promise<Float32Array> {
  const n = centres.length / width;
  const gradients = new Float32Array(labelCount * points * width);
  for (let label = 0; label < labelCount; label += 1) {
    const weights = new Float32Array(points * n);
    const sums = new Float64Array(points);
    for (let i = 0; i < points; i += 1) {
      for (let j = 0; j < n; j += 1) {
        const weight = coefficients[j * labelCount + label] * kernel[i * n + j];
        weights[i * n + j] = weight;
        sums[i] += weight;
      }
    }
    const pulls = await products.times(weights, centres, n);
    for (let i = 0; i < pulls.length; i += 1) {
      gradients[label * points * width + i] = pulls[i] - sums[Math.floor(i / width)] * centres[i];
    }
  }
  return gradients;
}

/** The eigenvectors of the largest eigenvalues of a symmetric matrix, (rank, size), by orthogonal iteration. */
async function dominantSubspace(
  matrix: Float32Array,
  rank: number,
  random: Random,
  products: Products,
): Promise<Float32Array> {
  const size = Math.sqrt(matrix.length);
  let basis: Float32Array = Float32Array.from({ length: rank * size }, () => random.normal());
  for (let round = 0; round < ROUNDS; round += 1) {
    orthonormalise(basis, size);
    basis = await products.times(basis, matrix, size);
  }
  orthonormalise(basis, size);
  return basis;
}

/** What is left of a row below this share of it is rounding. */
const NOTHING = 1e-5;

/** Gram and Schmidt, row by row and each row twice: after once, rounding leaves rows not quite perpendicular. */
function orthonormalise(rows: Float32Array, width: number): void {
  const list = Array.from({ length: rows.length / width }, (_, i) =>
    rows.subarray(i * width, (i + 1) * width),
  );
  for (const [index, row] of list.entries()) {
    const before = Math.sqrt(dot(row, row));
    for (let pass = 0; pass < 2; pass += 1) {
      for (const other of list.slice(0, index)) {
        const share = dot(row, other);
        for (let i = 0; i < width; i += 1) row[i] -= share * other[i];
      }
    }
    const length = Math.sqrt(dot(row, row));
    const factor = length > NOTHING * before ? 1 / length : 0;
    for (let i = 0; i < width; i += 1) row[i] *= factor;
  }
}

function dot(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += x[i] * y[i];
  return sum;
}

import { float32, input, operations, Session, writeGraph } from '@mars/autograd';
import { createRandom, type Random } from '@mars/autograd/random';
import { z } from 'zod';

const count = z.int().positive();

export const projectionSettings = z.strictObject({
  /** Numbers that are left of each vector. */
  components: count.default(64),
  /** Weight of the penalty on the kernel machine's coefficients; its kernel is 1 for equal vectors. */
  ridge: z.number().positive().default(0.3),
  /** More examples than so many are drawn from: time and memory grow with their square. */
  examples: count.default(5000),
  /** Examples at which the gradients are taken. */
  gradients: count.default(400),
});

export type ProjectionSettings = z.output<typeof projectionSettings>;

export interface ProjectionExamples {
  /** (examples, width), each number of mean 0 and deviation 1. */
  readonly rows: Float32Array;
  readonly width: number;
  /** Class of each example. */
  readonly labels: readonly number[];
  readonly labelCount: number;
}

/** Rounds of orthogonal iteration; the subspace no longer moves in its third digit by then. */
const ROUNDS = 30;

/**
 * The few directions of a wide vector along which its emotion changes: those of the average gradient outer product of
 * kernel ridge regression (Radhakrishnan et al. 2024, "Mechanism for feature learning in neural networks and
 * backpropagation-free machine learning models", Science 383). The labels weigh alike, however frequent.
 *
 * Thousands of numbers and two thousand clips let a network learn its speakers by heart. The kernel machine, which has
 * no such choice, finds what matters, and the network then sees only that.
 *
 * Deterministic: the same examples, seed, machine and number of threads give the same bits.
 *
 * @returns (width, components), column by column of falling weight; the projected examples have a mean square of 1
 * @example
 * const projection = await fitProjection({ rows, width, labels, labelCount: 8 }, settings, { seed: 0 });
 */
export async function fitProjection(
  { rows, width, labels, labelCount }: ProjectionExamples,
  { components, ridge, examples, gradients }: ProjectionSettings,
  { seed, threads }: { seed: number; threads?: number },
): Promise<Float32Array> {
  const random = createRandom(seed).fork('projection');
  const order = random.shuffle([...labels.keys()]).slice(0, examples);
  const x = gatherRows(rows, order, width);
  const drawn = order.map((index) => labels[index]);
  await using products = await Products.open(threads);

  // k(x, y) = exp(-|x - y|² / (2 · width))
  const kernel = await products.timesTransposed(x, x, width);
  const n = order.length;
  const squares = Float64Array.from({ length: n }, (_, i) => kernel[i * n + i]);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      kernel[i * n + j] = Math.exp((kernel[i * n + j] - (squares[i] + squares[j]) / 2) / width);
    }
  }
  const coefficients = await solve(
    kernel,
    penalties(drawn, labelCount, ridge),
    targets(drawn, labelCount),
    products,
  );

  // The gradients of the classes' functions: Σ_j c_j · k(x, x_j) · (x_j - x), up to a factor.
  const points = Math.min(gradients, n);
  const gradient = new Float32Array(labelCount * points * width);
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
    const pulls = await products.times(weights, x, n);
    const start = label * points * width;
    for (let i = 0; i < points; i += 1) {
      for (let k = 0; k < width; k += 1) {
        gradient[start + i * width + k] = pulls[i * width + k] - sums[i] * x[i * width + k];
      }
    }
  }

  // With G = U S Vᵀ the directions are V, and their weights S: Gᵀ U is both.
  const rank = Math.min(components, labelCount * points);
  const left = await dominantSubspace(
    await products.timesTransposed(gradient, gradient, width),
    rank,
    random,
    products,
  );
  const projection = new Float32Array(width * components);
  const directions = await products.times(transposed(left, rank), gradient, labelCount * points);
  for (let c = 0; c < rank; c += 1) {
    for (let k = 0; k < width; k += 1) projection[k * components + c] = directions[c * width + k];
  }
  const projected = await products.times(x, projection, width);
  const size = Math.sqrt(projected.reduce((sum, value) => sum + value * value, 0) / projected.length) || 1;
  return projection.map((value) => value / size);
}

/** Ridge of each example: less for those of rare labels, so that all labels weigh alike. */
function penalties(labels: readonly number[], labelCount: number, ridge: number): Float32Array {
  const counts = new Float64Array(labelCount);
  for (const label of labels) counts[label] += 1;
  // So that the examples' weights have a mean of 1.
  const present = counts.filter((of) => of > 0).length;
  return Float32Array.from(labels, (label) => (ridge * counts[label] * present) / labels.length);
}

/** (examples, classes): one-hot rows, less what guessing would say. */
function targets(labels: readonly number[], labelCount: number): Float32Array {
  const y = new Float32Array(labels.length * labelCount).fill(-1 / labelCount);
  for (const [row, label] of labels.entries()) y[row * labelCount + label] += 1;
  return y;
}

/** Below this share of what it began with, what is left of an equation no longer counts. */
const TOLERANCE = 1e-4;
const MOST_STEPS = 500;

/** (K + diagonal) · A = Y by conjugate gradients, column by column at once. */
async function solve(
  kernel: Float32Array,
  diagonal: Float32Array,
  y: Float32Array,
  products: Products,
): Promise<Float32Array> {
  const n = diagonal.length;
  const columns = y.length / n;
  const a = new Float32Array(y.length);
  const rest = y.slice();
  const direction = y.slice();
  let left = columnSquares(rest, columns);
  const wanted = left.map((square) => square * TOLERANCE ** 2);
  for (let step = 0; step < MOST_STEPS && left.some((square, c) => square > wanted[c]); step += 1) {
    const image = await products.times(kernel, direction, n);
    for (let i = 0; i < image.length; i += 1) image[i] += diagonal[Math.floor(i / columns)] * direction[i];
    const curvature = columnSquares(direction, columns, image);
    for (let i = 0; i < image.length; i += 1) {
      const length = left[i % columns] / (curvature[i % columns] || 1);
      a[i] += length * direction[i];
      rest[i] -= length * image[i];
    }
    const before = left;
    left = columnSquares(rest, columns);
    for (let i = 0; i < direction.length; i += 1) {
      direction[i] = rest[i] + (left[i % columns] / (before[i % columns] || 1)) * direction[i];
    }
  }
  return a;
}

/** Σ x · y of each column. */
function columnSquares(x: Float32Array, columns: number, y = x): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < x.length; i += 1) sums[i % columns] += x[i] * y[i];
  return sums;
}

/** The eigenvectors of the largest eigenvalues of a symmetric matrix, (size, rank), by orthogonal iteration. */
async function dominantSubspace(
  matrix: Float32Array,
  rank: number,
  random: Random,
  products: Products,
): Promise<Float32Array> {
  const size = Math.sqrt(matrix.length);
  let basis: Float32Array = Float32Array.from({ length: size * rank }, () => random.normal());
  orthonormalise(basis, rank);
  for (let round = 0; round < ROUNDS; round += 1) {
    basis = await products.times(matrix, basis, size);
    orthonormalise(basis, rank);
  }
  return basis;
}

/** Gram and Schmidt, twice: after once, rounding leaves columns that are not quite perpendicular. */
function orthonormalise(basis: Float32Array, rank: number): void {
  for (let column = 0; column < rank; column += 1) {
    for (let pass = 0; pass < 2; pass += 1) {
      for (let before = 0; before < column; before += 1) {
        let product = 0;
        for (let i = 0; i < basis.length; i += rank) product += basis[i + column] * basis[i + before];
        for (let i = 0; i < basis.length; i += rank) basis[i + column] -= product * basis[i + before];
      }
    }
    let square = 0;
    for (let i = column; i < basis.length; i += rank) square += basis[i] ** 2;
    const length = Math.sqrt(square) || 1;
    for (let i = column; i < basis.length; i += rank) basis[i] /= length;
  }
}

function gatherRows(rows: Float32Array, indices: readonly number[], width: number): Float32Array {
  const gathered = new Float32Array(indices.length * width);
  for (const [row, index] of indices.entries()) {
    gathered.set(rows.subarray(index * width, (index + 1) * width), row * width);
  }
  return gathered;
}

function transposed(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Products of matrices by ONNX Runtime. */
class Products implements AsyncDisposable {
  readonly #plain: Session;
  readonly #byTransposed: Session;

  private constructor(plain: Session, byTransposed: Session) {
    this.#plain = plain;
    this.#byTransposed = byTransposed;
  }

  static async open(threads?: number): Promise<Products> {
    const a = input('a', ['m', 'k']);
    const plain = writeGraph({ product: operations.gemm(a, input('b', ['k', 'n'])) });
    const byTransposed = writeGraph({
      product: operations.gemm(a, input('b', ['n', 'k']), { transB: true }),
    });
    return new Products(
      await Session.create(plain, { threads }),
      await Session.create(byTransposed, { threads }),
    );
  }

  /** (m, inner) · (inner, n) → (m, n) */
  async times(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    return run(this.#plain, float32(a, [a.length / inner, inner]), float32(b, [inner, b.length / inner]));
  }

  /** (m, inner) · (n, inner)ᵀ → (m, n) */
  async timesTransposed(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    return run(
      this.#byTransposed,
      float32(a, [a.length / inner, inner]),
      float32(b, [b.length / inner, inner]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plain.dispose();
    await this.#byTransposed.dispose();
  }
}

async function run(
  session: Session,
  a: ReturnType<typeof float32>,
  b: ReturnType<typeof float32>,
): Promise<Float32Array<ArrayBuffer>> {
  const { product } = await session.run({ a, b });
  return product.data as Float32Array<ArrayBuffer>;
}

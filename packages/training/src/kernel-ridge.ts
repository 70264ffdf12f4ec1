import { createRandom, type Random } from '@mars/autograd/random';
import { gatherRows, Products, transpose } from './products.ts';

/** Vectors and their classes. */
export interface LabelledRows {
  /** (examples, width) */
  readonly rows: Float32Array;
  readonly width: number;
  /** Class of each row. */
  readonly labels: readonly number[];
  readonly labelCount: number;
  /** Per row, the classes that it may be: the functions of the others do not see it. Absent: it may be any. */
  readonly known?: readonly (readonly number[])[];
  /** Per row, whether it is drawn before the others; rows after its end are others. Absent: all have the same chance. */
  readonly preferred?: readonly boolean[];
  /** Per row, of which corpus it is, a number from 0: all weigh alike, and as many rows of each are drawn. Absent: of one. */
  readonly corpora?: readonly number[];
}

export interface KernelRidgeOptions {
  /** k(x, y) = exp(-gamma · |x - y|²) */
  readonly gamma: number;
  /** Weight of the squared norm of each class's function, against the squared errors. */
  readonly ridge: number;
}

/** One function per class: Σ_j coefficients_j · k(x, centre_j). */
export interface KernelMachine {
  /** (centres, width) */
  readonly centres: Float32Array;
  /** (centres, classes) */
  readonly coefficients: Float32Array;
}

/**
 * Kernel ridge regression of the classes, each row a centre: (K + ridge / weights) · A = Y, where the rows of each label
 * of each corpus weigh alike together, however many they are.
 *
 * @returns K (rows, rows) beside the coefficients (rows, classes)
 */
export async function fitKernelRidge(
  examples: LabelledRows,
  { gamma, ridge }: KernelRidgeOptions,
  products: Products,
): Promise<{ kernel: Float32Array; coefficients: Float32Array }> {
  const { rows, width, labelCount, known } = examples;
  const kernel = await rbf(rows, rows, width, gamma, products);
  const penalties = labelWeights(examples).map((weight) => ridge / weight);
  const y = targets(examples);
  const seen = y.map((_, i) => Number(known?.[Math.floor(i / labelCount)].includes(i % labelCount) ?? true));
  return { kernel, coefficients: await conjugateGradients({ kernel, penalties, seen }, y, products) };
}

/** Rows that are summed in single precision; their sums are added up in double. */
const CHUNK = 1024;

/** How much such sums are off, relative to the largest, at first guess. */
const SINGLE_PRECISION = 1e-5;

export interface NystromOptions extends Pick<KernelRidgeOptions, 'gamma'> {
  readonly ridges: readonly number[];
  /** How many rows are centres. */
  readonly centres: number;
  readonly seed: number;
}

/**
 * The same over all rows, once for each ridge, with only some of the rows, drawn by `seed`, as centres (Nyström's method:
 * Williams and Seeger 2001, "Using the Nyström Method to Speed Up Kernel Machines"). Where there are fewer rows than
 * centres, the rest are zeros.
 *
 * @throws RangeError when the rows hold numbers that are not finite
 * @example
 * const [machine] = await fitKernelMachines(examples, { gamma: 0.5, ridges: [0.3], centres: 500, seed: 0 });
 */
export async function fitKernelMachines(
  examples: LabelledRows,
  { gamma, ridges, centres: wanted, seed }: NystromOptions,
  threads?: number,
): Promise<KernelMachine[]> {
  const { rows, width, labels, labelCount } = examples;
  await using products = await Products.open(threads);
  const drawn = drawRows(examples, wanted, createRandom(seed).fork('centres'));
  const count = drawn.length;
  const centres = gatherRows(rows, drawn, width);
  const y = targets(examples);
  const systems = weightings(examples).map((weighting) => ({
    ...weighting,
    left: new Float64Array(count * count),
    right: new Float64Array(count * labelCount),
  }));
  for (let from = 0; from < labels.length; from += CHUNK) {
    const to = Math.min(labels.length, from + CHUNK);
    const near = await rbf(rows.subarray(from * width, to * width), centres, width, gamma, products);
    const aims = y.subarray(from * labelCount, to * labelCount);
    for (const { weights, left, right } of systems) {
      if (!weights.subarray(from, to).some((weight) => weight > 0)) continue;
      const weighted = transpose(
        near.map((value, i) => value * weights[from + Math.floor(i / count)]),
        count,
      ); // (centres, rows)
      addTo(left, await products.times(weighted, near, to - from));
      addTo(right, await products.times(weighted, aims, to - from));
    }
  }
  const between = await rbf(centres, centres, width, gamma, products);
  const padded = new Float32Array(wanted * width);
  padded.set(centres);
  return ridges.map((ridge) => {
    const coefficients = new Float32Array(wanted * labelCount);
    for (const { classes, left, right } of systems) {
      const system = left.map((value, i) => value + ridge * between[i]);
      const solved = solveRounded(system, right, labelCount);
      for (let i = 0; i < solved.length; i += 1) {
        if (classes.includes(i % labelCount)) coefficients[i] = solved[i];
      }
    }
    return { centres: padded, coefficients };
  });
}

/** Some of the rows, at random; those that are preferred come first, and of these as many of each corpus as there are. */
export function drawRows(
  { labels, preferred, corpora }: Pick<LabelledRows, 'labels' | 'preferred' | 'corpora'>,
  count: number,
  random: Random,
): number[] {
  const kindOf = (row: number) => `${preferred?.[row] ?? false} ${corpora?.[row] ?? 0}`;
  const before = new Map<string, number>();
  const drawn = random.shuffle([...labels.keys()]).map((row) => {
    const ofKind = before.get(kindOf(row)) ?? 0;
    before.set(kindOf(row), ofKind + 1);
    return { row, turn: ofKind, later: Number(!preferred?.[row]) };
  });
  return drawn
    .toSorted((a, b) => a.later - b.later || a.turn - b.turn)
    .slice(0, count)
    .map(({ row }) => row);
}

/** The classes whose functions see the same rows, and what these weigh for them. */
function weightings(examples: LabelledRows): { classes: number[]; weights: Float32Array }[] {
  const { labelCount, known } = examples;
  const weights = labelWeights(examples);
  const classes = Array.from({ length: labelCount }, (_, label) => label);
  if (!known) return [{ classes, weights }];
  const kinds = [...new Set(known)];
  const alike = Map.groupBy(classes, (label) => kinds.map((kind) => kind.includes(label)).join());
  return [...alike.values()].map((ofKind) => ({
    classes: ofKind,
    weights: weights.map((weight, row) => (known[row].includes(ofKind[0]) ? weight : 0)),
  }));
}

function addTo(sum: Float64Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i += 1) sum[i] += values[i];
}

/** Solves a positive definite system that rounding may have left not quite so: what it takes is added to the diagonal. */
function solveRounded(system: Float64Array, right: Float64Array, columns: number): Float64Array {
  const size = right.length / columns;
  const diagonal = Array.from({ length: size }, (_, i) => system[i * size + i]);
  const mean = diagonal.reduce((sum, value) => sum + value, 0) / size;
  for (let share = SINGLE_PRECISION; ; share *= 10) {
    const regular = system.slice();
    for (let i = 0; i < size; i += 1) regular[i * size + i] += share * mean;
    const solution = solveCholesky(regular, right.slice(), columns);
    if (solution) return solution;
    if (!(share < 1)) throw new RangeError('The rows hold numbers that are not finite.');
  }
}

/** exp(-gamma · |x - y|²) of all pairs of rows: (n, m). */
async function rbf(
  x: Float32Array,
  y: Float32Array,
  width: number,
  gamma: number,
  products: Products,
): Promise<Float32Array> {
  const kernel = await products.timesTransposed(x, y, width);
  const [ofX, ofY] = [squares(x, width), squares(y, width)];
  for (let i = 0, at = 0; i < ofX.length; i += 1) {
    for (let j = 0; j < ofY.length; j += 1, at += 1) {
      kernel[at] = Math.exp(gamma * Math.min(2 * kernel[at] - ofX[i] - ofY[j], 0));
    }
  }
  return kernel;
}

function squares(x: Float32Array, width: number): Float64Array {
  const sums = new Float64Array(x.length / width);
  for (let i = 0; i < x.length; i += 1) sums[Math.floor(i / width)] += x[i] ** 2;
  return sums;
}

/** Weight of each row: those of a label of a corpus weigh as much as those of any other, and the mean is 1. */
function labelWeights({ labels, labelCount, corpora }: LabelledRows): Float32Array {
  const kinds = labels.map((label, row) => (corpora?.[row] ?? 0) * labelCount + label);
  const counts = new Map<number, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Float32Array.from(kinds, (kind) => labels.length / (counts.size * counts.get(kind)!));
}

/** (rows, classes): one-hot rows, less what guessing would say. */
function targets({ labels, labelCount }: LabelledRows): Float32Array {
  const y = new Float32Array(labels.length * labelCount).fill(-1 / labelCount);
  for (const [row, label] of labels.entries()) y[row * labelCount + label] += 1;
  return y;
}

/** Below this share of what it began with, what is left of an equation no longer counts. */
const TOLERANCE = 1e-4;
const MOST_STEPS = 500;

/**
 * (K + diagonal of penalties) · A = Y, all columns beside each other (Hestenes and Stiefel 1952). `seen`, (rows, columns):
 * a column's equations are those of the rows that it sees, 1, and A is 0 where it does not.
 */
async function conjugateGradients(
  { kernel, penalties, seen }: { kernel: Float32Array; penalties: Float32Array; seen: Float32Array },
  y: Float32Array,
  products: Products,
): Promise<Float32Array> {
  const n = penalties.length;
  const columns = y.length / n;
  const a = new Float32Array(y.length);
  const rest = y.map((value, i) => seen[i] * value);
  const direction = rest.slice();
  let left = columnSums(rest, rest, columns);
  const wanted = left.map((square) => square * TOLERANCE ** 2);
  for (let step = 0; step < MOST_STEPS && left.some((square, c) => square > wanted[c]); step += 1) {
    const image = await products.times(kernel, direction, n);
    for (let i = 0; i < image.length; i += 1) {
      image[i] = seen[i] * (image[i] + penalties[Math.floor(i / columns)] * direction[i]);
    }
    const curvature = columnSums(direction, image, columns);
    for (let i = 0; i < image.length; i += 1) {
      const length = left[i % columns] / (curvature[i % columns] || 1);
      a[i] += length * direction[i];
      rest[i] -= length * image[i];
    }
    const before = left;
    left = columnSums(rest, rest, columns);
    for (let i = 0; i < direction.length; i += 1) {
      direction[i] = rest[i] + (left[i % columns] / (before[i % columns] || 1)) * direction[i];
    }
  }
  return a;
}

/** Σ x · y of each column. */
function columnSums(x: Float32Array, y: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < x.length; i += 1) sums[i % columns] += x[i] * y[i];
  return sums;
}

/**
 * A · X = B by Cholesky's decomposition of A, which is symmetric; both are written over.
 *
 * @returns `undefined` where A is not positive definite
 */
function solveCholesky(a: Float64Array, b: Float64Array, columns: number): Float64Array | undefined {
  const n = b.length / columns;
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k += 1) sum -= a[i * n + k] * a[j * n + k];
      if (i === j && !(sum > 0)) return undefined;
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j];
    }
  }
  for (let c = 0; c < columns; c += 1) {
    for (let i = 0; i < n; i += 1) {
      let sum = b[i * columns + c];
      for (let k = 0; k < i; k += 1) sum -= a[i * n + k] * b[k * columns + c];
      b[i * columns + c] = sum / a[i * n + i];
    }
    for (let i = n - 1; i >= 0; i -= 1) {
      let sum = b[i * columns + c];
      for (let k = i + 1; k < n; k += 1) sum -= a[k * n + i] * b[k * columns + c];
      b[i * columns + c] = sum / a[i * n + i];
    }
  }
  return b;
}

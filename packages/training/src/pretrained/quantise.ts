/** Weights as 8-bit integers: row r of the first axis is `values` · `scale[r]`. */
export interface QuantisedWeights {
  readonly values: Int8Array;
  readonly scale: Float32Array;
}

/**
 * Finds the 8-bit integers and scales, one per row of the first axis, that float weights were once made from. Nothing is
 * rounded: value · scale gives every weight back exactly, as a product of 32-bit floats.
 *
 * @throws RangeError for weights that did not come from 8-bit integers with one scale per row.
 * @example
 * recoverQuantised(Float32Array.of(-63.5, 0.5, 0, 1.5), 1); // values [-127, 1, 0, 3], scale [0.5]
 */
export function recoverQuantised(weights: Float32Array, rows: number): QuantisedWeights {
  const length = weights.length / rows;
  const values = new Int8Array(weights.length);
  const scale = Float32Array.from({ length: rows }, (_, row) => {
    const start = row * length;
    const from = weights.subarray(start, start + length);
    const found = candidateScales(from).find((candidate) =>
      from.every((weight) => Math.fround(Math.round(weight / candidate) * candidate) === weight),
    );
    if (found === undefined) {
      throw new RangeError(`Row ${row} does not consist of 8-bit integers times one scale.`);
    }
    from.forEach((weight, index) => (values[start + index] = Math.round(weight / found)));
    return found;
  });
  return { values, scale };
}

/** The largest magnitude stands for 127; what the division rounds away is at most one unit in the last place. */
function candidateScales(weights: Float32Array): number[] {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  if (largest === 0) return [1];
  const scale = Float32Array.of(largest / 127, largest / 127, largest / 127);
  const bits = new Int32Array(scale.buffer);
  bits[1] += 1;
  bits[2] -= 1;
  return [...scale];
}

/** The whole number of six bits that stands for 0: there are 63 levels around it. */
export const SIX_BIT_ZERO = 31;

/** Weights in 6 bits: column c of the second axis is (`values` - SIX_BIT_ZERO) · `scale[c]`. */
export interface QuantisedColumns {
  readonly values: Uint8Array;
  readonly scale: Float32Array;
}

/**
 * Rounds a matrix (rows, columns) to 63 levels, of which each column's largest magnitude takes the outermost. What has been
 * rounded so before stays as it is.
 *
 * @example
 * quantiseColumns(Float32Array.of(-1, 0.5, 1, 0.25), 2); // values [0, 62, 62, 47], scale [1 / 31, 0.5 / 31]
 */
export function quantiseColumns(matrix: Float32Array, columns: number): QuantisedColumns {
  const largest = new Float32Array(columns);
  for (const [i, value] of matrix.entries()) {
    largest[i % columns] = Math.max(largest[i % columns], Math.abs(value));
  }
  const scale = largest.map((value) => (value || 1) / SIX_BIT_ZERO);
  const values = Uint8Array.from(matrix, (value, i) => SIX_BIT_ZERO + Math.round(value / scale[i % columns]));
  return { values, scale };
}

/** The weights that are meant. */
export function restoreColumns({ values, scale }: QuantisedColumns): Float32Array {
  return Float32Array.from(values, (value, i) => (value - SIX_BIT_ZERO) * scale[i % scale.length]);
}

/**
 * Whole numbers from 0 to 63, (rows, columns), four in three bytes: (3 · rows / 4, columns). The lower six bits of the
 * bytes are the first three quarters of the rows; the higher two, from the first quarter of the bytes to the last, are the
 * last quarter's bits from the lowest to the highest. The rows are a multiple of 4.
 *
 * @example
 * packSixBits(Uint8Array.of(1, 2, 3, 0b100111)); // [1 + 3 · 64, 2 + 1 · 64, 3 + 2 · 64]
 */
export function packSixBits(values: Uint8Array): Uint8Array {
  const quarter = values.length / 4;
  return Uint8Array.from({ length: 3 * quarter }, (_, i) => {
    const last = values[3 * quarter + (i % quarter)];
    return values[i] + 64 * ((last >> (2 * Math.floor(i / quarter))) & 3);
  });
}

/** Rows that share a step of one column. */
export const BLOCK_ROWS = 32;
/** The largest step's multiple of a column's scale: with 7 steps to a side it takes 126 of 127. */
const LARGEST_MULTIPLE = 18;
const STEPS_TO_A_SIDE = 7;

/**
 * Weights in 4 bits: row r of column c is (nibble - 8) · `multiples` of its block · `scale[c]`. Two nibbles are a byte: the
 * lower one is of the first half of the rows, the higher one of the second.
 */
export interface QuantisedBlocks {
  /** (rows / 2, columns) */
  readonly packed: Uint8Array;
  /** (rows / BLOCK_ROWS, columns), whole numbers, so that the weights are whole numbers of 8 bits too */
  readonly multiples: Uint8Array;
  readonly scale: Float32Array;
}

/**
 * Rounds a matrix (rows, columns) to 15 levels, by blocks of 32 rows of a column. The rows are a multiple of 32.
 *
 * @throws RangeError for another number of rows.
 * @example
 * const { packed } = quantiseBlocks(matrix, 576); // a byte for every two weights
 */
export function quantiseBlocks(matrix: Float32Array, columns: number): QuantisedBlocks {
  const rows = matrix.length / columns;
  if (rows % BLOCK_ROWS !== 0) {
    throw new RangeError(`The matrix has ${rows} rows; a multiple of ${BLOCK_ROWS} was expected.`);
  }
  const steps = new Float32Array((rows / BLOCK_ROWS) * columns);
  const blockOf = (i: number) => Math.floor(i / columns / BLOCK_ROWS) * columns + (i % columns);
  for (const [i, value] of matrix.entries()) {
    steps[blockOf(i)] = Math.max(steps[blockOf(i)], Math.abs(value) / STEPS_TO_A_SIDE);
  }
  const scale = new Float32Array(columns);
  for (const [i, step] of steps.entries()) {
    scale[i % columns] = Math.max(scale[i % columns], step / LARGEST_MULTIPLE);
  }
  const multiples = Uint8Array.from(steps, (step, i) =>
    Math.max(1, Math.round(step / (scale[i % columns] || 1))),
  );
  const nibble = (i: number) => {
    const step = multiples[blockOf(i)] * (scale[i % columns] || 1);
    return 8 + Math.max(-STEPS_TO_A_SIDE, Math.min(STEPS_TO_A_SIDE, Math.round(matrix[i] / step)));
  };
  const half = matrix.length / 2;
  return {
    packed: Uint8Array.from({ length: half }, (_, i) => nibble(i) + 16 * nibble(half + i)),
    multiples,
    scale,
  };
}

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

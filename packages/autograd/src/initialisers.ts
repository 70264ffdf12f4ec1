import type { Initialiser } from './network.ts';

/** Uniform in ±√(6 / (fanIn + fanOut)): Glorot & Bengio 2010, eq. 16. First axis = out, the rest = in. */
export const glorotUniform: Initialiser = (shape, random) => {
  const fanOut = shape[0];
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return uniform(Math.sqrt(6 / (fanIn + fanOut)))(shape, random);
};

/** Normal with variance 2 / fanIn: He et al. 2015, eq. 10; for layers under a ReLU. */
export const heNormal: Initialiser = (shape, random) => {
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return fill(shape, () => random.normal() * Math.sqrt(2 / fanIn));
};

/** Uniform in [−bound, bound). */
export const uniform =
  (bound: number): Initialiser =>
  (shape, random) =>
    fill(shape, () => random.uniform(-bound, bound));

export const filled =
  (value: number): Initialiser =>
  (shape) =>
    fill(shape, () => value);

/** Square blocks of rows, each orthogonal: Saxe et al. 2014; keeps a recurrence from exploding or dying early. */
export const orthogonalBlocks: Initialiser = (shape, random) => {
  const [rows, size] = shape;
  if (shape.length !== 2 || rows % size !== 0) {
    throw new RangeError(`orthogonalBlocks fills [n · size, size]; [${shape.join(', ')}] came.`);
  }
  // In float64 to the end: a last row is what little all others leave of it, so their rounding would show.
  const result = new Float64Array(rows * size);
  for (let block = 0; block < rows; block += size) {
    for (let row = 0; row < size; row += 1) {
      const vector = Float64Array.from({ length: size }, () => random.normal());
      for (let earlier = 0; earlier < row; earlier += 1) {
        const at = (block + earlier) * size;
        let dot = 0;
        for (let i = 0; i < size; i += 1) dot += vector[i] * result[at + i];
        for (let i = 0; i < size; i += 1) vector[i] -= dot * result[at + i];
      }
      const norm = Math.hypot(...vector);
      for (let i = 0; i < size; i += 1) result[(block + row) * size + i] = vector[i] / norm;
    }
  }
  return Float32Array.from(result);
};

function fill(shape: readonly number[], next: () => number): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  return Float32Array.from({ length: size }, next);
}

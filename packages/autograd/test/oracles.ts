/** Layers as the textbook writes them: one loop per axis, in float64. Sequences are [frame][channel]. */
export type Sequence = number[][];

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((total, value, index) => total + value * b[index], 0);

/** Rows of a flat matrix. */
export function rowsOf(values: ArrayLike<number>, width: number): number[][] {
  const flat = Array.from(values);
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
}

/** Σ over k and c of x[t + k − half][c] · weight[o][k][c], zeros beyond the ends. */
export function conv1d(x: Sequence, weight: number[][][], bias: number[]): Sequence {
  const half = (weight[0].length - 1) / 2;
  return x.map((_, t) =>
    weight.map((kernel, o) =>
      kernel.reduce((total, taps, k) => total + dot(taps, x[t + k - half] ?? taps.map(() => 0)), bias[o]),
    ),
  );
}

/** Maps are [channel][line][column]. */
export type Maps = number[][][];

/**
 * Σ over c, k and j of x[c][stride · h + k − before][stride · w + j − before] · weight[o][c][k][j], zeros beyond the edges.
 * With a weight of one channel per output, output o sees channel o alone.
 */
export function conv2d(x: Maps, weight: number[][][][], bias: number[], stride: number): Maps {
  const size = weight[0][0].length;
  const along = (length: number) => {
    const count = Math.ceil(length / stride);
    const before = Math.floor(Math.max((count - 1) * stride + size - length, 0) / 2);
    return Array.from({ length: count }, (_, place) => place * stride - before);
  };
  return weight.map((kernels, o) =>
    along(x[0].length).map((line) =>
      along(x[0][0].length).map((column) =>
        kernels.reduce((total, kernel, c) => {
          const map = kernels.length === x.length ? x[c] : x[o];
          return kernel.reduce(
            (sum, taps, k) =>
              sum +
              dot(
                taps,
                taps.map((_, j) => map[line + k]?.[column + j] ?? 0),
              ),
            total,
          );
        }, bias[o]),
      ),
    ),
  );
}

export interface GruWeights {
  weightIh: number[][];
  weightHh: number[][];
  biasIh: number[];
  biasHh: number[];
}

/** Gates in the order update, reset, new; the reset gate acts after the recurrent product. */
export function gru(x: Sequence, { weightIh, weightHh, biasIh, biasHh }: GruWeights): Sequence {
  const size = weightHh[0].length;
  let h: number[] = Array.from({ length: size }, () => 0);
  return x.map((frame) => {
    const byInput = weightIh.map((row, i) => dot(row, frame) + biasIh[i]);
    const byState = weightHh.map((row, i) => dot(row, h) + biasHh[i]);
    h = h.map((previous, i) => {
      const z = sigmoid(byInput[i] + byState[i]);
      const r = sigmoid(byInput[size + i] + byState[size + i]);
      const n = Math.tanh(byInput[2 * size + i] + r * byState[2 * size + i]);
      return (1 - z) * n + z * previous;
    });
    return h;
  });
}

/** Gain and offset of a normalisation with fixed statistics. */
export function batchNorm(
  x: Sequence,
  { weight, bias, mean, variance }: Record<'weight' | 'bias' | 'mean' | 'variance', number[]>,
): Sequence {
  return x.map((frame) =>
    frame.map((value, c) => ((value - mean[c]) / Math.sqrt(variance[c] + 1e-5)) * weight[c] + bias[c]),
  );
}

export function maxPool1d(x: Sequence, size: number): Sequence {
  return Array.from({ length: Math.floor(x.length / size) }, (_, step) =>
    x[0].map((_, c) => Math.max(...x.slice(step * size, (step + 1) * size).map((frame) => frame[c]))),
  );
}

/** The weights of the frames and the weighted mean. */
export function attention(
  x: Sequence,
  { weight, bias, context }: { weight: number[][]; bias: number[]; context: number[] },
): { weights: number[]; pooled: number[] } {
  const scores = x.map((frame) =>
    dot(
      context,
      weight.map((row, i) => Math.tanh(dot(row, frame) + bias[i])),
    ),
  );
  const powers = scores.map(Math.exp);
  const total = powers.reduce((sum, power) => sum + power, 0);
  const weights = powers.map((power) => power / total);
  return {
    weights,
    pooled: x[0].map((_, c) =>
      dot(
        weights,
        x.map((frame) => frame[c]),
      ),
    ),
  };
}

export function dense(x: number[], weight: number[][], bias: number[]): number[] {
  return weight.map((row, i) => dot(row, x) + bias[i]);
}

import {
  add,
  gather,
  gemm,
  matmul,
  pad,
  reshape,
  slice,
  split,
  transpose,
  withGradient,
} from '../operations.ts';
import { constant, staticShape, type Tensor } from '../tensor.ts';

/** Kernels of which float32 stands the transforms; a longer one would need more and larger points. */
export function isFilterable(kernelSize: number): boolean {
  return kernelSize === 3 || kernelSize === 5;
}

/**
 * Convolution by minimal filtering (Winograd 1980; Lavin & Gray 2016, arXiv:1509.09308, here along one axis):
 * y = Aᵀ[(G w) ⊙ (Bᵀ x)]. A tile of 2m frames gives m = kernelSize − 1 frames of output for 2m products, where the plain
 * sum takes m · kernelSize.
 *
 * Tiles stand in front, so that a transform is one matrix product and (Bᵀ x)(G w) a batch of them over all channels:
 * (2m, tiles · B, C) · (2m, C, O). The chain rule gives the gradients as products of the same transformed values.
 */
export function filterTiles(x: Tensor, weight: Tensor): Tensor {
  const [outChannels, kernelSize, inChannels] = staticShape(weight);
  const [batch, frames, channels] = staticShape(x);
  const m = kernelSize - 1;
  const tiles = Math.ceil(frames / m);

  const input = gemm(interpolation(2 * m), tilesOf(x, m));
  const taps = reshape(transpose(weight, [1, 2, 0]), [kernelSize, inChannels * outChannels]);
  const kernel = gemm(evaluation(2 * m, kernelSize), taps);
  const products = matmul(
    reshape(input, [2 * m, tiles * batch, channels]),
    reshape(kernel, [2 * m, inChannels, outChannels]),
  );
  const output = gemm(evaluation(2 * m, m), reshape(products, [2 * m, -1]), { transA: true });
  const clips = transpose(reshape(output, [m, tiles, batch, outChannels]), [2, 1, 0, 3]);
  return slice(reshape(clips, [batch, tiles * m, outChannels]), 1, 0, frames);
}

/**
 * Tiles of 2m frames, one beginning every m frames, zeros beyond the clip's ends: (B, T, C) → (2m, tiles · B · C). In the
 * gradient each block of m frames gets the sum of what the two tiles that share it give.
 */
function tilesOf(x: Tensor, m: number): Tensor {
  const [batch, frames, channels] = staticShape(x);
  const tiles = Math.ceil(frames / m);
  const padded = pad(transpose(x, [1, 0, 2]), 0, m / 2, (tiles + 0.5) * m - frames);
  const members = Array.from({ length: 2 * m }, (_, j) =>
    Array.from({ length: tiles }, (_, tile) => tile * m + j),
  );
  const value = reshape(gather(padded, members, 0), [2 * m, tiles * batch * channels]);
  return withGradient(value, [x], (g) => {
    const [own, next] = split(reshape(g, [2 * m, tiles, batch, channels]), [m, m], 0);
    const blocks = add(pad(own, 1, 0, 1), pad(next, 1, 1, 0)); // (m, tiles + 1, B, C)
    const clips = reshape(transpose(blocks, [2, 1, 0, 3]), [batch, (tiles + 1) * m, channels]);
    return [slice(clips, 1, m / 2, m / 2 + frames)];
  });
}

/** Where the polynomials are evaluated, and at infinity. Small numbers and their inverses keep the rounding small. */
const POINTS = [0, 1, -1, 2, -2, 0.5, -0.5];

/**
 * G and A of minimal filtering: values at `count` points (the last at infinity) of the polynomial with `size` coefficients,
 * (count, size).
 */
export function evaluation(count: number, size: number): Tensor {
  const powers = Array.from({ length: size }, (_, k) => k);
  const finite = POINTS.slice(0, count - 1).map((point) => powers.map((k) => point ** k));
  return matrix([...finite, powers.map((k) => Number(k === size - 1))]);
}

/**
 * Bᵀ of minimal filtering: row by row the coefficients of the polynomial that is 1 at one of `count` points and 0 at the
 * others, (count, count).
 */
export function interpolation(count: number): Tensor {
  const points = POINTS.slice(0, count - 1);
  const finite = points.map((point) => {
    const others = points.filter((other) => other !== point);
    const scale = others.reduce((product, other) => product * (point - other), 1);
    return [...withRoots(others).map((coefficient) => coefficient / scale), 0];
  });
  return matrix([...finite, withRoots(points)]);
}

/** Coefficients of Π (t − root), the constant one first. */
function withRoots(roots: readonly number[]): number[] {
  return roots.reduce<number[]>(
    (p, root) => [...p, 0].map((value, k) => (p[k - 1] ?? 0) - root * value),
    [1],
  );
}

function matrix(rows: number[][]): Tensor {
  return constant(Float32Array.from(rows.flat()), [rows.length, rows[0].length]);
}

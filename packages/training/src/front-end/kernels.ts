import { constant, indices, operations, scalar, type Tensor } from '@mars/autograd';

/** What kernels are computed from: ONNX Runtime does it once, when it loads the file, so they take no room there. */
const { add, cast, mul, operator, sub } = operations;

/** cos(2π · m / period) of whole numbers m; of numbers within half a period of 0, where float32 is exact enough. */
export function cosine(m: Tensor, period: number): Tensor {
  const [wrapped] = operator('Mod', [add(m, indices([period / 2])), indices([period])], [m.shape]);
  const angle = mul(cast(sub(wrapped, indices([period / 2]))), scalar((2 * Math.PI) / period));
  return operator('Cos', [angle], [m.shape])[0];
}

export function matMul(x: Tensor, y: Tensor): Tensor {
  return operator('MatMul', [x, y], [[...x.shape.slice(0, -1), y.shape[y.shape.length - 1]]])[0];
}

/** Reshape with ONNX's own sizes: 0 as it was, -1 what is left. */
export function layOut(x: Tensor, sizes: readonly number[]): Tensor {
  const shape = sizes.map((size, axis) => (size > 0 ? size : size === 0 ? x.shape[axis] : 'rest'));
  return operator('Reshape', [x, indices(sizes)], [shape])[0];
}

/** The size of an open axis, int64 [1]. */
export function sizeAlong(axis: number, x: Tensor): Tensor {
  const [shape] = operator('Shape', [x], [[x.shape.length]]);
  return operator('Gather', [shape, indices([axis])], [[1]], { axis: 0 })[0];
}

export function int64(values: readonly number[], shape: readonly number[]): Tensor {
  return constant(BigInt64Array.from(values, BigInt), shape);
}

/** Whole numbers along one axis of so many. */
export function along(axis: number, values: readonly number[], rank = 2): Tensor {
  return int64(values, Array<number>(rank).fill(1).with(axis, values.length));
}

/** 0, step, 2 · step, … */
export function upTo(count: number, step = 1): number[] {
  return Array.from({ length: count }, (_, index) => index * step);
}

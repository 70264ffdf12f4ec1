/**
 * The differentiable operations. Each records one ONNX operator (opset 17) and knows its own gradient, written
 * with the same operations. Shapes that do not fit are a RangeError when the operation is written, an axis that is
 * open where its size must be known is a TypeError; negative axes count from the end.
 */
import {
  axisSize,
  constant,
  indices,
  record,
  scalar,
  sizeOf,
  staticShape,
  type Attribute,
  type Backward,
  type Dimension,
  type Shape,
  type Tensor,
} from './tensor.ts';

// --- elementwise, two operands -------------------------------------------------------------------------------

/** a + b, broadcast as numpy does. */
export function add(a: Tensor, b: Tensor): Tensor {
  return binary('Add', a, b, ([g]) => [fit(g, a), fit(g, b)]);
}

/** a − b, broadcast as numpy does. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return binary('Sub', a, b, ([g]) => [fit(g, a), g && fit(neg(g), b)]);
}

/** a · b elementwise, broadcast as numpy does. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return binary('Mul', a, b, ([g]) => [g && fit(mul(g, b), a), g && fit(mul(g, a), b)]);
}

/** a / b elementwise, broadcast as numpy does. */
export function div(a: Tensor, b: Tensor): Tensor {
  const quotient: Tensor = binary('Div', a, b, ([g]) => {
    if (!g) return [];
    const byA = div(g, b);
    return [fit(byA, a), fit(neg(mul(byA, quotient)), b)];
  });
  return quotient;
}

/** The larger of a and b (same shape); where both are equal the gradient goes to `a`, as PyTorch's pooling does. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  if (!sameShape(a.shape, b.shape)) {
    throw new RangeError(`maximum needs equal shapes; ${describe(a)} and ${describe(b)} came.`);
  }
  const [output] = record('Max', [a, b], [a.shape], {
    backward: ([g]) => {
      if (!g) return [];
      const toA = cast(record('GreaterOrEqual', [a, b], [a.shape], { dataType: 'bool' })[0]);
      const byA = mul(g, toA);
      return [byA, sub(g, byA)];
    },
  });
  return output;
}

function binary(operator: string, a: Tensor, b: Tensor, backward: Backward): Tensor {
  return record(operator, [a, b], [broadcast(a.shape, b.shape)], { backward })[0];
}

// --- elementwise, one operand --------------------------------------------------------------------------------

/** −x. */
export const neg = (x: Tensor): Tensor => unary('Neg', x, (g) => neg(g));

/** eˣ. */
export const exp = (x: Tensor): Tensor => unary('Exp', x, (g, y) => mul(g, y));

/** The natural logarithm; x > 0. */
export const log = (x: Tensor): Tensor => unary('Log', x, (g) => div(g, x));

/** √x; the gradient at 0 is infinite. */
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x, (g, y) => div(mul(g, scalar(0.5)), y));

/** x². */
export const square = (x: Tensor): Tensor => mul(x, x);

/** 1 / x. */
export const reciprocal = (x: Tensor): Tensor => unary('Reciprocal', x, (g, y) => neg(mul(g, mul(y, y))));

/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => unary('Tanh', x, (g, y) => mul(g, sub(scalar(1), mul(y, y))));

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: Tensor): Tensor =>
  unary('Sigmoid', x, (g, y) => mul(g, mul(y, sub(scalar(1), y))));

/** max(x, 0); the gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => unary('Relu', x, (g, y) => mul(g, cast(greater(y, scalar(0)))));

/** min(max(x, 0), 6); the gradient at 0 and at 6 is 0. */
export function relu6(x: Tensor): Tensor {
  const [y]: Tensor[] = record('Clip', [x, scalar(0), scalar(6)], [x.shape], {
    backward: ([g]) => {
      if (!g) return [];
      const bounds = [greater(y, scalar(0)), greater(scalar(6), y)];
      return [mul(g, cast(record('And', bounds, [x.shape], { dataType: 'bool' })[0]))];
    },
  });
  return y;
}

function unary(operator: string, x: Tensor, backward: (g: Tensor, y: Tensor) => Tensor): Tensor {
  const [y]: Tensor[] = record(operator, [x], [x.shape], { backward: ([g]) => [g && backward(g, y)] });
  return y;
}

/** a > b, as bool; a dead end for gradients. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return record('Greater', [a, b], [broadcast(a.shape, b.shape)], { dataType: 'bool' })[0];
}

/** Any type → float32; a dead end for gradients. */
export function cast(x: Tensor): Tensor {
  return record('Cast', [x], [x.shape], { attributes: { to: 1 } })[0];
}

// --- products ------------------------------------------------------------------------------------------------

interface GemmOptions {
  transA?: boolean;
  transB?: boolean;
  /** Added to the product: [n] or [m, n]. */
  bias?: Tensor;
}

/** op(a) · op(b) (+ bias) of two matrices: [m, k] · [k, n] → [m, n]; `transA`, `transB` read a or b transposed. */
export function gemm(
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false, bias }: GemmOptions = {},
): Tensor {
  const [m, kOfA] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [kOfB, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || kOfA !== kOfB) {
    throw new RangeError(`gemm cannot multiply ${describe(a, transA)} by ${describe(b, transB)}.`);
  }
  if (bias && !sameShape(broadcast(bias.shape, [m, n]), [m, n])) {
    throw new RangeError(`gemm cannot add a bias ${describe(bias)} to a product [${m}, ${n}].`);
  }
  const backward: Backward = ([g]) => {
    if (!g) return [];
    const byA = transA ? gemm(b, g, { transA: transB, transB: true }) : gemm(g, b, { transB: !transB });
    const byB = transB ? gemm(g, a, { transA: true, transB: transA }) : gemm(a, g, { transA: !transA });
    return [byA, byB, bias && fit(g, bias)];
  };
  return record('Gemm', bias ? [a, b, bias] : [a, b], [[m, n]], {
    attributes: { transA: Number(transA), transB: Number(transB) },
    backward,
  })[0];
}

/** Products of n pairs of matrices: (n, a, b) · (n, b, c) → (n, a, c). */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (
    a.shape.length !== 3 ||
    b.shape.length !== 3 ||
    a.shape[0] !== b.shape[0] ||
    a.shape[2] !== b.shape[1]
  ) {
    throw new RangeError(`matmul cannot multiply ${describe(a)} by ${describe(b)}.`);
  }
  // ONNX Runtime takes the transposed operands without moving them.
  const flip = (x: Tensor) => transpose(x, [0, 2, 1]);
  return record('MatMul', [a, b], [[a.shape[0], a.shape[1], b.shape[2]]], {
    backward: ([g]) => (g ? [matmul(g, flip(b)), matmul(flip(a), g)] : []),
  })[0];
}

/**
 * x · weightᵀ + bias over the last axis: [..., in] · [out, in] → [..., out] (PyTorch's `linear`). With open axes it has
 * no gradient.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outSize, inSize] = staticShape(weight);
  const leading = x.shape.slice(0, -1);
  if (!mayEqual(x.shape[x.shape.length - 1], inSize)) {
    throw new RangeError(
      `linear with a weight ${describe(weight)} needs [..., ${inSize}]; ${describe(x)} came.`,
    );
  }
  if (x.shape.length === 2) return gemm(x, weight, { transB: true, bias });
  if (leading.every((size) => typeof size === 'number')) {
    return reshape(gemm(reshape(x, [-1, inSize]), weight, { transB: true, bias }), [...leading, outSize]);
  }
  // With open axes the shape cannot be written down beforehand; MatMul takes any number of leading axes.
  const [product] = record('MatMul', [x, transpose(weight, [1, 0])], [[...leading, outSize]]);
  return bias ? add(product, bias) : product;
}

// --- sums ----------------------------------------------------------------------------------------------------

/** Sum over `axes` (default: all). With `keepDims` they stay as axes of size 1. */
export function sum(x: Tensor, axes: readonly number[] = allAxes(x), keepDims = false): Tensor {
  // ReduceSum takes no axes for all of them.
  if (axes.length === 0) return x;
  const [result] = record('ReduceSum', [x, indices(axes)], [reducedShape(x.shape, axes, keepDims)], {
    attributes: { keepdims: Number(keepDims) },
    backward: ([g]) => {
      if (!g) return [];
      const kept = keepDims ? g : reshape(g, reducedShape(x.shape, axes, true));
      return [expand(kept, x.shape)];
    },
  });
  return result;
}

/** Sum of the rows of a matrix (N, C) → (C). As a product with a row of ones: twice as fast as ReduceSum. */
export function columnSum(x: Tensor): Tensor {
  const [rows, columns] = staticShape(x);
  const ones = constant(new Float32Array(rows).fill(1), [1, rows]);
  return reshape(gemm(ones, x), [columns]);
}

/** Mean over `axes` (default: all). Over open axes it has no gradient. */
export function mean(x: Tensor, axes: readonly number[] = allAxes(x), keepDims = false): Tensor {
  if (axes.some((axis) => typeof x.shape.at(axis) !== 'number')) {
    return record('ReduceMean', [x], [reducedShape(x.shape, axes, keepDims)], {
      attributes: { axes, keepdims: Number(keepDims) },
    })[0];
  }
  const count = axes.reduce((product, axis) => product * axisSize(x, axis), 1);
  return mul(sum(x, axes, keepDims), scalar(1 / count));
}

/** log softmax over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return unary('LogSoftmax', x, (g, y) => sub(g, mul(exp(y), sum(g, [-1], true))));
}

/** softmax over one axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  const [y]: Tensor[] = record('Softmax', [x], [x.shape], {
    attributes: { axis },
    backward: ([g]) => {
      if (!g) return [];
      const weighted = mul(g, y);
      return [sub(weighted, mul(y, sum(weighted, [axis], true)))];
    },
  });
  return y;
}

// --- layout --------------------------------------------------------------------------------------------------

/** The same elements in another shape; one size may be −1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const sizes = shape.map((size) => {
    if (typeof size !== 'number')
      throw new TypeError(`reshape needs known sizes; [${shape.join(', ')}] came.`);
    return size;
  });
  const known = sizes.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const resolved = sizes.map((size) => (size === -1 ? sizeOf(x) / known : size));
  const isOpen = x.shape.some((size) => typeof size !== 'number');
  const fits = isOpen || resolved.reduce((product, size) => product * size, 1) === sizeOf(x);
  // ONNX would read 0 as "the size that x has there".
  if (!fits || !resolved.every((size) => Number.isInteger(size) && size > 0)) {
    throw new RangeError(`reshape cannot lay out the values of ${describe(x)} as [${shape.join(', ')}].`);
  }
  return record('Reshape', [x, indices(sizes)], [resolved], {
    backward: ([g]) => [g && reshape(g, x.shape)],
  })[0];
}

/** Axes in another order. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  const inverse = x.shape.map((_, axis) => perm.indexOf(axis));
  if (perm.length !== x.shape.length || inverse.includes(-1)) {
    throw new RangeError(`transpose of ${describe(x)} needs each axis once; [${perm.join(', ')}] came.`);
  }
  return record('Transpose', [x], [perm.map((axis) => x.shape[axis])], {
    attributes: { perm },
    backward: ([g]) => [g && transpose(g, inverse)],
  })[0];
}

/** Tensors laid one behind the other along `axis`. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  const at = axisOf(first, axis);
  const agree = tensors.every(
    ({ shape }) =>
      shape.length === first.shape.length &&
      first.shape.every((size, i) => i === at || mayEqual(size, shape[i])),
  );
  if (!agree) {
    const shapes = tensors.map((tensor) => describe(tensor)).join(', ');
    throw new RangeError(`concat along axis ${at} needs all other axes alike; ${shapes} came.`);
  }
  const sizes = tensors.map((tensor) => tensor.shape[at]);
  const total: Dimension = sizes.every((size) => typeof size === 'number')
    ? sizes.reduce((sum, size) => sum + size, 0)
    : sizes.join('+');
  return record('Concat', tensors, [first.shape.with(at, total)], {
    attributes: { axis: at },
    backward: ([g]) => (g ? split(g, sizes as number[], at) : []),
  })[0];
}

/** The pieces of x along `axis`, of the given sizes. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const at = axisOf(x, axis);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (!mayEqual(x.shape[at], total)) {
    throw new RangeError(
      `split of ${describe(x)} along axis ${at} needs sizes that add up to ${x.shape[at]}; theirs is ${total}.`,
    );
  }
  if (sizes.length === 1) return [x];
  const shapes = sizes.map((size) => x.shape.with(at, size));
  return record('Split', [x, indices(sizes)], shapes, {
    attributes: { axis: at },
    backward: (upstream) => [
      concat(
        upstream.map((g, index) => g ?? zeros(shapes[index])),
        at,
      ),
    ],
  });
}

/** x[start … end) along `axis`, as numpy's slices: negative bounds count from the end, bounds outside are cut off. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const at = axisOf(x, axis);
  const size = x.shape[at];
  const bound = (value: number, length: number) =>
    value < 0 ? Math.max(value + length, 0) : Math.min(value, length);
  if (typeof size === 'number' && bound(end, size) <= bound(start, size)) {
    throw new RangeError(`slice [${start} … ${end}) of ${describe(x)} along axis ${at} is empty.`);
  }
  if (start === 0 && end === size) return x;
  const length: Dimension =
    typeof size === 'number' ? bound(end, size) - bound(start, size) : `${size}[${start}:${end}]`;
  const bounds = [start, end, at].map((value) => indices([value]));
  return record('Slice', [x, ...bounds], [x.shape.with(at, length)], {
    backward: ([g]) => {
      const total = axisSize(x, at);
      return [g && pad(g, at, bound(start, total), total - bound(end, total))];
    },
  })[0];
}

/** Pieces of x along `axis` at `positions` (known, whole numbers); a dead end for gradients. */
export function gather(
  x: Tensor,
  positions: readonly number[] | readonly (readonly number[])[],
  axis: number,
): Tensor {
  const rows = positions.map((row) => (typeof row === 'number' ? [row] : row));
  const shape = typeof positions[0] === 'number' ? [rows.length] : [rows.length, rows[0].length];
  const which = constant(BigInt64Array.from(rows.flat(), BigInt), shape);
  const at = axisOf(x, axis);
  const result = [...x.shape.slice(0, at), ...shape, ...x.shape.slice(at + 1)];
  return record('Gather', [x, which], [result], { attributes: { axis: at } })[0];
}

/** Zeros before and after along `axis`. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return x;
  const at = axisOf(x, axis);
  const widths = [
    ...x.shape.map((_, i) => (i === at ? before : 0)),
    ...x.shape.map((_, i) => (i === at ? after : 0)),
  ];
  const size = x.shape[at];
  const padded: Dimension = typeof size === 'number' ? size + before + after : `${size}+${before + after}`;
  return record('Pad', [x, indices(widths)], [x.shape.with(at, padded)], {
    backward: ([g]) => [g && slice(g, at, before, before + axisSize(x, at))],
  })[0];
}

/** x repeated along its axes of size 1 until it has `shape`. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return record('Expand', [x, indices(staticShape({ ...x, shape }))], [shape], {
    backward: ([g]) => [g && fit(g, x)],
  })[0];
}

/** Zeros of a known shape. */
export function zeros(shape: Shape): Tensor {
  return expand(scalar(0), shape);
}

/** Ones in the shape of x, which must be known. */
export function onesLike(x: Tensor): Tensor {
  return expand(scalar(1), x.shape);
}

/**
 * `value` with a gradient of its own instead of the one its nodes would give: for a forward pass that runs as one
 * fused operator, or a backward pass that has a shorter form than the chain rule's.
 * `backward` gets the gradient of `value` and returns those of `inputs`.
 */
export function withGradient(
  value: Tensor,
  inputs: readonly Tensor[],
  backward: (upstream: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  // Only `value` is wired into the file (graph.ts); the other inputs are there for the gradient alone.
  const [output] = record('Identity', [value, ...inputs], [value.shape], {
    backward: ([g]) => (g ? [undefined, ...backward(g)] : []),
  });
  return output;
}

/** Any ONNX operator as it is, without a gradient: for inference graphs and fused kernels. */
export function operator(
  name: string,
  inputs: readonly Tensor[],
  shapes: readonly Shape[],
  attributes: Record<string, Attribute> = {},
): Tensor[] {
  return record(name, inputs, shapes, { attributes });
}

// --- shapes --------------------------------------------------------------------------------------------------

function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const sizeOfA = a.at(index - rank) ?? 1;
    const sizeOfB = b.at(index - rank) ?? 1;
    const one = index - rank + a.length < 0 ? 1 : sizeOfA;
    const two = index - rank + b.length < 0 ? 1 : sizeOfB;
    if (one !== two && one !== 1 && two !== 1 && typeof one === 'number' && typeof two === 'number') {
      throw new RangeError(`Shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    }
    return one === 1 ? two : one;
  });
}

/** Sums a gradient over the axes along which `target` was broadcast. */
function fit(g: Tensor | undefined, target: Tensor): Tensor | undefined {
  if (!g || sameShape(g.shape, target.shape)) return g;
  const missing = g.shape.length - target.shape.length;
  const axes = g.shape.flatMap((size, axis) =>
    axis < missing || (target.shape[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  const rowsOnly =
    axes.every((axis, index) => axis === index) && g.shape.every((size) => typeof size === 'number');
  const reduced = rowsOnly
    ? columnSum(reshape(g, [-1, g.shape.slice(axes.length).reduce<number>(times, 1)]))
    : sum(g, axes, true);
  return sameShape(reduced.shape, target.shape) ? reduced : reshape(reduced, target.shape);
}

const times = (product: number, size: Dimension) => product * Number(size);

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  const at = new Set(axes.map((axis) => axisOf({ shape }, axis)));
  return keepDims ? shape.map((size, i) => (at.has(i) ? 1 : size)) : shape.filter((_, i) => !at.has(i));
}

function allAxes(x: Tensor): number[] {
  return x.shape.map((_, axis) => axis);
}

/** The axis counted from the front. */
function axisOf({ shape }: { shape: Shape }, axis: number): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(at) || at < 0 || at >= shape.length) {
    throw new RangeError(`[${shape.join(', ')}] has no axis ${axis}.`);
  }
  return at;
}

/** Whether two sizes can be the same: an open one can be any. */
function mayEqual(a: Dimension, b: Dimension): boolean {
  return a === b || typeof a !== 'number' || typeof b !== 'number';
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function describe(x: Tensor, transposed = false): string {
  return `[${x.shape.join(', ')}]${transposed ? 'ᵀ' : ''}`;
}

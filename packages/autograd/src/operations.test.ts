import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { expect } from '../test/expect.ts';
import { evaluate, feed, numbers, valuesOf, volume } from '../test/evaluate.ts';
import { gradientsOf } from '../test/finite-differences.ts';
import { gradient } from './gradient.ts';
import * as operations from './operations.ts';
import { constant, indices, input, scalar, type Tensor } from './tensor.ts';

const {
  add,
  cast,
  columnSum,
  concat,
  div,
  exp,
  expand,
  gather,
  gemm,
  greater,
  linear,
  log,
  logSoftmax,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  operator,
  pad,
  reciprocal,
  relu,
  relu6,
  reshape,
  sigmoid,
  slice,
  softmax,
  split,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  transpose,
  withGradient,
} = operations;

type Domain = 'any' | 'positive' | 'off zero';

interface Case {
  name: string;
  shapes: number[][];
  f: (...x: Tensor[]) => Tensor;
  domain: Domain;
}

/** One row of the table: the name begins with the operation's. */
const row = (name: string, shapes: number[][], f: Case['f'], domain: Domain = 'any'): Case => ({
  name,
  shapes,
  f,
  domain,
});

const BROADCASTS: [string, number[], number[]][] = [
  ['equal shapes', [2, 3], [2, 3]],
  ['a row', [2, 3], [3]],
  ['a column', [2, 3], [2, 1]],
  ['a scalar', [2, 3], []],
  ['both ways', [2, 1, 3], [4, 1]],
  ['the first is smaller', [3], [2, 2, 3]],
  ['the middle axis', [2, 4, 3], [2, 1, 3]],
  ['one value and none', [1], []],
  ['scalars', [], []],
];

const CASES: Case[] = [
  ...BROADCASTS.flatMap(([how, a, b]) => [
    row(`add, ${how}`, [a, b], add),
    row(`sub, ${how}`, [a, b], sub),
    row(`mul, ${how}`, [a, b], mul),
    row(`div, ${how}`, [a, b], div, 'positive'),
  ]),
  row('maximum', [[2, 3]], (x) => maximum(x, constant(new Float32Array(6), [2, 3])), 'off zero'),
  row('maximum, second', [[2, 3]], (x) => maximum(constant(new Float32Array(6), [2, 3]), x), 'off zero'),
  row('neg', [[2, 3]], neg),
  row('exp', [[2, 3]], exp),
  row('log', [[2, 3]], log, 'positive'),
  row('sqrt', [[2, 3]], sqrt, 'positive'),
  row('square', [[2, 3]], square),
  row('reciprocal', [[2, 3]], reciprocal, 'positive'),
  row('tanh', [[2, 3]], tanh),
  row('sigmoid', [[2, 3]], sigmoid),
  row('relu', [[4, 5]], relu, 'off zero'),
  row('relu6', [[4, 5]], relu6, 'off zero'),
  row('relu6, at its upper end', [[4, 5]], (x) => relu6(add(x, scalar(6))), 'off zero'),
  row(
    'gemm',
    [
      [2, 3],
      [3, 4],
    ],
    (a, b) => gemm(a, b),
  ),
  row(
    'gemm, transA',
    [
      [3, 2],
      [3, 4],
    ],
    (a, b) => gemm(a, b, { transA: true }),
  ),
  row(
    'gemm, transB',
    [
      [2, 3],
      [4, 3],
    ],
    (a, b) => gemm(a, b, { transB: true }),
  ),
  row(
    'gemm, both',
    [
      [3, 2],
      [4, 3],
    ],
    (a, b) => gemm(a, b, { transA: true, transB: true }),
  ),
  ...[[4], [1, 4], [2, 1], [2, 4], []].map((shape) =>
    row(`gemm, bias [${shape.join(', ')}]`, [[2, 3], [3, 4], shape], (a, b, bias) => gemm(a, b, { bias })),
  ),
  row(
    'matmul',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    matmul,
  ),
  row('linear, matrix', [[2, 3], [4, 3], [4]], linear),
  row(
    'linear, no bias',
    [
      [2, 3],
      [4, 3],
    ],
    (x, w) => linear(x, w),
  ),
  row('linear, sequence', [[2, 3, 2], [4, 2], [4]], linear),
  row('linear, vector', [[3], [4, 3], [4]], linear),
  row('sum', [[2, 3]], (x) => sum(x)),
  row('sum, no axis', [[2, 3]], (x) => sum(x, [])),
  row('sum, first', [[2, 3, 2]], (x) => sum(x, [0])),
  row('sum, kept', [[2, 3, 2]], (x) => sum(x, [1], true)),
  row('sum, from the end', [[2, 3, 2]], (x) => sum(x, [-1, 0])),
  row('columnSum', [[4, 3]], columnSum),
  row('mean', [[2, 3]], (x) => mean(x)),
  row('mean, one axis', [[2, 3, 2]], (x) => mean(x, [1])),
  row('mean, kept', [[2, 3, 2]], (x) => mean(x, [-1, 0], true)),
  row('logSoftmax', [[2, 4]], logSoftmax),
  row('logSoftmax, three axes', [[2, 2, 3]], logSoftmax),
  row('softmax', [[2, 4]], (x) => softmax(x)),
  row('softmax, first axis', [[3, 2]], (x) => softmax(x, 0)),
  row('softmax, middle axis', [[2, 3, 2]], (x) => softmax(x, 1)),
  row('reshape', [[2, 6]], (x) => reshape(x, [3, 2, 2])),
  row('reshape, one size open', [[2, 6]], (x) => reshape(x, [-1, 3])),
  row('reshape, to a scalar', [[1, 1]], (x) => reshape(x, [])),
  row('transpose', [[2, 3]], (x) => transpose(x, [1, 0])),
  row('transpose, a cycle', [[2, 3, 4]], (x) => transpose(x, [2, 0, 1])),
  row(
    'concat',
    [
      [2, 3],
      [2, 2],
    ],
    (a, b) => concat([a, b], 1),
  ),
  row(
    'concat, from the end',
    [
      [2, 3],
      [2, 2],
      [2, 1],
    ],
    (...x) => concat(x, -1),
  ),
  row('concat, one twice', [[2, 3]], (a) => concat([a, a], 0)),
  row('split, both pieces', [[5, 2]], (x) => mul(...(split(x, [2, 3], 0).map((p) => sum(p, [0])) as Pair))),
  row('split, one piece unused', [[2, 5]], (x) => square(split(x, [1, 3, 1], -1)[1])),
  row('split, a single piece', [[2, 3]], (x) => square(split(x, [3], 1)[0])),
  row('slice', [[2, 5]], (x) => slice(x, 1, 1, 4)),
  row('slice, negative bounds', [[5, 2]], (x) => slice(x, 0, -4, -1)),
  row('slice, negative axis', [[2, 5]], (x) => slice(x, -1, 0, 2)),
  row('slice, bounds outside', [[2, 3]], (x) => slice(x, 1, -9, 9)),
  row('pad', [[2, 3]], (x) => pad(x, 0, 1, 2)),
  row('pad, negative axis', [[2, 3]], (x) => square(pad(x, -1, 2, 0))),
  row('pad, nothing', [[2, 3]], (x) => square(pad(x, 0, 0, 0))),
  row('expand', [[2, 1]], (x) => expand(x, [2, 3])),
  row('expand, new axes', [[3]], (x) => square(expand(x, [2, 2, 3]))),
  row('expand, a scalar', [[]], (x) => expand(x, [2, 3])),
  row('withGradient', [[2, 3]], (x) => withGradient(exp(x), [x], (g) => [mul(g, exp(x))])),
];

type Pair = [Tensor, Tensor];

const RANGES: Record<Domain, readonly [number, number]> = {
  any: [-1, 1],
  positive: [0.6, 2],
  'off zero': [-1, 1],
};

/** Values of the domain; "off zero" keeps further from 0 than finite differences reach. */
function pointOf({ name, domain }: Case, shape: number[], index: number) {
  const values = numbers(`${name} ${index}`, shape, RANGES[domain]);
  return {
    shape,
    values: domain === 'off zero' ? values.map((v) => Math.sign(v) * (0.1 + Math.abs(v))) : values,
  };
}

describe('gradients equal finite differences', () => {
  test.for(CASES)('$name', async (current) => {
    const points = current.shapes.map((shape, index) => pointOf(current, shape, index));
    const { symbolic, numeric, shape } = await gradientsOf(current.f, points);
    expect(shape.computed).toEqual(shape.declared);
    for (const [index, expected] of numeric.entries()) {
      expect(symbolic[index]).toBeAllClose(expected, { rtol: 1e-4, atol: 3e-5 });
    }
  });

  test('for every operation there is', () => {
    const withoutGradient = ['cast', 'gather', 'greater', 'onesLike', 'operator', 'zeros'];
    const tested = CASES.map(({ name }) => name.split(',')[0]);
    expect([...new Set([...tested, ...withoutGradient])].sort()).toEqual(Object.keys(operations).sort());
  });
});

/** Where element `at` of `whole` lies in a tensor of `shape` that was broadcast to it. */
function broadcastIndex(at: number, whole: readonly number[], shape: readonly number[]): number {
  let rest = at;
  let index = 0;
  let stride = 1;
  for (let axis = -1; axis >= -whole.length; axis -= 1) {
    const position = rest % whole.at(axis)!;
    rest = Math.floor(rest / whole.at(axis)!);
    const size = shape.at(axis) ?? 1;
    if (axis >= -shape.length && size > 1) index += stride * position;
    stride *= axis >= -shape.length ? size : 1;
  }
  return index;
}

test('mul broadcasts, and sums its gradients, over any pair of shapes', async () => {
  const whole = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 });
  const drop = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
  const cut = fc.nat({ max: 4 });
  const pair = fc.tuple(whole, drop, drop, cut, fc.boolean()).map(([shape, one, two, missing, swap]) => {
    // One keeps all axes where the other has lost some in front; each size is kept by at least one of the two.
    const a = shape.map((size, i) => (one[i] && !two[i] && i >= missing ? 1 : size));
    const b = shape.map((size, i) => (two[i] ? 1 : size)).slice(missing);
    return { shape, shapes: swap ? [b, a] : [a, b] };
  });
  await fc.assert(
    fc.asyncProperty(pair, async ({ shape, shapes }) => {
      const [a, b] = shapes.map((size, index) => input(`x${index}`, size));
      const values = shapes.map((size, index) => numbers(`operand ${index}`, size));
      const upstream = numbers('upstream', shape);
      const y = mul(a, b);
      const [byA, byB] = gradient(sum(mul(y, constant(upstream, shape))), [a, b]);
      const results = await evaluate(
        { y, byA, byB },
        {
          x0: { values: values[0], shape: shapes[0] },
          x1: { values: values[1], shape: shapes[1] },
        },
      );
      const expected = {
        y: new Float64Array(volume(shape)),
        byA: new Float64Array(volume(shapes[0])),
        byB: new Float64Array(volume(shapes[1])),
      };
      for (let at = 0; at < upstream.length; at += 1) {
        const [i, j] = shapes.map((size) => broadcastIndex(at, shape, size));
        expected.y[at] = values[0][i] * values[1][j];
        expected.byA[i] += upstream[at] * values[1][j];
        expected.byB[j] += upstream[at] * values[0][i];
      }
      expect(results.y.shape).toEqual(shape);
      expect(results.y.values).toBeAllClose(expected.y);
      expect(results.byA.values).toBeAllClose(expected.byA);
      expect(results.byB.values).toBeAllClose(expected.byB);
    }),
    { numRuns: 40, seed: 1 },
  );
});

test('slice cuts as an array does, and its gradient is 1 inside and 0 outside', async () => {
  const bounds = fc.integer({ min: -9, max: 9 });
  await fc.assert(
    fc.asyncProperty(bounds, bounds, async (start, end) => {
      const values = Array.from({ length: 6 }, (_, index) => index);
      const expected = values.slice(start, end);
      fc.pre(expected.length > 0);
      const x = input('x', [6]);
      const y = slice(x, 0, start, end);
      const [g] = gradient(sum(y), [x]);
      const results = await evaluate({ y, g }, { x: { values, shape: [6] } });
      expect(y.shape).toEqual([expected.length]);
      expect([...results.y.values]).toEqual(expected);
      expect([...results.g.values]).toEqual(values.map((value) => Number(expected.includes(value))));
    }),
    { numRuns: 40, seed: 1 },
  );
});

test('split and concat undo each other along every axis', async () => {
  const x = feed('x', [2, 3, 4]);
  for (const [axis, sizes] of [
    [0, [1, 1]],
    [1, [2, 1]],
    [-1, [1, 1, 2]],
  ] as const) {
    const y = concat(split(input('x', x.shape), sizes, axis), axis);
    expect(await valuesOf(y, { x })).toEqual(x.values);
  }
});

describe('values', () => {
  const a = constant(Float32Array.of(1, 2, -3, 0.5), [2, 2]);
  const b = constant(Float32Array.of(1, -2, 3, 0.25), [2, 2]);

  test('where both are equal, the gradient of maximum goes to the first', async () => {
    const [x0, x1] = [input('x0', [3]), input('x1', [3])];
    const [by0, by1] = gradient(sum(maximum(x0, x1)), [x0, x1]);
    const { by0: first, by1: second } = await evaluate(
      { by0, by1 },
      { x0: { values: [1, 2, 3], shape: [3] }, x1: { values: [1, 3, 2], shape: [3] } },
    );
    expect([...first.values]).toEqual([1, 0, 1]);
    expect([...second.values]).toEqual([0, 1, 0]);
  });

  test('relu at 0 has the gradient 0', async () => {
    const x = input('x', [3]);
    const [g] = gradient(sum(relu(x)), [x]);
    expect([...(await valuesOf(g, { x: { values: [-1, 0, 1], shape: [3] } }))]).toEqual([0, 0, 1]);
  });

  test('greater and cast give 0 and 1', async () => {
    expect([...(await valuesOf(cast(greater(a, b))))]).toEqual([0, 1, 0, 1]);
  });

  test('gather picks by rows and by windows, from either end of the axes', async () => {
    expect([...(await valuesOf(gather(a, [1, 0, 1], 0)))]).toEqual([-3, 0.5, 1, 2, -3, 0.5]);
    const windows = gather(
      a,
      [
        [0, 1],
        [1, 0],
      ],
      -1,
    );
    expect(windows.shape).toEqual([2, 2, 2]);
    expect([...(await valuesOf(windows))]).toEqual([1, 2, 2, 1, -3, 0.5, 0.5, -3]);
  });

  test('log softmax and softmax stand very large logits', async () => {
    const logits = constant(Float32Array.of(1000, 0, -1000), [1, 3]);
    expect(await valuesOf(logSoftmax(logits))).toBeAllClose([0, -1000, -2000]);
    expect(await valuesOf(softmax(logits))).toBeAllClose([1, 0, 0]);
  });

  test('linear and mean work on axes that are open until the graph runs', async () => {
    const x = input('x', ['batch', 'frames', 2]);
    const weight = constant(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    const bias = constant(Float32Array.of(0.5, 0, -0.5), [3]);
    const y = linear(x, weight, bias);
    expect(y.shape).toEqual(['batch', 'frames', 3]);
    for (const [batch, frames] of [
      [1, 1],
      [2, 3],
    ]) {
      const given = feed('x', [batch, frames, 2]);
      const results = await evaluate({ y, pooled: mean(y, [1]) }, { x: given });
      const expected = Array.from({ length: batch * frames }, (_, i) =>
        [0, 1, 2].map(
          (o) =>
            (2 * o + 1) * given.values[2 * i] + (2 * o + 2) * given.values[2 * i + 1] + [0.5, 0, -0.5][o],
        ),
      );
      expect(results.y.values).toBeAllClose(expected.flat());
      expect(results.pooled.shape).toEqual([batch, 3]);
      const pooled = Array.from({ length: batch }, (_, b) =>
        [0, 1, 2].map(
          (o) =>
            expected.slice(b * frames, (b + 1) * frames).reduce((total, values) => total + values[o], 0) /
            frames,
        ),
      );
      expect(results.pooled.values).toBeAllClose(pooled.flat());
    }
  });

  test('withGradient takes its own gradient, not that of its nodes', async () => {
    const x = input('x', [2]);
    const y = withGradient(square(x), [x], (g) => [mul(g, scalar(10))]);
    const [g] = gradient(sum(y), [x]);
    const results = await evaluate({ y, g }, { x: { values: [3, 4], shape: [2] } });
    expect([...results.y.values]).toEqual([9, 16]);
    expect([...results.g.values]).toEqual([10, 10]);
  });
});

describe('shapes that do not fit are refused where they are written', () => {
  const x = input('x', [2, 3]);
  const y = input('y', [4, 5]);
  test.for<[string, () => unknown, RegExp]>([
    ['add', () => add(x, y), /\[2, 3\] and \[4, 5\] do not broadcast/],
    ['maximum', () => maximum(x, input('row', [3])), /maximum needs equal shapes; \[2, 3\] and \[3\] came/],
    ['gemm', () => gemm(x, y), /cannot multiply \[2, 3\] by \[4, 5\]/],
    ['gemm, transposed', () => gemm(x, y, { transB: true }), /\[2, 3\] by \[4, 5\]ᵀ/],
    [
      'matmul',
      () => matmul(input('a', [2, 3, 4]), input('b', [3, 4, 5])),
      /multiply \[2, 3, 4\] by \[3, 4, 5\]/,
    ],
    ['gemm, three axes', () => gemm(input('z', [1, 2, 3]), x), /cannot multiply/],
    [
      'gemm, bias',
      () => gemm(x, x, { transB: true, bias: input('b', [3]) }),
      /\[3\] and \[2, 2\] do not broadcast/,
    ],
    [
      'gemm, wide bias',
      () => gemm(x, x, { transB: true, bias: input('b', [7, 2, 2]) }),
      /cannot add a bias \[7, 2, 2\]/,
    ],
    [
      'linear',
      () => linear(input('z', [2, 4, 6]), x),
      /weight \[2, 3\] needs \[\.\.\., 3\]; \[2, 4, 6\] came/,
    ],
    ['sum', () => sum(x, [2]), /\[2, 3\] has no axis 2/],
    ['mean', () => mean(x, [-3]), /./],
    ['reshape', () => reshape(x, [4, 2]), /lay out the values of \[2, 3\] as \[4, 2\]/],
    ['reshape, remainder', () => reshape(x, [4, -1]), /lay out/],
    ['reshape, empty', () => reshape(x, [0, 3]), /lay out/],
    ['reshape, open', () => reshape(x, ['frames', 3]), /needs known sizes/],
    ['transpose', () => transpose(x, [0, 0]), /each axis once; \[0, 0\] came/],
    ['transpose, short', () => transpose(x, [0]), /each axis once/],
    ['concat', () => concat([x, y], 0), /all other axes alike; \[2, 3\], \[4, 5\] came/],
    ['concat, axes', () => concat([x, input('v', [3])], 0), /all other axes alike/],
    ['split', () => split(x, [1, 1], 1), /add up to 3; theirs is 2/],
    ['slice', () => slice(x, 2, 0, 1), /has no axis 2/],
    ['slice, nothing', () => slice(x, 1, 2, 2), /is empty/],
    ['expand, open', () => expand(x, ['batch', 2, 3]), /open axis 'batch'/],
    ['constant', () => constant(new Float32Array(5), [2, 3]), /holds 6 values; 5 came/],
  ])('%s', ([, f, message]) => {
    expect(f).toThrow(message);
  });
});

test('operator records any operator as it is', async () => {
  const x = constant(Float32Array.of(-1, 4), [2]);
  const [y] = operator('Clip', [x, scalar(0), scalar(1)], [[2]]);
  expect([...(await valuesOf(y))]).toEqual([0, 1]);
  const [tiled] = operator('Tile', [x, indices([2])], [[4]]);
  expect([...(await valuesOf(tiled))]).toEqual([-1, 4, -1, 4]);
});

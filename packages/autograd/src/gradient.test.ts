import { describe, test } from 'vitest';
import { evaluate, valuesOf } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import { gradient } from './gradient.ts';
import { add, exp, gather, gemm, mean, mul, neg, split, square, sub, sum, tanh } from './operations.ts';
import { constant, input, scalar, type Tensor } from './tensor.ts';

const x = input('x', [3]);
const at = (...values: number[]) => ({ x: { values, shape: [values.length] } });

describe('the gradient adds up', () => {
  test('where a tensor is used twice by one operation', async () => {
    const [g] = gradient(sum(mul(x, x)), [x]);
    expect(await valuesOf(g, at(1, -2, 3))).toBeAllClose([2, -4, 6]);
  });

  test('where paths part and meet again', async () => {
    // y = eˣ · (eˣ + x) → eˣ · (2 eˣ + x + 1)
    const e = exp(x);
    const [g] = gradient(sum(mul(e, add(e, x))), [x]);
    const values = [0.5, -1, 0];
    expect(await valuesOf(g, at(...values))).toBeAllClose(
      values.map((v) => Math.exp(v) * (2 * Math.exp(v) + v + 1)),
    );
  });

  test('over all uses of a tensor that is computed itself', async () => {
    const [a, b, c] = split(square(x), [1, 1, 1], 0);
    const [g] = gradient(sum(add(mul(a, b), mul(b, c))), [x]);
    // a² b² + b² c²
    expect(await valuesOf(g, at(1, 2, 3))).toBeAllClose([2 * 4, 4 * 1 + 4 * 9, 6 * 4]);
  });
});

test('by a tensor on the way, by the start and by the loss itself, in one go', async () => {
  const y = square(x);
  const loss = sum(mul(y, scalar(3)));
  const [byY, byX, byLoss] = gradient(loss, [y, x, loss]);
  const results = await evaluate({ byY, byX, byLoss }, at(1, 2, 3));
  expect([...results.byY.values]).toEqual([3, 3, 3]);
  expect([...results.byX.values]).toEqual([6, 12, 18]);
  expect([...results.byLoss.values]).toEqual([1]);
});

test('the example of the documentation: a regression', async () => {
  const w = input('w', [2, 1]);
  const points = constant(Float32Array.of(1, 2, 3, 4), [2, 2]);
  const [g] = gradient(mean(square(sub(gemm(points, w), constant(Float32Array.of(1, 1), [2, 1])))), [w]);
  const residuals = [1 * 0.5 + 2 * 0.25 - 1, 3 * 0.5 + 4 * 0.25 - 1];
  expect(g.shape).toEqual([2, 1]);
  expect(await valuesOf(g, { w: { values: [0.5, 0.25], shape: [2, 1] } })).toBeAllClose([
    residuals[0] * 1 + residuals[1] * 3,
    residuals[0] * 2 + residuals[1] * 4,
  ]);
});

test('a gradient has a gradient', async () => {
  const [first] = gradient(sum(tanh(x)), [x]);
  const [second] = gradient(sum(first), [x]);
  const values = [0.3, -1, 2];
  expect(await valuesOf(second, at(...values))).toBeAllClose(
    values.map((v) => -2 * Math.tanh(v) * (1 - Math.tanh(v) ** 2)),
  );
});

describe('chains of thousands of nodes', () => {
  const chain = (length: number, next: (tensor: Tensor) => Tensor) => {
    let tensor: Tensor = x;
    for (let i = 0; i < length; i += 1) tensor = next(tensor);
    return tensor;
  };

  test('run', async () => {
    const factor = scalar(1.001);
    const [g] = gradient(sum(chain(2000, (tensor) => mul(tensor, factor))), [x]);
    const expected = Math.fround(1.001) ** 2000;
    expect(await valuesOf(g, at(1, 2, 3))).toBeAllClose([expected, expected, expected], { rtol: 1e-4 });
  });

  test('do not overflow the stack', () => {
    const [g] = gradient(sum(chain(50_000, neg)), [x]);
    expect(g.shape).toEqual([3]);
  });

  test('are walked once, however many paths lead through them', () => {
    // 2^200 paths from x to the loss.
    const [g] = gradient(sum(chain(200, (tensor) => add(tensor, tensor))), [x]);
    expect(g.shape).toEqual([3]);
  });
});

describe('an error', () => {
  test('for a loss that is no scalar', () => {
    expect(() => gradient(square(x), [x])).toThrow(/scalar loss; its shape was \[3\]/);
  });

  test('for a tensor that the loss does not depend on', () => {
    expect(() => gradient(sum(x), [input('other', [3])])).toThrow(/does not depend/);
  });

  test('where only an operation without a gradient leads there', () => {
    expect(() => gradient(sum(gather(x, [0, 1], 0)), [x])).toThrow(/does not depend/);
  });
});

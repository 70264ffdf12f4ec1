import { expect, test } from 'vitest';
import { gatherRows, Products, transpose } from './products.ts';

// (3, 2)
const a = Float32Array.of(1, 2, 3, 4, 5, 6);

test('products, plain and by the transposed', async () => {
  await using products = await Products.open(1);
  const b = Float32Array.of(1, 0, 2, 0, 1, 3); // (2, 3)
  const expected = Float32Array.of(1, 2, 8, 3, 4, 18, 5, 6, 28);
  expect(await products.times(a, b, 2)).toEqual(expected);
  expect(await products.timesTransposed(a, transpose(b, 3), 2)).toEqual(expected);
});

test('rows become columns, and twice they are rows again', () => {
  expect(transpose(a, 2)).toEqual(Float32Array.of(1, 3, 5, 2, 4, 6));
  expect(transpose(transpose(a, 2), 3)).toEqual(a);
});

test('rows in any order, and more than once', () => {
  expect(gatherRows(a, [2, 0, 2], 2)).toEqual(Float32Array.of(5, 6, 1, 2, 5, 6));
});

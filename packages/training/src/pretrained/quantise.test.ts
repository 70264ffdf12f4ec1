import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { recoverQuantised } from './quantise.ts';

const row = fc
  .tuple(
    fc.array(fc.integer({ min: -126, max: 126 }), { minLength: 8, maxLength: 8 }),
    fc.constantFrom(-127, 127),
    fc.double({ min: 1e-6, max: 10, noNaN: true }),
  )
  .map(([values, largest, scale]) => ({ values: [...values, largest], scale: Math.fround(scale) }));

test('gives integers and scales back whose products are the weights, bit by bit', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
      const weights = Float32Array.from(rows.flatMap(({ values, scale }) => values.map((q) => q * scale)));
      const { values, scale } = recoverQuantised(weights, rows.length);
      expect([...values]).toEqual(rows.flatMap((each) => each.values));
      const products = Float32Array.from(values, (q, i) => q * scale[Math.floor(i / 9)]);
      expect(products).toEqual(weights);
    }),
  );
});

test('refuses weights that came from anything else', () => {
  expect(() => recoverQuantised(Float32Array.of(127, 1, 127, 1.5), 2)).toThrow('Row 1 does not consist');
});

test('a row of zeros has the scale 1', () => {
  expect(recoverQuantised(new Float32Array(3), 1)).toEqual({
    values: new Int8Array(3),
    scale: Float32Array.of(1),
  });
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BLOCK_ROWS,
  packSixBits,
  quantiseBlocks,
  quantiseColumns,
  recoverQuantised,
  restoreColumns,
} from './quantise.ts';

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

const matrix = fc
  .tuple(fc.constantFrom(32, 64, 96), fc.integer({ min: 1, max: 3 }))
  .chain(([rows, columns]) =>
    fc
      .array(fc.float({ min: -4, max: 4, noNaN: true }), {
        minLength: rows * columns,
        maxLength: rows * columns,
      })
      .map((values) => ({ values: Float32Array.from(values), columns })),
  );

test('columns are off by half a step at most', () => {
  fc.assert(
    fc.property(matrix, ({ values: weights, columns }) => {
      const quantised = quantiseColumns(weights, columns);
      const { values, scale } = quantised;
      const restored = restoreColumns(quantised);
      for (const [i, weight] of weights.entries()) {
        const step = scale[i % columns];
        expect(Math.abs(restored[i] - weight)).toBeLessThanOrEqual(0.51 * step);
        expect(values[i]).toBeLessThanOrEqual(62);
      }
      // Rounded once more, also after what rounding does to floats, it is the same.
      const stretched = restored.map((value) => (value * 0.3) / 0.3);
      expect(quantiseColumns(stretched, columns).values).toEqual(values);
    }),
  );
});

test('four numbers of six bits are three bytes', () => {
  expect(packSixBits(Uint8Array.of(1, 2, 3, 0b100111))).toEqual(
    Uint8Array.of(1 + 3 * 64, 2 + 64, 3 + 2 * 64),
  );
  const rows = fc.array(fc.integer({ min: 0, max: 63 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(rows, { minLength: 1, maxLength: 5 }), (columns) => {
      const values = Uint8Array.from(
        Array.from({ length: 4 }, (_, row) => columns.map((of) => of[row])).flat(),
      );
      const packed = packSixBits(values);
      const last = columns.map((_, c) =>
        [0, 1, 2].reduce((bits, row) => bits + (packed[row * columns.length + c] >> 6) * 4 ** row, 0),
      );
      expect([...packed.map((byte) => byte & 63), ...last]).toEqual([...values]);
    }),
  );
});

test('blocks of 4 bits are off by half a step of their block, and fit into 8 bits', () => {
  fc.assert(
    fc.property(matrix, ({ values: weights, columns }) => {
      const { packed, multiples, scale } = quantiseBlocks(weights, columns);
      const half = weights.length / 2;
      for (const [i, weight] of weights.entries()) {
        const nibble = i < half ? packed[i] % 16 : packed[i - half] >> 4;
        const multiple = multiples[Math.floor(i / columns / BLOCK_ROWS) * columns + (i % columns)];
        const step = multiple * scale[i % columns];
        expect(Math.abs((nibble - 8) * multiple)).toBeLessThanOrEqual(126);
        // A multiple is a whole number: where it was rounded down, seven steps do not reach the largest weight.
        expect(Math.abs((nibble - 8) * step - weight)).toBeLessThanOrEqual(
          0.51 * step + 3.6 * scale[i % columns],
        );
      }
    }),
  );
});

test('blocks need rows for whole blocks', () => {
  expect(() => quantiseBlocks(new Float32Array(48 * 2), 2)).toThrow('a multiple of 32 was expected');
});

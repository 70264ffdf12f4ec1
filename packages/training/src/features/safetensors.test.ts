import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMixedSafetensors,
  decodeSafetensors,
  encodeSafetensors,
  readSafetensorsMetadata,
  type StoredData,
  type StoredTensor,
} from './safetensors.ts';

const tensor = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 5 }), fc.float({ noNaN: true }))
  .map(([rows, columns, value]): StoredTensor => ({
    data: new Float32Array(rows * columns).map((_, i) => value + i),
    shape: [rows, columns],
  }));
const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.startsWith('__'));
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 8 }).map((entries) => new Map(entries));

test('what is written is read', () => {
  fc.assert(
    fc.property(tensors, fc.integer({ min: 0, max: 7 }), (written, offset) => {
      const bytes = encodeSafetensors(written);
      // The same bytes anywhere in a larger buffer, aligned or not.
      const elsewhere = new Uint8Array(bytes.length + 8).subarray(offset, offset + bytes.length);
      elsewhere.set(bytes);
      expect(decodeSafetensors(elsewhere)).toEqual(written);
    }),
  );
});

test('the file is as the format says', () => {
  const bytes = encodeSafetensors(new Map([['a', { data: Float32Array.of(1, -2), shape: [1, 2] }]]));
  const view = new DataView(bytes.buffer);
  const headerSize = Number(view.getBigUint64(0, true));
  expect(headerSize % 8).toBe(0);
  expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerSize)))).toEqual({
    a: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
  });
  expect([view.getFloat32(8 + headerSize, true), view.getFloat32(12 + headerSize, true)]).toEqual([1, -2]);
});

test('bytes stand beside floats, and the file says what it is', () => {
  const written = new Map<string, StoredTensor<StoredData>>([
    ['bytes', { data: Int8Array.of(-128, 0, 127), shape: [3] }],
    ['floats', { data: Float32Array.of(0.5), shape: [1] }],
  ]);
  const bytes = encodeSafetensors(written, { licence: 'MIT' });
  expect(decodeMixedSafetensors(bytes)).toEqual(written);
  expect(readSafetensorsMetadata(bytes)).toEqual({ licence: 'MIT' });
  expect(() => decodeSafetensors(bytes)).toThrow('bytes is not one of 32-bit floats');
});

test('every file cut short is refused', () => {
  const bytes = encodeSafetensors(new Map([['a', { data: Float32Array.of(1, 2, 3), shape: [3] }]]));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeSafetensors(bytes.slice(0, length))).toThrow(RangeError);
  }
});

test.each([
  ['another type', { dtype: 'I64', shape: [1], data_offsets: [0, 8] }],
  ['a shape that does not fit', { dtype: 'F32', shape: [3], data_offsets: [0, 8] }],
  ['numbers before the file', { dtype: 'F32', shape: [2], data_offsets: [-8, 0] }],
  ['no tensor at all', 7],
])('a header with %s is refused', (_, entry) => {
  const json = JSON.stringify({ a: entry });
  const bytes = new Uint8Array(8 + json.length + 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  new TextEncoder().encodeInto(json, bytes.subarray(8));
  expect(() => decodeSafetensors(bytes)).toThrow(RangeError);
});

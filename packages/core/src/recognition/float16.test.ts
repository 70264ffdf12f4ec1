import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16 } from './float16.ts';

test('numbers of 16 bits come back as they were, others to a part in two thousand', () => {
  expect([...decodeFloat16(encodeFloat16(Float32Array.of(0, 1, -0.5, 65504)))]).toEqual([0, 1, -0.5, 65504]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-3, max: 1e4, noNaN: true })), (values) => {
      const back = decodeFloat16(encodeFloat16(Float32Array.from(values)));
      expect(back).toHaveLength(values.length);
      for (const [index, value] of values.entries()) {
        expect(Math.abs(back[index] - value)).toBeLessThanOrEqual(value / 2048);
      }
    }),
  );
});

test.each([
  ['no base64!', /character/i],
  ['AAAA', /3 bytes came/],
])('"%s" is not what was written', (text, message) => {
  expect(() => decodeFloat16(text)).toThrow(message);
});

import { expect, test } from 'vitest';
import { encodePcm } from './pcm.ts';

test('16 bits, little-endian, clipped', () => {
  const bytes = encodePcm(Float32Array.of(0, 1 / 32_768, 0.5, 1, 1.5, -1, -2));
  expect([...new Int16Array(bytes.buffer)]).toEqual([0, 1, 16_384, 32_767, 32_767, -32_768, -32_768]);
  expect([...bytes.subarray(2, 6)]).toEqual([1, 0, 0, 0x40]);
  expect([...encodePcm(Int16Array.of(1, -2))]).toEqual([1, 0, 0xfe, 0xff]);
});

test.each([NaN, Infinity])('%d is refused', (sample) => {
  expect(() => encodePcm(Float32Array.of(0, sample))).toThrow(
    expect.objectContaining({ code: 'AUDIO_NOT_FINITE', message: expect.stringContaining('Sample 1') }),
  );
});

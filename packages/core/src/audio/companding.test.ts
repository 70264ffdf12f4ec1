import { expect, test } from 'vitest';
import { A_LAW, MU_LAW } from './companding.ts';

// ITU-T G.711 tables 1a and 2a: the decoder's output at the ends of the segments, on the 16-bit scale.
const A_LAW_POSITIVE = [
  8, 248, 264, 504, 528, 1008, 1056, 2016, 2112, 4032, 4224, 8064, 8448, 16128, 16896, 32256,
];
const MU_LAW_POSITIVE = [
  0, 120, 132, 372, 396, 876, 924, 1884, 1980, 3900, 4092, 7932, 8316, 15996, 16764, 32124,
];

test('A-law decodes to the values of G.711 at the ends of every segment', () => {
  const ends = A_LAW_POSITIVE.map((_, i) => (i >> 1) * 16 + (i % 2) * 15);
  expect(ends.map((code) => A_LAW[(0x80 | code) ^ 0x55] * 32768)).toEqual(A_LAW_POSITIVE);
  expect(ends.map((code) => A_LAW[code ^ 0x55] * -32768)).toEqual(A_LAW_POSITIVE);
});

test('µ-law decodes to the values of G.711 at the ends of every segment', () => {
  const ends = MU_LAW_POSITIVE.map((_, i) => (i >> 1) * 16 + (i % 2) * 15);
  expect(ends.map((code) => MU_LAW[0xff ^ code] * 32768)).toEqual(MU_LAW_POSITIVE);
  expect(ends.slice(1).map((code) => MU_LAW[0x7f ^ code] * -32768)).toEqual(MU_LAW_POSITIVE.slice(1));
});

test('codes within a segment lie evenly between its ends', () => {
  for (let segment = 0; segment < 8; segment++) {
    const steps = (table: Float32Array, code: (mantissa: number) => number): Set<number> =>
      new Set(Array.from({ length: 15 }, (_, m) => 32768 * (table[code(m + 1)] - table[code(m)])));
    expect(steps(MU_LAW, (m) => 0xff ^ (segment * 16 + m))).toEqual(new Set([8 << segment]));
    expect(steps(A_LAW, (m) => 0xd5 ^ (segment * 16 + m))).toEqual(new Set([16 << Math.max(0, segment - 1)]));
  }
});

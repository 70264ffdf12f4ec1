/**
 * The two logarithmic codings of telephony, ITU-T Recommendation G.711 (1988), as tables of 256 samples in (-1, 1).
 * The values are the Recommendation's decoder outputs on the usual 16-bit scale: ±32256 for A-law, ±32124 for µ-law.
 */

/** A-law: G.711 table 1. Even bits are inverted on the line, hence the 0x55. */
export const A_LAW: Float32Array = Float32Array.from({ length: 256 }, (_, code) => {
  const { signBit, segment, mantissa } = split(code ^ 0x55);
  const magnitude = segment === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (segment - 1);
  // A set sign bit means positive, in A-law.
  return (signBit ? magnitude : -magnitude) / 32768;
});

/** µ-law: G.711 table 2. All bits are inverted on the line; the bias of 33 (here 33 · 4) is taken off again. */
export const MU_LAW: Float32Array = Float32Array.from({ length: 256 }, (_, code) => {
  const { signBit, segment, mantissa } = split(~code & 0xff);
  const magnitude = (((mantissa << 3) + 0x84) << segment) - 0x84;
  return (signBit ? -magnitude : magnitude) / 32768;
});

function split(bits: number): { signBit: boolean; segment: number; mantissa: number } {
  return { signBit: (bits & 0x80) !== 0, segment: (bits >> 4) & 7, mantissa: bits & 15 };
}

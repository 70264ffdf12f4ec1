/**
 * The head of a mono WAV file of 32-bit float samples whose length is not known: what follows, up to the end of the
 * stream, are the samples as they lie in memory (little-endian, as every machine with a browser is).
 *
 * This is how blocks of samples that are decoded already come into `recogniser.timeline`, bit for bit.
 */
export function wavHeader(sampleRate: number): Uint8Array {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('RIFF'), 0);
  view.setUint32(4, 0xffff_ffff, true);
  bytes.set(new TextEncoder().encode('WAVEfmt '), 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, 3, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 4 * sampleRate, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 32, true);
  bytes.set(new TextEncoder().encode('data'), 36);
  view.setUint32(40, 0xffff_ffff, true);
  return bytes;
}

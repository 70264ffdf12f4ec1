/**
 * A WAV file of two channels, 16 bit; the shorter side ends with silence.
 *
 * @param left samples, full scale 1
 */
export function encodeStereoWav(
  left: Float32Array,
  right: Float32Array,
  sampleRate: number,
): Uint8Array<ArrayBuffer> {
  const length = Math.max(left.length, right.length);
  const bytes = new Uint8Array(44 + 4 * length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string) => bytes.set(new TextEncoder().encode(letters), at);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 4 * sampleRate, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 4 * length, true);
  for (const [channel, samples] of [left, right].entries()) {
    for (let i = 0; i < samples.length; i++) {
      const value = Math.max(-32_768, Math.min(32_767, Math.round(samples[i] * 32_768)));
      view.setInt16(44 + 4 * i + 2 * channel, value, true);
    }
  }
  return bytes;
}

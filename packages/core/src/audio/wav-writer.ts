import type { Audio } from './audio.ts';

/** Sample codings that `encodeWav` writes: 16-bit PCM, or IEEE float, which keeps every sample bit for bit. */
export type WavFormat = 'pcm16' | 'float32';

/**
 * Writes a mono WAV file. `pcm16` rounds to the nearest of 65536 steps and clips what lies outside [-1, 1).
 *
 * @example
 * encodeWav({ samples: new Float32Array(16_000), sampleRate: 16_000 }).length; // 32044
 */
export function encodeWav(
  { samples, sampleRate }: Audio,
  { format = 'pcm16' }: { format?: WavFormat } = {},
): Uint8Array<ArrayBuffer> {
  const { tag, bytesPerSample } =
    format === 'pcm16' ? { tag: 1, bytesPerSample: 2 } : { tag: 3, bytesPerSample: 4 };
  const dataSize = samples.length * bytesPerSample;
  const bytes = new Uint8Array(44 + dataSize);
  const view = new DataView(bytes.buffer);

  writeFourCC(bytes, 0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  writeFourCC(bytes, 8, 'WAVE');
  writeFourCC(bytes, 12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * bytesPerSample, true);
  view.setUint16(32, bytesPerSample, true);
  view.setUint16(34, 8 * bytesPerSample, true);
  writeFourCC(bytes, 36, 'data');
  view.setUint32(40, dataSize, true);

  for (let i = 0; i < samples.length; i++) {
    if (format === 'float32') view.setFloat32(44 + 4 * i, samples[i], true);
    else view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768))), true);
  }
  return bytes;
}

function writeFourCC(bytes: Uint8Array, offset: number, name: string): void {
  for (let i = 0; i < 4; i++) bytes[offset + i] = name.charCodeAt(i);
}

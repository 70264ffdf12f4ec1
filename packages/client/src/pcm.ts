import { MarsClientError } from './errors.ts';

/**
 * Samples as 16-bit little-endian bytes; what is louder than full scale is clipped.
 *
 * @param samples full scale is 1, or 32768 of 16 bits
 * @throws MarsClientError `AUDIO_NOT_FINITE`
 */
export function encodePcm(samples: Float32Array | Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 * samples.length);
  const view = new DataView(bytes.buffer);
  const scale = samples instanceof Int16Array ? 1 : 32_768;
  for (let index = 0; index < samples.length; index++) {
    const value = scale * samples[index];
    if (!Number.isFinite(value)) {
      throw new MarsClientError(
        'AUDIO_NOT_FINITE',
        `Sample ${index} is ${value}; finite numbers are expected.`,
      );
    }
    view.setInt16(2 * index, Math.max(-32_768, Math.min(32_767, Math.round(value))), true);
  }
  return bytes;
}

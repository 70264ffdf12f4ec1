import { MarsError } from '../errors.ts';
import type { Audio } from './audio.ts';
import { runDecoder } from './wasm-decoder.ts';

/**
 * Decodes a FLAC stream, native or in Ogg. The decoder drops a frame whose CRC is wrong; so the number of samples is
 * compared with the one in STREAMINFO. (An encoder that writes to a pipe leaves it 0: then nothing can be compared.)
 *
 * @param header the bytes from 'fLaC' on, which in Ogg lie within the first page
 * @throws MarsError AUDIO_UNREADABLE for a broken header, AUDIO_TRUNCATED if samples are missing
 */
export async function readFlac(bytes: Uint8Array, header: Uint8Array = bytes): Promise<Audio> {
  const { sampleRate, totalSamples } = readStreamInfo(header);
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
  const { samples } = await runDecoder(new FLACDecoder(), bytes, {
    name: 'FLAC',
    maxLength: totalSamples || Infinity,
  });
  if (samples.length < totalSamples) {
    throw new MarsError(
      'AUDIO_TRUNCATED',
      `The FLAC file is cut off or damaged: ${totalSamples - samples.length} of ${totalSamples} samples are missing. ` +
        'Copy or record the file again.',
    );
  }
  return { samples, sampleRate };
}

/** RFC 9639, section 8.2. `totalSamples` is 0 where the encoder did not know it. */
function readStreamInfo(header: Uint8Array): { sampleRate: number; totalSamples: number } {
  // 'fLaC', then the header of the first metadata block, which must be STREAMINFO: type 0, 34 bytes.
  const isStreamInfo = (header[4] & 0x7f) === 0 && header[5] === 0 && header[6] === 0 && header[7] === 34;
  if (header.length < 42 || !isStreamInfo) {
    throw new MarsError(
      'AUDIO_UNREADABLE',
      "The FLAC file does not begin with a whole STREAMINFO block after 'fLaC'. Copy or record the file again.",
    );
  }
  const view = new DataView(header.buffer, header.byteOffset + 8, 34);
  // 20 bits of sample rate, 3 of channels, 5 of bits per sample, 36 of total samples.
  return {
    sampleRate: view.getUint32(10) >>> 12,
    totalSamples: (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14),
  };
}

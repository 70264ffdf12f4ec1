import { MarsError } from '../errors.ts';
import type { Audio } from './audio.ts';
import { MonoMix } from './mono-mix.ts';

/** Bytes handed to the decoder at a time: what bounds the memory beside the result. */
const CHUNK_BYTES = 1 << 16;

/**
 * Decodes a native FLAC stream. The decoder checks the CRC of every frame and drops a damaged one; so the number of
 * samples is compared with the one in STREAMINFO (RFC 9639, section 8.2), where the encoder knew it.
 *
 * @throws MarsError AUDIO_UNREADABLE for a broken header, AUDIO_TRUNCATED if samples are missing
 */
export async function readFlac(bytes: Uint8Array): Promise<Audio> {
  const { sampleRate, totalSamples } = readStreamInfo(bytes);
  const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    const mix = new MonoMix();
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      const { channelData, samplesDecoded } = await decoder.decode(
        bytes.subarray(start, start + CHUNK_BYTES),
      );
      mix.add(channelData, samplesDecoded);
    }
    const { channelData, samplesDecoded } = await decoder.flush();
    mix.add(channelData, samplesDecoded);
    if (totalSamples > 0 && mix.length < totalSamples) {
      throw new MarsError(
        'AUDIO_TRUNCATED',
        `The FLAC file is cut off or damaged: ${totalSamples - mix.length} of ${totalSamples} samples are missing. ` +
          'Copy or record the file again.',
      );
    }
    return { samples: mix.take(), sampleRate };
  } finally {
    decoder.free();
  }
}

interface StreamInfo {
  sampleRate: number;
  /** 0 where the encoder did not know it. */
  totalSamples: number;
}

function readStreamInfo(bytes: Uint8Array): StreamInfo {
  // 'fLaC', then the header of the first metadata block, which must be STREAMINFO: type 0, 34 bytes.
  const isStreamInfo = (bytes[4] & 0x7f) === 0 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 34;
  if (bytes.length < 42 || !isStreamInfo) {
    throw new MarsError(
      'AUDIO_UNREADABLE',
      "The FLAC file does not begin with a whole STREAMINFO block after 'fLaC'. Copy or record the file again.",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8, 34);
  // 20 bits of sample rate, 3 of channels, 5 of bits per sample, 36 of total samples.
  return {
    sampleRate: view.getUint32(10) >>> 12,
    totalSamples: (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14),
  };
}

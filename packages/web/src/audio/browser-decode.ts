import { MarsError } from '@mars/core';
import type { Pcm } from '../engine/engine.ts';
import { words } from '../strings/en.ts';

/** Whether a file is one that the library does not decode and a browser may: M4A, MP4, AAC, WebM. */
export async function isForBrowser(file: Blob): Promise<boolean> {
  const start = new Uint8Array(
    await file
      .slice(0, 12)
      .arrayBuffer()
      .catch(() => new ArrayBuffer(0)),
  );
  const text = String.fromCharCode(...start);
  return (
    text.startsWith('\x1a\x45\xdf\xa3') ||
    text.slice(4, 8) === 'ftyp' ||
    // ADTS: twelve bits of ones, layer 0.
    (start[0] === 0xff && (start[1] & 0xf6) === 0xf0)
  );
}

/**
 * Decodes a file with the browser's own decoder and mixes it to mono.
 *
 * @throws MarsError AUDIO_UNSUPPORTED where this browser cannot
 */
export async function decodeInBrowser(file: Blob): Promise<Pcm> {
  const bytes = await file.arrayBuffer();
  const sampleRate = ownRate(new Uint8Array(bytes)) ?? 48_000;
  try {
    const buffer = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(bytes);
    const samples = new Float32Array(buffer.length);
    for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
      const data = buffer.getChannelData(channel);
      for (let i = 0; i < samples.length; i++) samples[i] += data[i] / buffer.numberOfChannels;
    }
    return { samples, sampleRate: buffer.sampleRate };
  } catch (cause) {
    throw new MarsError('AUDIO_UNSUPPORTED', words.engine.undecodable, { cause });
  }
}

/** The rate that an MP4 file names, so that nothing is resampled which need not be. */
function ownRate(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 32 <= bytes.length; at++) {
    // 'mp4a', an AudioSampleEntry (ISO/IEC 14496-12, 12.2.3): its rate is 16.16 fixed point, 28 bytes on.
    if (bytes[at] !== 0x6d || view.getUint32(at) !== 0x6d703461) continue;
    const rate = view.getUint32(at + 28) >>> 16;
    return rate >= 8000 && rate <= 96_000 ? rate : undefined;
  }
  return undefined;
}

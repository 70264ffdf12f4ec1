import { MarsError } from '@mars/core';

/** Sample formats of raw audio, by the names that ffmpeg has for them. */
export const PCM_FORMATS = ['s16le', 'f32le'] as const;

export type PcmFormat = (typeof PCM_FORMATS)[number];

/** How raw audio is laid out: samples of all channels, then the next samples. */
export interface PcmLayout {
  readonly format: PcmFormat;
  readonly channels: number;
}

/**
 * Raw audio as mono samples, the mean of its channels. Pieces may be cut anywhere, within a sample too; what is left
 * of an incomplete sample at the end is dropped.
 *
 * @throws MarsError `AUDIO_UNREADABLE` for what begins like a WAV file: its header would be heard as a click
 */
export async function* readPcm(
  pieces: AsyncIterable<Uint8Array>,
  { format, channels }: PcmLayout,
): AsyncGenerator<Float32Array, void, undefined> {
  const sampleBytes = format === 's16le' ? 2 : 4;
  const frameBytes = channels * sampleBytes;
  let rest = new Uint8Array(0);
  let isFirst = true;
  for await (const piece of pieces) {
    const bytes = join(rest, piece);
    if (isFirst) refuseWav(bytes);
    isFirst = false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const samples = new Float32Array(Math.floor(bytes.length / frameBytes));
    for (const [frame] of samples.entries()) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        const at = frame * frameBytes + channel * sampleBytes;
        sum += format === 's16le' ? view.getInt16(at, true) / 32_768 : view.getFloat32(at, true);
      }
      samples[frame] = sum / channels;
    }
    rest = bytes.slice(samples.length * frameBytes);
    if (samples.length > 0) yield samples;
  }
}

function join(rest: Uint8Array, piece: Uint8Array): Uint8Array {
  if (rest.length === 0) return piece;
  const joined = new Uint8Array(rest.length + piece.length);
  joined.set(rest);
  joined.set(piece, rest.length);
  return joined;
}

function refuseWav(bytes: Uint8Array): void {
  if (!['RIFF', 'OggS', 'fLaC'].includes(String.fromCharCode(...bytes.subarray(0, 4)))) return;
  throw new MarsError(
    'AUDIO_UNREADABLE',
    'A file came on stdin, and raw samples were expected. Convert it: ffmpeg -i FILE -f s16le -ar 16000 -ac 1 - | ' +
      'mars listen --stdin; or classify the file: mars classify --timeline FILE',
  );
}

import { MarsError } from '../errors.ts';
import type { ChannelMode, Planes } from './audio.ts';

/**
 * Bytes handed to a decoder at a time. Few, because digital silence comes back a thousand times as long; and always the
 * same cut of a file, so that its samples are always the same too.
 */
const CHUNK_BYTES = 1 << 12;

/** What the decoders of the wasm-audio-decoders family have in common. */
export interface WasmDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Promise<Decoded>;
  free(): void;
}

interface Decoded {
  channelData: Float32Array[];
  samplesDecoded: number;
  errors: { message: string }[];
}

/**
 * Runs `bytes` through a decoder, mixes its channels to their mean on the way where that is asked for, and frees it.
 *
 * @param open makes the decoder, when the first samples are asked for
 * @param options.name of the format, for messages
 * @param options.trailer bytes to hand over after the last of the file
 * @param options.fullScale steps from 0 to full scale, if the decoder gives samples of one step less as 1
 * @throws MarsError AUDIO_UNREADABLE if the decoder reports an error
 */
export async function* runDecoder(
  open: () => Promise<WasmDecoder>,
  bytes: AsyncIterable<Uint8Array>,
  {
    name,
    mode,
    trailer,
    fullScale,
  }: { name: string; mode: ChannelMode; trailer?: Uint8Array; fullScale?: number },
): AsyncGenerator<Planes> {
  const decoder = await open();
  await decoder.ready;
  try {
    for await (const { channelData, samplesDecoded, errors } of decode(decoder, bytes, trailer)) {
      if (errors.length > 0) {
        throw new MarsError(
          'AUDIO_UNREADABLE',
          `The ${name} data is damaged: the decoder says '${errors[0].message}'. Copy or record the file again.`,
        );
      }
      if (samplesDecoded <= 0) continue;
      if (fullScale) for (const samples of channelData) rescale(samples, fullScale);
      const planes = channelData.map((samples) => samples.subarray(0, samplesDecoded));
      yield mode === 'mix' ? [mixToMono(planes)] : planes;
    }
  } finally {
    decoder.free();
  }
}

async function* decode(
  decoder: WasmDecoder,
  bytes: AsyncIterable<Uint8Array>,
  trailer: Uint8Array | undefined,
): AsyncGenerator<Decoded> {
  for await (const chunk of inChunks(bytes)) yield decoder.decode(chunk);
  if (trailer) yield decoder.decode(trailer);
  if (decoder.flush) yield decoder.flush();
}

/** Cuts and joins the pieces to chunks of `CHUNK_BYTES`, the last one shorter. */
async function* inChunks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for await (const piece of pieces) {
    for (let offset = 0; offset < piece.length;) {
      const part = piece.subarray(offset, offset + CHUNK_BYTES - filled);
      chunk.set(part, filled);
      offset += part.length;
      filled += part.length;
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** Takes samples that were divided by the largest number, 32767 of 16 bits, to full scale, 32768, as WAV has it. */
function rescale(samples: Float32Array, fullScale: number): void {
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i] * (fullScale - 1)) / fullScale;
}

/** The mean of the channels, written over the first of them. */
function mixToMono(channels: Planes): Float32Array {
  const [mono] = channels;
  if (channels.length === 1) return mono;
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i];
    mono[i] = sum / channels.length;
  }
  return mono;
}

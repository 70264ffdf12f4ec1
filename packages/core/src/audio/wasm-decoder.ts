import { MarsError } from '../errors.ts';
import type { Audio } from './audio.ts';

/** Bytes handed to a decoder at a time: with the result, all that is held of a recording in decoded form. */
const CHUNK_BYTES = 1 << 16;

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
  sampleRate: number;
  errors: { message: string }[];
}

/**
 * Runs `bytes` through a decoder, mixes its channels to their mean on the way, and frees it.
 *
 * @param options.name of the format, for messages
 * @param options.maxLength samples after which the rest is filling
 * @param options.trailer bytes to hand over after the last of the file
 * @param options.rescale what makes a decoded sample one of full scale 1
 * @throws MarsError AUDIO_UNREADABLE if the decoder reports an error
 */
export async function runDecoder(
  decoder: WasmDecoder,
  bytes: Uint8Array,
  {
    name,
    maxLength = Infinity,
    trailer,
    rescale,
  }: { name: string; maxLength?: number; trailer?: Uint8Array; rescale?: (sample: number) => number },
): Promise<Audio> {
  await decoder.ready;
  try {
    const blocks: Float32Array[] = [];
    let sampleRate = 0;
    const keep = (decoded: Decoded): void => {
      if (decoded.errors.length > 0) {
        throw new MarsError(
          'AUDIO_UNREADABLE',
          `The ${name} data is damaged: the decoder says '${decoded.errors[0].message}'. Copy or record the file again.`,
        );
      }
      if (decoded.samplesDecoded <= 0) return;
      const channels = rescale
        ? decoded.channelData.map((samples) => samples.map(rescale))
        : decoded.channelData;
      blocks.push(mixToMono(channels, decoded.samplesDecoded));
      sampleRate = decoded.sampleRate;
    };
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      keep(await decoder.decode(bytes.subarray(start, start + CHUNK_BYTES)));
    }
    if (trailer) keep(await decoder.decode(trailer));
    if (decoder.flush) keep(await decoder.flush());
    return { samples: concatenate(blocks, maxLength), sampleRate };
  } finally {
    decoder.free();
  }
}

/** The mean of the channels, written over the first of them. */
function mixToMono(channels: readonly Float32Array[], length: number): Float32Array {
  const mono = channels[0].subarray(0, length);
  if (channels.length === 1) return mono;
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i];
    mono[i] = sum / channels.length;
  }
  return mono;
}

/** Joins the blocks. They are given up one by one, so that less than twice the signal is held. */
function concatenate(blocks: Float32Array[], maxLength: number): Float32Array {
  let end = blocks.reduce((length, block) => length + block.length, 0);
  const samples = new Float32Array(Math.min(end, maxLength));
  for (let block = blocks.pop(); block; block = blocks.pop()) {
    end -= block.length;
    samples.set(block.subarray(0, Math.max(0, samples.length - end)), Math.min(end, samples.length));
  }
  return samples;
}

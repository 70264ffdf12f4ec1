import type { Audio } from './audio.ts';
import { openAudio } from './audio-reader.ts';

/**
 * Decodes a recording and mixes it to mono (the mean of its channels), at its own sampling rate; Opus always comes
 * at 48 kHz. Reads WAV (PCM, float, A-law, µ-law), FLAC, MP3, Ogg Vorbis, Ogg Opus and Ogg FLAC, recognised by content
 * whatever the file is called. The decoders of the compressed formats are fetched only when such a file comes.
 * A recording of hours is better read block by block: `openAudio`.
 *
 * A recording that is cut off or damaged is an error wherever the format lets it be seen, never a shorter recording.
 *
 * @param bytes the whole file
 * @throws MarsError AUDIO_EMPTY (no bytes, no samples), AUDIO_UNREADABLE (no such format, or damaged), AUDIO_TRUNCATED,
 * AUDIO_UNSUPPORTED (a format or coding that is known and not read), AUDIO_NOT_FINITE
 *
 * @example
 * const { samples, sampleRate } = await decodeAudio(await readFile('clip.flac'));
 */
export async function decodeAudio(bytes: Uint8Array): Promise<Audio> {
  await using reader = await openAudio(bytes);
  const blocks: Float32Array[] = [];
  for await (const block of reader.blocks()) blocks.push(block);
  return { samples: concatenate(blocks), sampleRate: reader.sampleRate };
}

/** Joins the blocks. They are given up one by one, so that less than twice the signal is held. */
function concatenate(blocks: Float32Array[]): Float32Array {
  if (blocks.length === 1) return blocks[0];
  let end = blocks.reduce((length, block) => length + block.length, 0);
  const samples = new Float32Array(end);
  for (let block = blocks.pop(); block; block = blocks.pop()) samples.set(block, (end -= block.length));
  return samples;
}

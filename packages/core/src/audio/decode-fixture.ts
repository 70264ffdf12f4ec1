import { expect } from 'vitest';
import type { MarsError } from '../errors.ts';
import type { Audio } from './audio.ts';
import { openAudio } from './audio-reader.ts';
import type { AudioSource } from './byte-reader.ts';
import { decodeAudio } from './decode.ts';

/** Sizes of the pieces of a stream, over and over: none, tiny ones, and ones that hold whole headers or files. */
const PIECE_LENGTHS = [1, 2, 0, 3, 30, 5, 700, 1, 40_000];

/**
 * What `decodeAudio` makes of the whole file, after it was made sure that a Blob and a stream of pieces come to the same:
 * every bit of the samples, or the code and the message of the error.
 *
 * @param options.anyError for files with more than one fault: a stream cannot see first that its end is missing
 */
export async function decodeEveryWay(
  bytes: Uint8Array,
  {
    pieceLengths = PIECE_LENGTHS,
    anyError = false,
  }: { pieceLengths?: readonly number[]; anyError?: boolean } = {},
): Promise<Audio> {
  const ways = [
    decodeAudio(bytes),
    readAll(new Blob([bytes.slice()])),
    readAll(streamOf(bytes, pieceLengths)),
  ];
  const [whole, ...others] = await Promise.allSettled(ways);
  for (const other of others) expect(describe(other, anyError)).toEqual(describe(whole, anyError));
  return ways[0];
}

/** All blocks of a recording, joined. */
export async function readAll(source: AudioSource): Promise<Audio> {
  await using reader = await openAudio(source);
  const blocks: Buffer[] = [];
  for await (const { buffer, byteOffset, byteLength } of reader.blocks())
    blocks.push(Buffer.from(buffer, byteOffset, byteLength));
  const joined = Uint8Array.from(Buffer.concat(blocks));
  return { samples: new Float32Array(joined.buffer), sampleRate: reader.sampleRate };
}

/** A stream of pieces of the given lengths, over and over. It writes over each of them when the next is asked for. */
export async function* streamOf(
  bytes: Uint8Array,
  pieceLengths: readonly number[],
): AsyncGenerator<Uint8Array> {
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const piece = bytes.slice(start, start + pieceLengths[i % pieceLengths.length]);
    yield piece;
    start += piece.length;
    piece.fill(0xaa);
  }
}

function describe(result: PromiseSettledResult<Audio>, anyError: boolean): unknown {
  if (result.status === 'rejected') {
    const { name, code, message } = result.reason as MarsError;
    return anyError ? { name } : { name, code, message };
  }
  const { samples, sampleRate } = result.value;
  return { sampleRate, samples: Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength) };
}

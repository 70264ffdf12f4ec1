import { MarsError } from '../errors.ts';
import { type AudioStream, noSamples, SAMPLE_RATE_RANGE } from './audio.ts';
import { type AudioSource, ByteReader } from './byte-reader.ts';
import { recogniseContainer } from './containers.ts';
import { readFlac } from './flac.ts';
import { readMp3 } from './mp3.ts';
import { readOgg } from './ogg.ts';
import { readWav } from './wav-reader.ts';

/**
 * Opens a recording of any length and decodes it block by block, in memory that does not grow with its length: all that
 * `decodeAudio` reads, with the same samples and the same errors. The header is read at once.
 *
 * Some faults can be seen only where they are, or at the end: a file that is cut off, a wrong checksum, a sample that
 * is not finite. The blocks before them have been handed out by then. Whoever uses them as they come takes them
 * back when the loop throws, or says that the recording is damaged from there on.
 *
 * @param source the whole file as bytes or as a Blob, or a stream of its bytes, of which nothing has been read
 * @throws MarsError as `decodeAudio` does; FILE_UNREADABLE or FILE_NOT_FOUND if the source fails while it is read (a
 * MarsError that the source throws itself is passed on)
 *
 * @example
 * await using reader = await openAudio(await openAsBlob('meeting.flac'));
 * let peak = 0;
 * for await (const block of reader.blocks()) for (const sample of block) peak = Math.max(peak, Math.abs(sample));
 */
export async function openAudio(source: AudioSource): Promise<AudioReader> {
  const bytes = new ByteReader(source);
  try {
    const { format, stream } = await openRecognised(bytes);
    const { lowest, highest } = SAMPLE_RATE_RANGE;
    if (!(stream.sampleRate >= lowest && stream.sampleRate <= highest)) {
      throw new MarsError(
        'AUDIO_UNSUPPORTED',
        `The header says ${stream.sampleRate} Hz; from ${lowest} to ${highest} Hz are read. Convert or record it again.`,
      );
    }
    return new AudioReader(bytes, stream, format);
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** A recording that is being read; made by {@link openAudio}. Holds its source and a decoder until the end or `dispose`. */
export class AudioReader implements AsyncDisposable {
  /** Samples per second. */
  readonly sampleRate: number;
  readonly #bytes: ByteReader;
  readonly #blocks: AsyncGenerator<Float32Array>;

  constructor(bytes: ByteReader, stream: AudioStream, format: string) {
    this.sampleRate = stream.sampleRate;
    this.#bytes = bytes;
    this.#blocks = readBlocks(bytes, stream, format);
  }

  /** The samples, mixed to mono: blocks of one second, the last one shorter. They can be read once. */
  blocks(): AsyncIterable<Float32Array> {
    return this.#blocks;
  }

  /** Lets go of the source and the decoder, wherever the reading is. Calling it again does nothing. */
  async dispose(): Promise<void> {
    await this.#blocks.return(undefined);
    await this.#bytes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

async function openRecognised(bytes: ByteReader): Promise<{ format: string; stream: AudioStream }> {
  const start = await bytes.fill(8);
  if (start.length === 0) {
    throw new MarsError('AUDIO_EMPTY', 'The recording holds 0 bytes. Copy or record it again.');
  }
  const description = describeStart(start);
  const container = await recogniseContainer(bytes);
  switch (container?.format) {
    case 'wav':
      return { format: 'WAV', stream: await readWav(bytes) };
    case 'flac':
      return { format: 'FLAC', stream: await readFlac(bytes) };
    case 'ogg':
      return { format: 'Ogg', stream: await readOgg(bytes) };
    case 'mp3':
      return { format: 'MP3', stream: await readMp3(bytes) };
    case 'unsupported':
      throw new MarsError(
        'AUDIO_UNSUPPORTED',
        `This is ${container.name}, which is not read. Convert it: ffmpeg -i FILE FILE.wav`,
      );
    default:
      throw new MarsError(
        'AUDIO_UNREADABLE',
        'These bytes are no recording that is known; WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus and Ogg FLAC are read. ' +
          `They begin with ${description}. Convert the file: ffmpeg -i FILE FILE.wav`,
      );
  }
}

async function* readBlocks(
  bytes: ByteReader,
  { samples, sampleRate }: AudioStream,
  format: string,
): AsyncGenerator<Float32Array> {
  let length = 0;
  try {
    for await (const block of inBlocks(samples, sampleRate)) {
      checkFinite(block, length);
      length += block.length;
      yield block;
    }
  } catch (error) {
    if (error instanceof MarsError) throw error;
    // A decoder that trips over damage throws what WebAssembly throws.
    throw new MarsError(
      'AUDIO_UNREADABLE',
      `The ${format} data is damaged: the decoder failed with '${String(error)}'. Copy or record it again.`,
      { cause: error },
    );
  } finally {
    await bytes.close();
  }
  if (length === 0) throw noSamples();
}

/** Cuts and joins the pieces to blocks of `length` samples, the last one shorter. */
async function* inBlocks(pieces: AsyncIterable<Float32Array>, length: number): AsyncGenerator<Float32Array> {
  let block = new Float32Array(0);
  let filled = 0;
  for await (const piece of pieces) {
    if (filled === 0 && piece.length === length) {
      yield piece;
      continue;
    }
    for (let offset = 0; offset < piece.length;) {
      if (filled === 0) block = new Float32Array(length);
      const part = piece.subarray(offset, offset + length - filled);
      block.set(part, filled);
      offset += part.length;
      filled += part.length;
      if (filled < length) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.slice(0, filled);
}

function checkFinite(block: Float32Array, start: number): void {
  let index = 0;
  while (index < block.length && Number.isFinite(block[index])) index++;
  if (index === block.length) return;
  throw new MarsError(
    'AUDIO_NOT_FINITE',
    `Sample ${start + index} is ${block[index]}; only finite samples can be analysed. ` +
      'Export the recording again, as 16-bit PCM.',
  );
}

/** The first eight bytes, as numbers and as characters. */
function describeStart(bytes: Uint8Array): string {
  const start = Array.from(bytes.subarray(0, 8));
  const characters = start.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'));
  return `${start.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')} ('${characters.join('')}')`;
}

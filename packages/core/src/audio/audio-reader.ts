import { MarsError } from '../errors.ts';
import { type AudioStream, type ChannelMode, noSamples, type Planes, SAMPLE_RATE_RANGE } from './audio.ts';
import { type AudioSource, ByteReader } from './byte-reader.ts';
import { recogniseContainer } from './containers.ts';
import { readFlac } from './flac.ts';
import { readMp3 } from './mp3.ts';
import { readOgg } from './ogg.ts';
import { readWav } from './wav-reader.ts';

/** Beyond these a recording is no call, and each would be heard by itself. */
const MAX_SPLIT_CHANNELS = 8;

export interface ReadingOptions {
  /** Where reading stops with an error (never): a small file may decode to hours of silence. */
  readonly maxDurationSec?: number;
}

/**
 * Opens a recording of any length and decodes it block by block, in memory that does not grow with its length: all that
 * `decodeAudio` reads, with the same samples and the same errors. The header is read at once.
 *
 * Some faults can be seen only where they are, or at the end: a file that is cut off, a wrong checksum, a sample that
 * is not finite. The blocks before them have been handed out by then. Whoever uses them as they come takes them
 * back when the loop throws, or says that the recording is damaged from there on.
 *
 * @param source the whole file as bytes or as a Blob, or a stream of its bytes, of which nothing has been read
 * @throws MarsError as `decodeAudio` does; AUDIO_TOO_LONG; FILE_UNREADABLE or FILE_NOT_FOUND if the source fails while it
 * is read (a MarsError that the source throws itself is passed on)
 *
 * @example
 * await using reader = await openAudio(await openAsBlob('meeting.flac'));
 * let peak = 0;
 * for await (const block of reader.blocks()) for (const sample of block) peak = Math.max(peak, Math.abs(sample));
 */
export async function openAudio(source: AudioSource, options: ReadingOptions = {}): Promise<AudioReader> {
  return open(source, 'mix', ([mono]) => mono, options);
}

/**
 * Opens a recording as {@link openAudio} does, for each of its channels by itself: up to 8, such as the sides of a call.
 *
 * @throws MarsError as `openAudio` does; AUDIO_UNSUPPORTED for more channels, or if their number changes on the way
 *
 * @example
 * await using reader = await openChannels(await openAsBlob('call.wav'));
 * for await (const [caller, agent] of reader.blocks()) console.log(caller.length, agent.length);
 */
export async function openChannels(
  source: AudioSource,
  options: ReadingOptions = {},
): Promise<ChannelReader> {
  return open(source, 'split', (planes) => planes, options);
}

async function open<Block>(
  source: AudioSource,
  mode: ChannelMode,
  blockOf: (planes: Planes) => Block,
  { maxDurationSec = Infinity }: ReadingOptions,
): Promise<BlockReader<Block>> {
  const bytes = new ByteReader(source);
  try {
    const { format, stream } = await openRecognised(bytes, mode);
    const { lowest, highest } = SAMPLE_RATE_RANGE;
    if (!(stream.sampleRate >= lowest && stream.sampleRate <= highest)) {
      throw new MarsError(
        'AUDIO_UNSUPPORTED',
        `The header says ${stream.sampleRate} Hz; from ${lowest} to ${highest} Hz are read. Convert or record it again.`,
      );
    }
    return new BlockReader(
      bytes,
      stream.sampleRate,
      readBlocks(bytes, stream, { format, maxDurationSec, blockOf }),
    );
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** A recording that is being read, mixed to mono; made by {@link openAudio}. */
export type AudioReader = BlockReader<Float32Array>;

/** A recording that is being read, a block of each channel at a time; made by {@link openChannels}. */
export type ChannelReader = BlockReader<readonly Float32Array[]>;

/** A recording that is being read. Holds its source and a decoder until the end or `dispose`. */
export class BlockReader<Block> implements AsyncDisposable {
  /** Samples per second. */
  readonly sampleRate: number;
  readonly #bytes: ByteReader;
  readonly #blocks: AsyncGenerator<Block>;

  constructor(bytes: ByteReader, sampleRate: number, blocks: AsyncGenerator<Block>) {
    this.sampleRate = sampleRate;
    this.#bytes = bytes;
    this.#blocks = blocks;
  }

  /** The samples: blocks of one second, the last one shorter. They can be read once. */
  blocks(): AsyncIterable<Block> {
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

async function openRecognised(
  bytes: ByteReader,
  mode: ChannelMode,
): Promise<{ format: string; stream: AudioStream }> {
  const start = await bytes.fill(8);
  if (start.length === 0) {
    throw new MarsError('AUDIO_EMPTY', 'The recording holds 0 bytes. Copy or record it again.');
  }
  const description = describeStart(start);
  const container = await recogniseContainer(bytes);
  switch (container?.format) {
    case 'wav':
      return { format: 'WAV', stream: await readWav(bytes, mode) };
    case 'flac':
      return { format: 'FLAC', stream: await readFlac(bytes, mode) };
    case 'ogg':
      return { format: 'Ogg', stream: await readOgg(bytes, mode) };
    case 'mp3':
      return { format: 'MP3', stream: await readMp3(bytes, mode) };
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

async function* readBlocks<Block>(
  bytes: ByteReader,
  { samples, sampleRate }: AudioStream,
  {
    format,
    maxDurationSec,
    blockOf,
  }: { format: string; maxDurationSec: number; blockOf: (planes: Planes) => Block },
): AsyncGenerator<Block> {
  let length = 0;
  try {
    for await (const planes of inBlocks(samples, sampleRate)) {
      for (const plane of planes) checkFinite(plane, length);
      length += planes[0].length;
      if (length > maxDurationSec * sampleRate) throw tooLong(maxDurationSec);
      yield blockOf(planes);
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
async function* inBlocks(pieces: AsyncIterable<Planes>, length: number): AsyncGenerator<Planes> {
  let block: Planes = [];
  let filled = 0;
  let channels: number | undefined;
  for await (const piece of pieces) {
    checkChannels(piece.length, (channels ??= piece.length));
    const pieceLength = piece[0].length;
    if (filled === 0 && pieceLength === length) {
      yield piece;
      continue;
    }
    for (let offset = 0; offset < pieceLength;) {
      if (filled === 0) block = piece.map(() => new Float32Array(length));
      const end = Math.min(pieceLength, offset + length - filled);
      for (const [channel, plane] of block.entries()) plane.set(piece[channel].subarray(offset, end), filled);
      filled += end - offset;
      offset = end;
      if (filled < length) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.map((plane) => plane.slice(0, filled));
}

function checkChannels(channels: number, atFirst: number): void {
  if (channels > MAX_SPLIT_CHANNELS) {
    throw new MarsError(
      'AUDIO_UNSUPPORTED',
      `The recording has ${channels} channels; up to ${MAX_SPLIT_CHANNELS} can be heard each by itself. Mix them.`,
    );
  }
  if (channels === atFirst) return;
  throw new MarsError(
    'AUDIO_UNSUPPORTED',
    `The recording begins with ${atFirst} channels and goes on with ${channels}; to be heard each by itself they must ` +
      'stay as many. Mix them, or convert the file: ffmpeg -i FILE FILE.wav',
  );
}

function tooLong(maxDurationSec: number): MarsError {
  return new MarsError(
    'AUDIO_TOO_LONG',
    `The recording is longer than ${maxDurationSec} s, which is the limit. Cut it, or send it in parts.`,
  );
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

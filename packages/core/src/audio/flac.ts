import { MarsError } from '../errors.ts';
import type { AudioStream, ChannelMode, Planes } from './audio.ts';
import type { ByteReader } from './byte-reader.ts';
import { runDecoder } from './wasm-decoder.ts';

/** Bytes before the end in which the last frame is looked for; frames of speech have some thousands. */
const LONGEST_FRAME = 1 << 20;

/** 'fLaC', the header of the first metadata block, and STREAMINFO. */
const STREAM_INFO_END = 42;

/**
 * Zeros after the file: the decoder looks some bytes ahead for the next frame, and would take the last two frames for one
 * where they are shorter than that, as those of digital silence are. They leave the checksum of the last frame as it is.
 */
const LOOK_AHEAD = new Uint8Array(64);

/** What STREAMINFO tells: RFC 9639, section 8.2. */
interface StreamInfo {
  /** Samples in a frame, the last one excepted, if all have the same number. */
  blockSize: number;
  sampleRate: number;
  bitsPerSample: number;
  /** 0 where the encoder could not know it. */
  totalSamples: number;
}

/**
 * Decodes a native FLAC file. The decoder drops frames whose CRC is wrong, so the number of samples is compared with the
 * one in STREAMINFO, or where the encoder wrote to a pipe and left that 0, with what the last frame says of its place.
 *
 * @throws MarsError AUDIO_UNREADABLE for a broken header, AUDIO_TRUNCATED at the end if samples are missing
 */
export async function readFlac(input: ByteReader, mode: ChannelMode): Promise<AudioStream> {
  const header = input.position;
  const info = readStreamInfo(await input.fill(STREAM_INFO_END));
  const { sampleRate } = info;
  if (info.totalSamples > 0) return { samples: decodeFlac(readRest(input), info, mode), sampleRate };
  // Frames lie behind STREAMINFO, which may be among the last bytes of a short file.
  const findEnd = (last: Uint8Array): number =>
    endOfLastFrame(last, header + STREAM_INFO_END - (input.size! - last.length), info);
  const last = await input.tail(LONGEST_FRAME);
  if (last) {
    const end = findEnd(last);
    return { samples: decodeFlac(readRest(input), info, mode, () => end), sampleRate };
  }
  const tail = new Tail();
  return { samples: decodeFlac(readRest(input, tail), info, mode, () => findEnd(tail.bytes)), sampleRate };
}

/**
 * Decodes a FLAC stream in Ogg.
 *
 * @param header the bytes from 'fLaC' on in the first page
 * @param granulePosition gives that of the last page, at the end: the number of samples, if STREAMINFO does not know it
 */
export function readOggFlac(
  bytes: AsyncIterable<Uint8Array>,
  header: Uint8Array,
  granulePosition: () => bigint,
  mode: ChannelMode,
): AudioStream {
  const info = readStreamInfo(header);
  const findEnd = info.totalSamples > 0 ? undefined : () => Number(granulePosition());
  return { samples: decodeFlac(bytes, info, mode, findEnd), sampleRate: info.sampleRate };
}

async function* decodeFlac(
  bytes: AsyncIterable<Uint8Array>,
  { bitsPerSample, totalSamples }: StreamInfo,
  mode: ChannelMode,
  findEnd?: () => number,
): AsyncGenerator<Planes> {
  const open = async () => new (await import('@wasm-audio-decoders/flac')).FLACDecoder();
  const blocks = runDecoder(open, bytes, {
    name: 'FLAC',
    mode,
    trailer: LOOK_AHEAD,
    fullScale: 2 ** (bitsPerSample - 1),
  });
  let length = 0;
  for await (const block of blocks) {
    const planes =
      totalSamples > 0 ? block.map((channel) => channel.subarray(0, totalSamples - length)) : block;
    length += planes[0].length;
    yield planes;
  }
  const end = findEnd?.() ?? totalSamples;
  if (length < end) throw truncated(`${end - length} of ${end} samples are missing`);
  if (length > end) throw truncated(`its frames hold ${length} samples, and the last of them ends at ${end}`);
}

/** All bytes to the end. `tail`, if it is wanted, keeps the last of them. */
async function* readRest(input: ByteReader, tail?: Tail): AsyncGenerator<Uint8Array> {
  for (;;) {
    const window = await input.fill(1);
    if (window.length === 0) return;
    const piece = window.subarray(0, LONGEST_FRAME);
    tail?.push(piece);
    yield piece;
    input.advance(piece.length);
  }
}

/** The last bytes of a file: `LONGEST_FRAME` of them, and at most as many more; or all of a shorter file. */
class Tail {
  readonly #bytes = new Uint8Array(2 * LONGEST_FRAME);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Takes the next bytes, up to `LONGEST_FRAME` of them. */
  push(piece: Uint8Array): void {
    if (this.#length + piece.length > this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#length - LONGEST_FRAME, this.#length);
      this.#length = LONGEST_FRAME;
    }
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
  }
}

function readStreamInfo(header: Uint8Array): StreamInfo {
  // 'fLaC', then the header of the first metadata block, which must be STREAMINFO: type 0, 34 bytes.
  const isStreamInfo = (header[4] & 0x7f) === 0 && header[5] === 0 && header[6] === 0 && header[7] === 34;
  if (header.length < STREAM_INFO_END || !isStreamInfo) {
    throw new MarsError(
      'AUDIO_UNREADABLE',
      "The FLAC file does not begin with a whole STREAMINFO block after 'fLaC'. Copy or record the file again.",
    );
  }
  const view = new DataView(header.buffer, header.byteOffset + 8, 34);
  // 20 bits of sample rate, 3 of channels, 5 of bits per sample, 36 of total samples.
  return {
    blockSize: view.getUint16(0),
    sampleRate: view.getUint32(10) >>> 12,
    bitsPerSample: ((view.getUint16(12) >> 4) & 31) + 1,
    totalSamples: (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14),
  };
}

/**
 * Number of samples up to the end of the last frame, which must be the end of the file.
 *
 * @param bytes the last of the file
 * @param from where in them a frame may begin
 */
function endOfLastFrame(bytes: Uint8Array, from: number, { blockSize }: StreamInfo): number {
  const first = Math.max(0, from, bytes.length - LONGEST_FRAME);
  for (let start = bytes.length - 2; start >= first; start--) {
    // 15 bits of sync code; the CRC-16 of a frame together with its own checksum is 0.
    if (bytes[start] !== 0xff || (bytes[start + 1] & 0xfe) !== 0xf8) continue;
    if (crc16(bytes.subarray(start)) === 0) return endOfFrame(bytes.subarray(start), blockSize);
  }
  throw truncated('it does not end with a whole frame');
}

/** RFC 9639, section 9.1: a frame tells its own number, or where sizes vary that of its first sample. */
function endOfFrame(frame: Uint8Array, blockSize: number): number {
  // The number is coded as in UTF-8, with up to seven bytes.
  const leadingOnes = Math.clz32(~(frame[4] << 24));
  const length = Math.max(1, leadingOnes);
  let number = frame[4] & (0x7f >> leadingOnes);
  for (let i = 1; i < length; i++) number = number * 64 + (frame[4 + i] & 0x3f);

  const code = frame[2] >> 4;
  const after = 4 + length;
  let samples = 256 << (code - 8);
  if (code === 1) samples = 192;
  else if (code <= 5) samples = 576 << (code - 2);
  else if (code === 6) samples = frame[after] + 1;
  else if (code === 7) samples = frame[after] * 256 + frame[after + 1] + 1;
  const isVariable = (frame[1] & 1) === 1;
  return (isVariable ? number : number * blockSize) + samples;
}

/** Polynomial 0x8005, most significant bit first: RFC 9639, section 9.3. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x18005 : 0);
  }
  return crc;
}

function truncated(how: string): MarsError {
  return new MarsError(
    'AUDIO_TRUNCATED',
    `The FLAC file is cut off or damaged: ${how}. Copy or record it again.`,
  );
}

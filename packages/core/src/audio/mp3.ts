import { MarsError } from '../errors.ts';
import type { AudioStream, ChannelMode } from './audio.ts';
import type { ByteReader } from './byte-reader.ts';
import { id3Length, startsWith } from './bytes.ts';
import { runDecoder } from './wasm-decoder.ts';

/** Bytes in which the first frame is looked for: some writers put padding before it. */
const SEARCH_BYTES = 1 << 16;

/** No frame has more bytes: 1152 samples at 8 kHz and 160 kbit/s, padded. */
const LONGEST_FRAME = 2881;

/** Bytes in which the frames that make a beginning are found, if there are any: three, and the header of a fourth. */
export const SEARCH_WINDOW = SEARCH_BYTES + 3 * LONGEST_FRAME + 4;

/** Bytes after the last frame that may be anything; known tags may be longer. */
const LARGEST_TAIL = 4096;
const TAIL_TAGS = ['APETAGEX', 'LYRICSBEGIN'];

/** Bitrates in kbit/s by layer (I, II, III) of MPEG-1, and of MPEG-2 and 2.5: ISO 11172-3 2.4.2.3, ISO 13818-3 2.4.2.3. */
const BITRATES = {
  mpeg1: [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  mpeg2: [
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
};

interface Frame {
  mpeg1: boolean;
  layer: number;
  mono: boolean;
  sampleRate: number;
  /** Bytes, header included. */
  length: number;
}

/**
 * Decodes MPEG audio (MP3, and its forerunners MP2 and MP1). The chain of frames is walked before they are decoded, because
 * the decoder itself would skip in silence whatever it does not understand. A file is truncated if it ends within a frame,
 * or has fewer frames than its Xing, Info or VBRI header counts; it is damaged if something else lies between frames.
 *
 * @param input from where the sound may begin: after the ID3v2 tag
 * @throws MarsError AUDIO_TRUNCATED, AUDIO_UNREADABLE
 */
export async function readMp3(input: ByteReader, mode: ChannelMode): Promise<AudioStream> {
  const window = await input.fill(SEARCH_WINDOW);
  const start = findFirstFrame(window);
  if (start === undefined) {
    throw new MarsError(
      'AUDIO_UNREADABLE',
      `No MPEG audio frames follow the ID3 tag of ${input.position} bytes. Copy or record the file again.`,
    );
  }
  const first = readFrameHeader(window, start)!;
  input.advance(start);
  const open = async () => new (await import('mpg123-decoder')).MPEGDecoder();
  return {
    samples: runDecoder(open, walkFrames(input, first), { name: 'MP3', mode }),
    sampleRate: first.sampleRate,
  };
}

/** Whether MPEG audio begins with or soon after the first of `bytes`. */
export function looksLikeMp3(bytes: Uint8Array): boolean {
  return findFirstFrame(bytes) !== undefined;
}

/** Two frames in a row at the very start, or three further on: chance does not make these. */
function findFirstFrame(bytes: Uint8Array): number | undefined {
  if (countFrames(bytes, 0, 2) === 2) return 0;
  return findFrames(bytes, 1, { enough: 3 });
}

/** Where within reach `enough` frames follow one another. */
function findFrames(bytes: Uint8Array, start: number, { enough }: { enough: number }): number | undefined {
  for (let offset = start; offset < Math.min(start + SEARCH_BYTES, bytes.length); offset++) {
    if (bytes[offset] === 0xff && countFrames(bytes, offset, enough) === enough) return offset;
  }
  return undefined;
}

/** Frames of one kind that follow one another from `start` on, counted up to `enough`. */
function countFrames(bytes: Uint8Array, start: number, enough: number): number {
  const first = readFrameHeader(bytes, start);
  let count = 0;
  let offset = start;
  for (let frame = first; frame && count < enough && isLike(frame, first!); count++) {
    offset += frame.length;
    frame = readFrameHeader(bytes, offset);
  }
  return count;
}

/** Follows the frames from the first one on, and gives their bytes, in runs, without the tags between them. */
async function* walkFrames(input: ByteReader, first: Frame): AsyncGenerator<Uint8Array> {
  // The window is either longer than any frame, or all that is left.
  const declared = declaredFrames(await input.fill(SEARCH_WINDOW), first);
  let count = 0;
  for (;;) {
    const window = await input.fill(SEARCH_WINDOW);
    if (window.length === 0) break;
    let end = 0;
    let frame = readFrameHeader(window, 0);
    for (; frame && isLike(frame, first) && end + frame.length <= window.length; count++) {
      end += frame.length;
      frame = readFrameHeader(window, end);
    }
    if (end > 0) {
      yield window.subarray(0, end);
      input.advance(end);
      continue;
    }
    if (frame && isLike(frame, first)) {
      throw truncated(`it ends ${frame.length - window.length} bytes before its last frame does`);
    }
    // Files that were joined have the tags of each between the frames.
    const tagLength = id3Length(window, 0);
    if (tagLength > 0) {
      await input.skip(tagLength);
      continue;
    }
    if (TAIL_TAGS.some((tag) => startsWith(window, 0, tag))) break;
    if (window.length <= LARGEST_TAIL && findFrames(window, 0, { enough: 2 }) === undefined) break;
    throw new MarsError(
      'AUDIO_UNREADABLE',
      `The MP3 file is damaged: after ${count} frames, at byte ${input.position}, no frame begins. ` +
        'Copy it again, or save what can be saved: ffmpeg -i FILE FILE.wav',
    );
  }
  // The frame that tells the count is not counted by most writers, and is by some: one less is no loss.
  if (count < declared) throw truncated(`${declared - count + 1} of ${declared} frames are missing`);
}

function isLike(a: Frame, b: Frame): boolean {
  return a.mpeg1 === b.mpeg1 && a.layer === b.layer && a.sampleRate === b.sampleRate;
}

/** ISO 11172-3, section 2.4.1.3; MPEG-2.5 is Fraunhofer's extension to half the rates of MPEG-2. */
function readFrameHeader(bytes: Uint8Array, offset: number): Frame | undefined {
  if (offset + 4 > bytes.length || bytes[offset] !== 0xff || (bytes[offset + 1] & 0xe0) !== 0xe0)
    return undefined;
  const version = (bytes[offset + 1] >> 3) & 3;
  const layer = 4 - ((bytes[offset + 1] >> 1) & 3);
  const bitrateIndex = bytes[offset + 2] >> 4;
  const rateIndex = (bytes[offset + 2] >> 2) & 3;
  // Reserved values, and bitrate 0, the "free format" whose frame length the header does not tell.
  if (version === 1 || layer === 4 || bitrateIndex === 0 || bitrateIndex === 15 || rateIndex === 3)
    return undefined;
  const mpeg1 = version === 3;
  const sampleRate = [44100, 48000, 32000][rateIndex] / (mpeg1 ? 1 : version === 2 ? 2 : 4);
  const bitrate = 1000 * BITRATES[mpeg1 ? 'mpeg1' : 'mpeg2'][layer - 1][bitrateIndex - 1];
  const padding = (bytes[offset + 2] >> 1) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && !mpeg1 ? 576 : 1152;
  const slotBytes = layer === 1 ? 4 : 1;
  const length = (Math.floor((samples * bitrate) / (8 * slotBytes * sampleRate)) + padding) * slotBytes;
  return { mpeg1, layer, mono: bytes[offset + 3] >> 6 === 3, sampleRate, length };
}

/** Frames that the Xing or Info header (after the side information), or the VBRI header, counts; 0 without one. */
function declaredFrames(bytes: Uint8Array, { mpeg1, layer, mono }: Frame): number {
  if (layer !== 3) return 0;
  const sideInformation = mpeg1 ? (mono ? 17 : 32) : mono ? 9 : 17;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const xing = 4 + sideInformation;
  const isXing = startsWith(bytes, xing, 'Xing') || startsWith(bytes, xing, 'Info');
  // Bit 0 of the flags says that the count is there.
  if (isXing && xing + 12 <= bytes.length && bytes[xing + 7] & 1) return view.getUint32(xing + 8);
  const vbri = 36;
  if (startsWith(bytes, vbri, 'VBRI') && vbri + 18 <= bytes.length) return view.getUint32(vbri + 14);
  return 0;
}

function truncated(how: string): MarsError {
  return new MarsError('AUDIO_TRUNCATED', `The MP3 file is cut off: ${how}. Copy or record the file again.`);
}

import { MarsError } from '../errors.ts';
import type { Audio } from './audio.ts';
import { asText, startsWith } from './bytes.ts';
import { readOggFlac } from './flac.ts';
import { runDecoder } from './wasm-decoder.ts';

/** The codecs that are read, by how the first packet of a stream begins. */
const CODECS: readonly { magic: string; read: (stream: readonly Page[]) => Promise<Audio> }[] = [
  { magic: '\x01vorbis', read: readVorbis }, // Vorbis I specification, section 4.2.1
  { magic: 'OpusHead', read: readOpus }, // RFC 7845, section 5.1
  { magic: '\x7fFLAC', read: readFlac }, // RFC 9639, section 10.1
];

interface Page {
  /** The whole page, with its header. */
  bytes: Uint8Array;
  payload: Uint8Array;
  isFirst: boolean;
  isLast: boolean;
  /** Position in the sound at the end of the page, in the codec's units; 0 for pages of headers. */
  granulePosition: bigint;
  serialNumber: number;
  sequenceNumber: number;
}

/**
 * Decodes an Ogg file of Vorbis, Opus or FLAC. Of streams that are multiplexed the first of these is taken; streams that
 * are chained one after the other are joined.
 *
 * Every page's CRC is checked. A file that ends within a page is truncated; one that ends after a whole page without
 * the end-of-stream flag is read as it is, because recorders of live streams leave such files by design.
 *
 * Source: RFC 3533, "The Ogg Encapsulation Format Version 0".
 *
 * @throws MarsError AUDIO_TRUNCATED, AUDIO_UNREADABLE (damage, with its place), AUDIO_UNSUPPORTED (another codec)
 */
export async function readOgg(bytes: Uint8Array): Promise<Audio> {
  const parts: Audio[] = [];
  for (const link of splitChain(readPages(bytes))) parts.push(await readLink(link));
  const { sampleRate } = parts[0];
  const other = parts.find((part) => part.sampleRate !== sampleRate);
  if (other) {
    throw new MarsError(
      'AUDIO_UNSUPPORTED',
      `The Ogg file chains streams of ${sampleRate} and ${other.sampleRate} Hz; one rate is read. ` +
        'Convert it: ffmpeg -i FILE FILE.wav',
    );
  }
  if (parts.length === 1) return parts[0];
  const samples = new Float32Array(parts.reduce((length, part) => length + part.samples.length, 0));
  let length = 0;
  for (const part of parts) {
    samples.set(part.samples, length);
    length += part.samples.length;
  }
  return { samples, sampleRate };
}

/** Decodes the first stream of a link whose codec is read. */
async function readLink(link: readonly Page[]): Promise<Audio> {
  const firsts = link.filter((page) => page.isFirst);
  for (const first of firsts) {
    const codec = CODECS.find(({ magic }) => startsWith(first.payload, 0, magic));
    if (!codec) continue;
    const stream = link.filter((page) => page.serialNumber === first.serialNumber);
    checkSequence(stream);
    return codec.read(stream);
  }
  const found = firsts.map((page) => `'${asText(page.payload, 0, 8).replace(/[^ -~]/g, '.')}'`).join(', ');
  throw new MarsError(
    'AUDIO_UNSUPPORTED',
    `The Ogg file holds ${found || 'no beginning of a stream'}; Vorbis, Opus and FLAC are read. ` +
      'Convert it: ffmpeg -i FILE FILE.wav',
  );
}

async function readVorbis(stream: readonly Page[]): Promise<Audio> {
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  return runDecoder(new OggVorbisDecoder(), joinPages(stream), { name: 'Ogg Vorbis' });
}

async function readOpus(stream: readonly Page[]): Promise<Audio> {
  const { OggOpusDecoder } = await import('ogg-opus-decoder');
  // The last page's granule position counts the samples to skip at the start, which the decoder's own cut forgets:
  // RFC 7845, sections 4.4 and 5.1.
  const { payload } = stream[0];
  const { isLast, granulePosition } = stream.at(-1)!;
  const preSkip = payload[10] | (payload[11] << 8);
  const maxLength = isLast ? Math.max(0, Number(granulePosition) - preSkip) : Infinity;
  return runDecoder(new OggOpusDecoder(), joinPages(stream), { name: 'Ogg Opus', maxLength });
}

/** The first packet is 0x7F 'FLAC', a version and a count of two bytes each, and then the beginning of a native file. */
async function readFlac(stream: readonly Page[]): Promise<Audio> {
  return readOggFlac(joinPages(stream), stream[0].payload.subarray(9), stream.at(-1)!.granulePosition);
}

/** All pages of the file, in order. */
function readPages(bytes: Uint8Array): Page[] {
  const pages: Page[] = [];
  for (let offset = 0; offset < bytes.length;) {
    if (!startsWith(bytes, offset, 'OggS'.slice(0, bytes.length - offset))) {
      // What other programs append after the end, such as ID3 tags, is no part of the sound.
      if (pages.at(-1)?.isLast) break;
      throw damaged(offset, 'no Ogg page begins there');
    }
    const page = readPage(bytes, offset);
    pages.push(page);
    offset += page.bytes.length;
  }
  return pages;
}

function readPage(bytes: Uint8Array, offset: number): Page {
  // 27 bytes, the last of which is the length of the table of segment lengths that follows it.
  const headerLength = 27 + (bytes[offset + 26] ?? 0);
  let length = headerLength;
  for (let i = offset + 27; i < offset + headerLength; i++) length += bytes[i] ?? 0;
  if (offset + length > bytes.length) {
    throw new MarsError(
      'AUDIO_TRUNCATED',
      `The Ogg file is cut off within the page at byte ${offset}: at least ${offset + length - bytes.length} bytes ` +
        'are missing. Copy or record the file again.',
    );
  }
  const page = bytes.subarray(offset, offset + length);
  const view = new DataView(page.buffer, page.byteOffset, length);
  if (checksum(page) !== view.getUint32(22, true)) throw damaged(offset, 'the checksum of the page is wrong');
  return {
    bytes: page,
    payload: page.subarray(headerLength),
    isFirst: (page[5] & 2) !== 0,
    isLast: (page[5] & 4) !== 0,
    granulePosition: view.getBigInt64(6, true),
    serialNumber: view.getUint32(14, true),
    sequenceNumber: view.getUint32(18, true),
  };
}

/** Chained streams: a first page after pages that are not first begins the next link. */
function splitChain(pages: readonly Page[]): Page[][] {
  const links: Page[][] = [];
  pages.forEach((page, i) => {
    if (i === 0 || (page.isFirst && !pages[i - 1].isFirst)) links.push([]);
    links.at(-1)!.push(page);
  });
  return links;
}

/** Who tunes in to a live stream gets its headers and then the pages of the moment: only later gaps are losses. */
function checkSequence(stream: readonly Page[]): void {
  for (let i = 1; i < stream.length; i++) {
    const missing = stream[i].sequenceNumber - stream[i - 1].sequenceNumber - 1;
    if (missing === 0 || stream[i - 1].granulePosition === 0n) continue;
    throw new MarsError(
      'AUDIO_UNREADABLE',
      `The Ogg file is damaged: page ${stream[i].sequenceNumber} of the stream follows page ` +
        `${stream[i - 1].sequenceNumber}. Copy or record the file again.`,
    );
  }
}

function joinPages(stream: readonly Page[]): Uint8Array {
  const joined = new Uint8Array(stream.reduce((length, page) => length + page.bytes.length, 0));
  let length = 0;
  for (const page of stream) {
    joined.set(page.bytes, length);
    length += page.bytes.length;
  }
  return joined;
}

/** CRC-32 of polynomial 0x04C11DB7, most significant bit first, over the page with its checksum field taken as zero. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0);
  return remainder;
});

function checksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i];
    crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte];
  }
  return crc >>> 0;
}

function damaged(offset: number, what: string): MarsError {
  return new MarsError(
    'AUDIO_UNREADABLE',
    `The Ogg file is damaged at byte ${offset}: ${what}. Copy or record the file again.`,
  );
}

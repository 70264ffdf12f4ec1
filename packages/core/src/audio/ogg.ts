import { MarsError } from '../errors.ts';
import type { AudioStream, ChannelMode, Planes } from './audio.ts';
import type { ByteReader } from './byte-reader.ts';
import { asText, startsWith } from './bytes.ts';
import { readOggFlac } from './flac.ts';
import { runDecoder } from './wasm-decoder.ts';

/** The codecs that are read, by how the first packet of a stream begins. */
const CODECS: readonly { magic: string; read: (stream: LogicalStream, mode: ChannelMode) => AudioStream }[] =
  [
    { magic: '\x01vorbis', read: readVorbis }, // Vorbis I specification, section 4.2.1
    { magic: 'OpusHead', read: readOpus }, // RFC 7845, section 5.1
    { magic: '\x7fFLAC', read: readFlac }, // RFC 9639, section 10.1
  ];

/** Its bytes stay as they are up to the next page. */
interface Page {
  /** Where it begins in the file. */
  offset: number;
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

/** One stream of a link, of which the first page was read. */
interface LogicalStream {
  header: Uint8Array;
  /** The bytes of its pages, the first one included. */
  bytes: AsyncIterable<Uint8Array>;
  /** The last page that was read of it. */
  latest: Pick<Page, 'isLast' | 'granulePosition' | 'sequenceNumber'>;
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
export async function readOgg(input: ByteReader, mode: ChannelMode): Promise<AudioStream> {
  const pages = new PageReader(input);
  await pages.advance();
  const first = await openLink(pages, mode);
  return { samples: readChain(pages, first, mode), sampleRate: first.sampleRate };
}

async function* readChain(pages: PageReader, first: AudioStream, mode: ChannelMode): AsyncGenerator<Planes> {
  yield* first.samples;
  while (pages.page) {
    const { samples, sampleRate } = await openLink(pages, mode);
    if (sampleRate !== first.sampleRate) {
      throw new MarsError(
        'AUDIO_UNSUPPORTED',
        `The Ogg file chains streams of ${first.sampleRate} and ${sampleRate} Hz; one rate is read. ` +
          'Convert it: ffmpeg -i FILE FILE.wav',
      );
    }
    yield* samples;
  }
}

/** Opens the first stream of a link whose codec is read. The first pages of all its streams stand before any other. */
async function openLink(pages: PageReader, mode: ChannelMode): Promise<AudioStream> {
  const found: string[] = [];
  for (; pages.page?.isFirst; await pages.advance()) {
    const { payload, serialNumber } = pages.page;
    const codec = CODECS.find(({ magic }) => startsWith(payload, 0, magic));
    if (codec) {
      const latest = { isLast: false, granulePosition: 0n, sequenceNumber: 0 };
      const stream = { header: payload, latest, bytes: readStream(pages, serialNumber, latest) };
      return codec.read(stream, mode);
    }
    found.push(`'${asText(payload, 0, 8).replace(/[^ -~]/g, '.')}'`);
  }
  throw new MarsError(
    'AUDIO_UNSUPPORTED',
    `The Ogg file holds ${found.join(', ') || 'no beginning of a stream'}; Vorbis, Opus and FLAC are read. ` +
      'Convert it: ffmpeg -i FILE FILE.wav',
  );
}

/** The pages of one stream, up to the end of the link: a first page after pages that are not first begins the next. */
async function* readStream(
  pages: PageReader,
  serialNumber: number,
  latest: LogicalStream['latest'],
): AsyncGenerator<Uint8Array> {
  let isBegun = false;
  for (let page = pages.page; page && !(isBegun && page.isFirst); page = pages.page) {
    isBegun ||= !page.isFirst;
    if (page.serialNumber === serialNumber) {
      if (!page.isFirst) checkSequence(page, latest);
      const { isLast, granulePosition, sequenceNumber } = page;
      Object.assign(latest, { isLast, granulePosition, sequenceNumber });
      yield page.bytes;
    }
    await pages.advance();
  }
}

/** Who tunes in to a live stream gets its headers and then the pages of the moment: only later gaps are losses. */
function checkSequence(page: Page, previous: LogicalStream['latest']): void {
  if (previous.isLast) throw damaged(page.offset, 'the stream goes on after its last page');
  if (page.sequenceNumber === previous.sequenceNumber + 1 || previous.granulePosition === 0n) return;
  throw new MarsError(
    'AUDIO_UNREADABLE',
    `The Ogg file is damaged: page ${page.sequenceNumber} of the stream follows page ` +
      `${previous.sequenceNumber}. Copy or record the file again.`,
  );
}

function readVorbis({ header, bytes }: LogicalStream, mode: ChannelMode): AudioStream {
  const open = async () => new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder();
  return { samples: runDecoder(open, bytes, { name: 'Ogg Vorbis', mode }), sampleRate: uint32(header, 12) };
}

function readOpus({ header, bytes, latest }: LogicalStream, mode: ChannelMode): AudioStream {
  return { samples: decodeOpus(bytes, uint32(header, 10) & 0xffff, latest, mode), sampleRate: 48_000 };
}

async function* decodeOpus(
  bytes: AsyncIterable<Uint8Array>,
  preSkip: number,
  latest: LogicalStream['latest'],
  mode: ChannelMode,
): AsyncGenerator<Planes> {
  const open = async () => new (await import('ogg-opus-decoder')).OggOpusDecoder();
  // The last page's granule position counts the samples to skip at the start, which the decoder's own cut forgets:
  // RFC 7845, sections 4.4 and 5.1. It cuts nothing off but the end of that page.
  const end = (): number =>
    latest.isLast ? Math.max(0, Number(latest.granulePosition) - preSkip) : Infinity;
  let length = 0;
  for await (const block of runDecoder(open, bytes, { name: 'Ogg Opus', mode })) {
    const planes = block.map((channel) => channel.subarray(0, Math.max(0, end() - length)));
    length += planes[0].length;
    yield planes;
  }
  if (length <= end()) return;
  throw new MarsError(
    'AUDIO_UNREADABLE',
    `The Ogg file is damaged: its last page ends at sample ${end()}, and ${length} came before it. ` +
      'Copy or record the file again.',
  );
}

/** The first packet is 0x7F 'FLAC', a version and a count of two bytes each, and then the beginning of a native file. */
function readFlac({ header, bytes, latest }: LogicalStream, mode: ChannelMode): AudioStream {
  return readOggFlac(bytes, header.subarray(9), () => latest.granulePosition, mode);
}

/** Reads page after page. */
class PageReader {
  /** The page to look at; `undefined` at the end of the file. */
  page: Page | undefined;
  readonly #input: ByteReader;

  constructor(input: ByteReader) {
    this.#input = input;
  }

  async advance(): Promise<void> {
    const input = this.#input;
    const previous = this.page;
    if (previous) input.advance(previous.bytes.length);
    this.page = undefined;
    const start = await input.fill(4);
    if (start.length === 0) return;
    if (startsWith(start, 0, 'OggS'.slice(0, start.length))) this.page = await readPage(input);
    // What other programs append after the end, such as ID3 tags, is no part of the sound.
    else if (!previous?.isLast) throw damaged(input.position, 'no Ogg page begins there');
  }
}

async function readPage(input: ByteReader): Promise<Page> {
  // 27 bytes, the last of which is the length of the table of segment lengths that follows it.
  const headerLength = 27 + ((await input.fill(27))[26] ?? 0);
  const header = await input.fill(headerLength);
  let length = headerLength;
  for (let i = 27; i < headerLength; i++) length += header[i] ?? 0;
  const window = await input.fill(length);
  if (length > window.length) {
    throw new MarsError(
      'AUDIO_TRUNCATED',
      `The Ogg file is cut off within the page at byte ${input.position}: at least ${length - window.length} bytes ` +
        'are missing. Copy or record the file again.',
    );
  }
  const page = window.subarray(0, length);
  const view = new DataView(page.buffer, page.byteOffset, length);
  if (checksum(page) !== view.getUint32(22, true))
    throw damaged(input.position, 'the checksum of the page is wrong');
  return {
    offset: input.position,
    bytes: page,
    payload: page.subarray(headerLength),
    isFirst: (page[5] & 2) !== 0,
    isLast: (page[5] & 4) !== 0,
    granulePosition: view.getBigInt64(6, true),
    serialNumber: view.getUint32(14, true),
    sequenceNumber: view.getUint32(18, true),
  };
}

/** Little-endian; bytes that are not there are 0. */
function uint32(bytes: Uint8Array, offset: number): number {
  return [3, 2, 1, 0].reduce((value, i) => value * 256 + (bytes[offset + i] ?? 0), 0);
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

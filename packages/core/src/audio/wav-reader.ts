import { MarsError } from '../errors.ts';
import { type AudioStream, type ChannelMode, noSamples, type Planes } from './audio.ts';
import type { ByteReader } from './byte-reader.ts';
import { asText } from './bytes.ts';
import { A_LAW, MU_LAW } from './companding.ts';

/** Chunk sizes from here on that reach past the end of the file are placeholders: ffmpeg 0xFFFFFFFF, SoX 0x7FFFF000. */
const PLACEHOLDER_SIZE = 0x7fff_f000;

/** The last 14 bytes of every sub-format GUID of WAVE_FORMAT_EXTENSIBLE; its first two are the format tag. */
const SUBFORMAT_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

const EXTENSIBLE = 0xfffe;

/** Bytes of the longest chunk before the sound that is looked into, an extensible 'fmt '. */
const LONGEST_KNOWN_CHUNK = 40;

/** Bytes decoded at a time, at most. */
const LARGEST_PIECE = 1 << 22;

/** Reads one sample at a byte offset. */
type SampleReader = (data: DataView, offset: number) => number;

/** Every coding that is read, by format tag and bits per sample. */
const CODINGS: Record<number, { name: string; readers: Record<number, SampleReader> }> = {
  0x0001: {
    name: 'PCM',
    readers: {
      // Up to 8 bits a sample is unsigned, from 9 on signed: the WAVE specification of 1991.
      8: (data, offset) => (data.getUint8(offset) - 128) / 128,
      16: (data, offset) => data.getInt16(offset, true) / 32768,
      24: (data, offset) => (data.getUint16(offset, true) + data.getInt8(offset + 2) * 65536) / 8388608,
      32: (data, offset) => data.getInt32(offset, true) / 2147483648,
    },
  },
  0x0003: {
    name: 'IEEE float',
    readers: {
      32: (data, offset) => data.getFloat32(offset, true),
      64: (data, offset) => data.getFloat64(offset, true),
    },
  },
  0x0006: { name: 'A-law', readers: { 8: (data, offset) => A_LAW[data.getUint8(offset)] } },
  0x0007: { name: 'µ-law', readers: { 8: (data, offset) => MU_LAW[data.getUint8(offset)] } },
};

interface Format {
  channels: number;
  sampleRate: number;
  bytesPerSample: number;
  read: SampleReader;
}

/**
 * Reads a RIFF/WAVE, RF64 or BW64 file: PCM of 8, 16, 24 and 32 bits, IEEE float of 32 and 64 bits, A-law and µ-law,
 * plain or as WAVE_FORMAT_EXTENSIBLE, any number of channels. Chunks may come in any order
 * before the data. A data chunk of unknown length, as programs write it that cannot seek back, goes to the end
 * of the file.
 *
 * Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991; EBU Tech 3306
 * (RF64); Microsoft, "Multiple channel audio data and WAVE files", 2007.
 *
 * @throws MarsError AUDIO_UNREADABLE, AUDIO_UNSUPPORTED, AUDIO_TRUNCATED (says how many bytes are missing: before the
 * first sample where the size of the file is known, after the last one where it comes as a stream)
 */
export async function readWav(input: ByteReader, mode: ChannelMode): Promise<AudioStream> {
  const { format, data } = await findChunks(input);
  return { samples: readSamples(input, format, data, mode), sampleRate: format.sampleRate };
}

/** The data chunk: what its header says, and where its body begins. */
interface DataChunk {
  body: number;
  size: number;
  /** What 'ds64' says of its size. */
  longSize: number | undefined;
  riffSize: number;
}

async function* readSamples(
  input: ByteReader,
  format: Format,
  data: DataChunk,
  mode: ChannelMode,
): AsyncGenerator<Planes> {
  const { channels, bytesPerSample, sampleRate } = format;
  const blockAlign = channels * bytesPerSample;
  // A second at a time, or less of so many channels that a second would be too much.
  const pieceLength = blockAlign * Math.max(1, Math.min(sampleRate, Math.floor(LARGEST_PIECE / blockAlign)));
  for (let left = dataLength(data, (input.size ?? Infinity) - data.body); left > 0;) {
    const wanted = Math.min(left, pieceLength);
    const window = await input.fill(wanted);
    const isEnd = window.length < wanted;
    if (isEnd && dataLength(data, input.size! - data.body) === 0) throw noSamples();
    const bytes = window.subarray(0, wanted);
    const planes = mode === 'mix' ? [decodeMean(bytes, format)] : decodeChannels(bytes, format);
    if (planes[0].length > 0) yield planes;
    if (isEnd) return;
    input.advance(wanted);
    left -= wanted;
  }
}

/** The mean of the channels, of as many whole blocks as there are. */
function decodeMean(bytes: Uint8Array, { channels, bytesPerSample, read }: Format): Float32Array {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blockAlign = channels * bytesPerSample;
  const samples = new Float32Array(Math.floor(bytes.length / blockAlign));
  for (let i = 0; i < samples.length; i++) {
    let sum = read(data, i * blockAlign);
    for (let channel = 1; channel < channels; channel++)
      sum += read(data, i * blockAlign + channel * bytesPerSample);
    samples[i] = sum / channels;
  }
  return samples;
}

/** Each channel, of as many whole blocks as there are. */
function decodeChannels(bytes: Uint8Array, { channels, bytesPerSample, read }: Format): Planes {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blockAlign = channels * bytesPerSample;
  return Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(Math.floor(bytes.length / blockAlign));
    for (let i = 0; i < samples.length; i++)
      samples[i] = read(data, i * blockAlign + channel * bytesPerSample);
    return samples;
  });
}

/** Reads up to the body of the data chunk. */
async function findChunks(input: ByteReader): Promise<{ format: Format; data: DataChunk }> {
  const riffSize = uint32(await input.fill(12), 4);
  await input.skip(12);
  let format: Format | undefined;
  let longSize: number | undefined;
  for (;;) {
    const header = await input.fill(8);
    if (header.length < 8) break;
    const name = asText(header, 0, 4);
    const size = uint32(header, 4);
    input.advance(8);
    if (name === 'data') {
      if (!format) throw unreadable("its 'data' chunk comes before any 'fmt ' chunk");
      return { format, data: { body: input.position, size, longSize, riffSize } };
    }
    const known = Math.min(size, LONGEST_KNOWN_CHUNK);
    const chunk = (await input.fill(known)).subarray(0, known);
    if (name === 'fmt ') format = readFormat(chunk);
    if (name === 'ds64' && chunk.length >= 16) longSize = uint32(chunk, 8) + uint32(chunk, 12) * 2 ** 32;
    // Chunks begin at even offsets: an odd one is followed by a padding byte.
    await input.skip(size + (size % 2));
  }
  const missing = format ? "'data' chunk" : "'fmt ' chunk";
  throw new MarsError(
    'AUDIO_TRUNCATED',
    `The WAV file ends after ${input.size} bytes, before its ${missing}. Copy or record the file again.`,
  );
}

/** Bytes of sound in the data chunk, when there are `available` bytes from its body to the end of the file. */
function dataLength({ body, size, longSize, riffSize }: DataChunk, available: number): number {
  // A size of 0 is meant where the RIFF chunk's own size is right; elsewhere nobody came back to fill it in.
  const sized = size > 0 || riffSize + 8 === body + available;
  const declared = size === 0xffff_ffff && longSize ? longSize : size;
  const isPlaceholder = size >= PLACEHOLDER_SIZE && declared === size;
  if (!sized || (isPlaceholder && declared > available)) return available;
  if (declared <= available) return declared;
  throw new MarsError(
    'AUDIO_TRUNCATED',
    `The WAV file is cut off: ${declared - available} of ${declared} bytes of sound are missing. ` +
      'Copy or record the file again.',
  );
}

function readFormat(bytes: Uint8Array): Format {
  if (bytes.length < 16)
    throw unreadable(`its 'fmt ' chunk has ${bytes.length} bytes, at least 16 are needed`);
  const chunk = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let tag = chunk.getUint16(0, true);
  const channels = chunk.getUint16(2, true);
  const sampleRate = chunk.getUint32(4, true);
  const blockAlign = chunk.getUint16(12, true);
  const bits = chunk.getUint16(14, true);
  if (tag === EXTENSIBLE) {
    if (bytes.length < 40)
      throw unreadable("its WAVE_FORMAT_EXTENSIBLE 'fmt ' chunk is shorter than 40 bytes");
    const subFormat = bytes.subarray(24, 40);
    tag = subFormat[0] | (subFormat[1] << 8);
    if (!SUBFORMAT_TAIL.every((byte, i) => subFormat[i + 2] === byte)) {
      const guid = Array.from(subFormat, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
      throw unsupported(`the sub-format GUID ${guid}`);
    }
  }
  const coding = CODINGS[tag];
  if (!coding) throw unsupported(`format tag 0x${tag.toString(16).padStart(4, '0')}`);
  // Samples of 12 or 20 bits are kept left-justified in whole bytes.
  const bytesPerSample = Math.ceil(bits / 8);
  const read = coding.readers[bytesPerSample * 8];
  if (!read) throw unsupported(`${coding.name} of ${bits} bits`);
  if (channels === 0) throw unreadable('it says that it has 0 channels');
  if (blockAlign !== channels * bytesPerSample) {
    throw unreadable(`${channels} channels of ${bits} bits do not make blocks of ${blockAlign} bytes`);
  }
  return { channels, sampleRate, bytesPerSample, read };
}

function uint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
}

function unreadable(fault: string): MarsError {
  return new MarsError(
    'AUDIO_UNREADABLE',
    `The WAV file's header is broken: ${fault}. Record or convert it again.`,
  );
}

function unsupported(coding: string): MarsError {
  return new MarsError(
    'AUDIO_UNSUPPORTED',
    `The WAV file holds ${coding}; PCM of 8, 16, 24 or 32 bits, IEEE float of 32 or 64 bits, A-law and µ-law are read. ` +
      'Convert it: ffmpeg -i FILE -c:a pcm_s16le FILE.wav',
  );
}

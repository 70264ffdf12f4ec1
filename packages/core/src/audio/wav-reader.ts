import { MarsError } from '../errors.ts';
import type { Audio } from './audio.ts';
import { asText } from './bytes.ts';
import { A_LAW, MU_LAW } from './companding.ts';

/** Chunk sizes from here on that reach past the end of the file are placeholders: ffmpeg 0xFFFFFFFF, SoX 0x7FFFF000. */
const PLACEHOLDER_SIZE = 0x7fff_f000;

/** The last 14 bytes of every sub-format GUID of WAVE_FORMAT_EXTENSIBLE; its first two are the format tag. */
const SUBFORMAT_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

const EXTENSIBLE = 0xfffe;

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
 * plain or as WAVE_FORMAT_EXTENSIBLE, any number of channels (their mean is returned). Chunks may come in any order
 * before the data. A data chunk of unknown length, as programs write it that cannot seek back, goes to the end
 * of the file.
 *
 * Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", 1991; EBU Tech 3306
 * (RF64); Microsoft, "Multiple channel audio data and WAVE files", 2007.
 *
 * @throws MarsError AUDIO_UNREADABLE, AUDIO_UNSUPPORTED, AUDIO_TRUNCATED (says how many bytes are missing)
 */
export function readWav(bytes: Uint8Array): Audio {
  const { format, data } = findChunks(bytes);
  const { channels, sampleRate, bytesPerSample, read } = format;
  const blockAlign = channels * bytesPerSample;
  const samples = new Float32Array(Math.floor(data.byteLength / blockAlign));
  for (let i = 0; i < samples.length; i++) {
    let sum = read(data, i * blockAlign);
    for (let channel = 1; channel < channels; channel++)
      sum += read(data, i * blockAlign + channel * bytesPerSample);
    samples[i] = sum / channels;
  }
  return { samples, sampleRate };
}

function findChunks(bytes: Uint8Array): { format: Format; data: DataView } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  let longDataSize: number | undefined;
  for (let offset = 12; offset + 8 <= bytes.length;) {
    const name = asText(bytes, offset, 4);
    const size = view.getUint32(offset + 4, true);
    const body = offset + 8;
    const present = Math.min(size, bytes.length - body);
    if (name === 'data') {
      if (!format) throw unreadable("its 'data' chunk comes before any 'fmt ' chunk");
      const length = dataLength(bytes, view, { body, size, longDataSize });
      return { format, data: new DataView(bytes.buffer, bytes.byteOffset + body, length) };
    }
    if (name === 'fmt ')
      format = readFormat(bytes, new DataView(bytes.buffer, bytes.byteOffset + body, present));
    if (name === 'ds64' && present >= 16) longDataSize = Number(view.getBigUint64(body + 8, true));
    // Chunks begin at even offsets: an odd one is followed by a padding byte.
    offset = body + size + (size % 2);
  }
  const missing = format ? "'data' chunk" : "'fmt ' chunk";
  throw new MarsError(
    'AUDIO_TRUNCATED',
    `The WAV file ends after ${bytes.length} bytes, before its ${missing}. Copy or record the file again.`,
  );
}

/** Bytes of sound in the data chunk that begins at `body`. */
function dataLength(
  bytes: Uint8Array,
  view: DataView,
  { body, size, longDataSize }: { body: number; size: number; longDataSize?: number },
): number {
  const available = bytes.length - body;
  // A size of 0 is meant where the RIFF chunk's own size is right; elsewhere nobody came back to fill it in.
  const sized = size > 0 || view.getUint32(4, true) + 8 === bytes.length;
  let declared = size === 0xffff_ffff && longDataSize ? longDataSize : size;
  if (!sized || (size >= PLACEHOLDER_SIZE && declared === size && declared > available)) declared = available;
  if (declared <= available) return declared;
  throw new MarsError(
    'AUDIO_TRUNCATED',
    `The WAV file is cut off: ${declared - available} of ${declared} bytes of sound are missing. ` +
      'Copy or record the file again.',
  );
}

function readFormat(bytes: Uint8Array, chunk: DataView): Format {
  if (chunk.byteLength < 16)
    throw unreadable(`its 'fmt ' chunk has ${chunk.byteLength} bytes, at least 16 are needed`);
  let tag = chunk.getUint16(0, true);
  const channels = chunk.getUint16(2, true);
  const sampleRate = chunk.getUint32(4, true);
  const blockAlign = chunk.getUint16(12, true);
  const bits = chunk.getUint16(14, true);
  if (tag === EXTENSIBLE) {
    if (chunk.byteLength < 40)
      throw unreadable("its WAVE_FORMAT_EXTENSIBLE 'fmt ' chunk is shorter than 40 bytes");
    const subFormat = bytes.subarray(chunk.byteOffset - bytes.byteOffset + 24).subarray(0, 16);
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

/** How one sample is written at a byte offset. */
type SampleWriter = (view: DataView, offset: number, sample: number) => void;

/** Codings of the WAV files that the tests make; samples are multiples of 1/128, which all of them keep exactly. */
export const WAV_CODINGS: Record<string, { tag: number; bits: number; write: SampleWriter }> = {
  'PCM 8': { tag: 1, bits: 8, write: (view, offset, sample) => view.setUint8(offset, sample * 128 + 128) },
  'PCM 16': {
    tag: 1,
    bits: 16,
    write: (view, offset, sample) => view.setInt16(offset, sample * 2 ** 15, true),
  },
  'PCM 24': {
    tag: 1,
    bits: 24,
    write(view, offset, sample) {
      const value = sample * 2 ** 23;
      view.setUint16(offset, value & 0xffff, true);
      view.setInt8(offset + 2, value >> 16);
    },
  },
  'PCM 32': {
    tag: 1,
    bits: 32,
    write: (view, offset, sample) => view.setInt32(offset, sample * 2 ** 31, true),
  },
  'float 32': { tag: 3, bits: 32, write: (view, offset, sample) => view.setFloat32(offset, sample, true) },
  'float 64': { tag: 3, bits: 64, write: (view, offset, sample) => view.setFloat64(offset, sample, true) },
};

interface WavParts {
  /** One array of equal length per channel. */
  channels: number[][];
  coding?: { tag: number; bits: number; write: SampleWriter };
  sampleRate?: number;
  extensible?: boolean;
  /** Whole chunks to put between 'fmt ' and 'data'. */
  before?: Uint8Array[];
  /** What the data chunk says of its size, if that is not the truth. */
  dataSize?: number;
  riffSize?: number;
  magic?: string;
}

/** Builds a WAV file out of its parts, right or wrong: a second, independent writer of the format. */
export function makeWav({
  channels,
  coding = WAV_CODINGS['PCM 16'],
  sampleRate = 16_000,
  extensible = false,
  before = [],
  dataSize,
  riffSize,
  magic = 'RIFF',
}: WavParts): Uint8Array<ArrayBuffer> {
  const width = Math.ceil(coding.bits / 8);
  const blockAlign = width * channels.length;
  const sound = new Uint8Array(blockAlign * channels[0].length);
  const view = new DataView(sound.buffer);
  channels.forEach((samples, channel) =>
    samples.forEach((sample, i) => coding.write(view, i * blockAlign + channel * width, sample)),
  );
  const format = makeFormat({ ...coding, channels: channels.length, sampleRate, blockAlign, extensible });
  const body = concatenate([ascii('WAVE'), chunk('fmt ', format), ...before, chunk('data', sound, dataSize)]);
  return concatenate([ascii(magic), uint32(riffSize ?? body.length), body]);
}

/** A chunk with its padding byte; `size` overrides the one in its header. */
export function chunk(name: string, body: Uint8Array, size = body.length): Uint8Array {
  return concatenate([ascii(name), uint32(size), body, new Uint8Array(body.length % 2)]);
}

function makeFormat(format: {
  tag: number;
  bits: number;
  channels: number;
  sampleRate: number;
  blockAlign: number;
  extensible: boolean;
}): Uint8Array {
  const { tag, bits, channels, sampleRate, blockAlign, extensible } = format;
  const bytes = new Uint8Array(extensible ? 40 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, extensible ? 0xfffe : tag, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, sampleRate, true);
  view.setUint32(8, sampleRate * blockAlign, true);
  view.setUint16(12, blockAlign, true);
  view.setUint16(14, bits, true);
  if (extensible) {
    view.setUint16(16, 22, true);
    view.setUint16(18, bits, true);
    view.setUint16(24, tag, true);
    bytes.set([0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71], 30);
  }
  return bytes;
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let length = 0;
  for (const part of parts) {
    whole.set(part, length);
    length += part.length;
  }
  return whole;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

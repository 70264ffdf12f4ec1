import { concatenate } from './wav-fixture.ts';

/** Codes of RFC 9639, section 9.1.4. */
const SAMPLE_SIZES = { 8: 1, 16: 4, 24: 6 } as const;

const BLOCK_SIZE = 4096;

/** Headers of subframes, section 9.2.1. */
const CONSTANT = 0;
const VERBATIM = 2;

/** A FLAC file at 16 kHz of uncompressed ("verbatim") subframes: a writer of the format for tests. */
export function makeFlac({
  channels,
  bits,
}: {
  /** From −1 up to the last step below 1. */
  channels: readonly (readonly number[])[];
  bits: keyof typeof SAMPLE_SIZES;
}): Uint8Array<ArrayBuffer> {
  const length = channels[0].length;
  const frames = Array.from({ length: Math.ceil(length / BLOCK_SIZE) }, (_, number) => {
    const block = channels.map((samples) => samples.slice(number * BLOCK_SIZE, (number + 1) * BLOCK_SIZE));
    return makeFrame(number, block, bits);
  });
  return concatenate([makeHeader({ channels: channels.length, bits, length }), ...frames]);
}

/** A FLAC file of one mono block over and over, 16 bits, whose header does not know how many. */
export function* repeatFlac(block: readonly number[], times: number): Generator<Uint8Array> {
  yield makeHeader({ channels: 1, bits: 16, length: 0 });
  for (let number = 0; number < times; number++) yield makeFrame(number, [block], 16);
}

/** A FLAC file of silence at 16 kHz, whose frames of 4096 samples take 15 bytes: an hour has 200 kB. */
export function* silentFlac(frames: number): Generator<Uint8Array> {
  yield makeHeader({ channels: 1, bits: 16, length: 0 });
  const silence = Array.from({ length: BLOCK_SIZE }, () => 0);
  for (let number = 0; number < frames; number++) yield makeFrame(number, [silence], 16, CONSTANT);
}

function makeHeader({
  channels,
  bits,
  length,
}: {
  channels: number;
  bits: number;
  length: number;
}): Uint8Array {
  const streamInfo = new DataView(new ArrayBuffer(34));
  streamInfo.setUint16(0, BLOCK_SIZE);
  streamInfo.setUint16(2, BLOCK_SIZE);
  streamInfo.setUint32(10, (16_000 << 12) | ((channels - 1) << 9) | ((bits - 1) << 4));
  streamInfo.setUint32(14, length);
  const magic = Uint8Array.from('fLaC', (character) => character.charCodeAt(0));
  return concatenate([magic, Uint8Array.of(0x80, 0, 0, 34), new Uint8Array(streamInfo.buffer)]);
}

function makeFrame(
  number: number,
  channels: readonly (readonly number[])[],
  bits: keyof typeof SAMPLE_SIZES,
  type = VERBATIM,
): Uint8Array {
  const last = channels[0].length - 1;
  const sizes = ((channels.length - 1) << 4) | (SAMPLE_SIZES[bits] << 1);
  // Sync code; block size at the end of the header, 16 kHz.
  const header = Uint8Array.of(0xff, 0xf8, 0x75, sizes, ...asUtf8(number), last >> 8, last & 255);
  const subframes = channels.map((samples) => [
    type,
    ...(type === CONSTANT ? samples.slice(0, 1) : samples).flatMap((sample) =>
      bigEndian(sample * 2 ** (bits - 1), bits),
    ),
  ]);
  const checked = concatenate([
    header,
    Uint8Array.of(crc(header, 8, 0x07)),
    Uint8Array.from(subframes.flat()),
  ]);
  return concatenate([checked, Uint8Array.from(bigEndian(crc(checked, 16, 0x8005), 16))]);
}

/** A frame's number is coded as a character is: section 9.1.5. */
function asUtf8(number: number): Uint8Array {
  return new TextEncoder().encode(String.fromCodePoint(number));
}

function bigEndian(value: number, bits: number): number[] {
  return Array.from({ length: bits / 8 }, (_, i) => (value >> (bits - 8 - 8 * i)) & 255);
}

/** Most significant bit first, from 0: RFC 9639, section 9.1.8 and 9.3. */
export function crc(bytes: Uint8Array, width: number, polynomial: number): number {
  let rest = 0;
  for (const byte of bytes) {
    rest ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) rest = (rest << 1) ^ ((rest >> (width - 1)) & 1 ? polynomial : 0);
    rest &= 2 ** width - 1;
  }
  return rest;
}

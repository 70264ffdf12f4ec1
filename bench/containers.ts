import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc } from '../packages/core/src/audio/flac-fixture.ts';
import { splitPages, withChecksum } from '../packages/core/src/audio/ogg-fixture.ts';
import { chunk, makeWav, WAV_CODINGS } from '../packages/core/src/audio/wav-fixture.ts';

const ROOT = join(import.meta.dirname, '..');
const FIXTURES = join(ROOT, 'packages/core/src/audio/fixtures');

/** A longer recording shows a decoder nothing more, and takes its time from many that are short. */
const LONGEST_SAMPLE = 8_000;

/** A recording, and where its format has checksums, the parts that have one each. */
export interface Container {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Pages of Ogg, frames of FLAC behind its header. */
  readonly parts?: readonly Uint8Array[];
  /** Makes the checksums of a part right again, in place: a decoder sees only what has passed them. */
  readonly seal?: (part: Uint8Array) => Uint8Array;
}

/** Recordings of every format, coding and width that is read: files from the repository, and WAV made here. */
export async function readContainers(): Promise<Container[]> {
  const paths = [
    ...(await readdir(FIXTURES)).map((name) => join(FIXTURES, name)),
    ...(await readdir(join(ROOT, 'samples'))).map((name) => join(ROOT, 'samples', name)),
  ].filter((path) => /\.(?:flac|mp2|mp3|ogg|opus)$/.test(path));
  const files = await Promise.all(
    paths.map(async (path) => ({
      name: path.split('/').at(-1)!,
      bytes: new Uint8Array(await readFile(path)),
    })),
  );
  const short = files.filter(({ bytes }) => bytes.length <= LONGEST_SAMPLE);
  return [...short.map(withParts), ...wavs()];
}

function withParts({ name, bytes }: { name: string; bytes: Uint8Array }): Container {
  if (/\.(?:ogg|opus)$/.test(name)) return { name, bytes, parts: splitPages(bytes), seal: sealPage };
  if (name.endsWith('.flac')) return { name, bytes, parts: splitFrames(bytes), seal: sealFrame };
  return { name, bytes };
}

function sealPage(page: Uint8Array): Uint8Array {
  return page.length < 27 ? page : withChecksum(page);
}

/** The header with all metadata, and then frame by frame: each ends where its checksum comes out right and another begins. */
function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const isSync = (at: number) => bytes[at] === 0xff && (bytes[at + 1] & 0xfe) === 0xf8;
  let start = 4;
  for (let isLast = false; !isLast;) {
    isLast = (bytes[start] & 0x80) !== 0;
    start += 4 + ((bytes[start + 1] << 16) | (bytes[start + 2] << 8) | bytes[start + 3]);
  }
  const parts = [bytes.slice(0, start)];
  for (let end = start + 2; end <= bytes.length; end++) {
    if (end < bytes.length && !isSync(end)) continue;
    const frame = bytes.slice(start, end);
    if (crc(frame, 16, 0x8005) !== 0) continue;
    parts.push(frame);
    start = end;
  }
  return parts;
}

/** RFC 9639, section 9.1: the header ends with a CRC-8, and the frame with a CRC-16. */
function sealFrame(frame: Uint8Array): Uint8Array {
  if (frame.length < 12 || frame[0] !== 0xff || (frame[1] & 0xfe) !== 0xf8) return frame;
  const number = Math.max(1, Math.clz32(~(frame[4] << 24)));
  const size = [0, 0, 0, 0, 0, 0, 1, 2][frame[2] >> 4] ?? 0;
  const rate = { 12: 1, 13: 2, 14: 2 }[frame[2] & 15] ?? 0;
  const header = 4 + number + size + rate;
  if (header + 3 > frame.length) return frame;
  frame[header] = crc(frame.subarray(0, header), 8, 0x07);
  const sum = crc(frame.subarray(0, -2), 16, 0x8005);
  frame.set([sum >> 8, sum & 255], frame.length - 2);
  return frame;
}

function wavs(): Container[] {
  const tone = (length: number, period: number) =>
    Array.from({ length }, (_, i) => Math.round(100 * Math.sin(i / period)) / 128);
  const [left, right] = [tone(900, 5), tone(900, 9)];
  const companded = (tag: number) => ({
    tag,
    bits: 8,
    write: (view: DataView, offset: number, sample: number) => view.setUint8(offset, sample * 127 + 128),
  });
  const codings = Object.entries({ ...WAV_CODINGS, 'A-law': companded(6), 'µ-law': companded(7) });
  const made = codings.flatMap(([name, coding]) => [
    { name: `${name}.wav`, bytes: makeWav({ channels: [left], coding, sampleRate: 8_000 }) },
    {
      name: `${name}, extensible.wav`,
      bytes: makeWav({ channels: [left, right], coding, extensible: true }),
    },
  ]);
  const tags = chunk('LIST', new Uint8Array(51));
  const longSize = chunk('ds64', new Uint8Array(28));
  return [
    ...made,
    { name: 'tags.wav', bytes: makeWav({ channels: [left, right], before: [tags, tags] }) },
    {
      name: 'endless.wav',
      bytes: makeWav({ channels: [left], dataSize: 0xffff_ffff, riffSize: 0xffff_ffff }),
    },
    {
      name: 'long.wav',
      bytes: makeWav({ channels: [left], magic: 'RF64', before: [longSize], dataSize: 0xffff_ffff }),
    },
    {
      name: 'rates.wav',
      bytes: makeWav({ channels: Array.from({ length: 9 }, () => right), sampleRate: 1_000 }),
    },
  ];
}

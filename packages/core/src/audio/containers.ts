import type { ByteReader } from './byte-reader.ts';
import { asText, id3Length, startsWith } from './bytes.ts';
import { looksLikeMp3, SEARCH_WINDOW } from './mp3.ts';

/** What the bytes are: a format that is read, or the name of one that is not. */
export type Recognised = { format: 'wav' | 'flac' | 'ogg' | 'mp3' } | { format: 'unsupported'; name: string };

/** Formats that are known and not read, by the bytes that identify them. */
const UNSUPPORTED: readonly { name: string; magic: string; at?: number }[] = [
  { name: 'MP4, M4A, MOV or 3GP (AAC or ALAC sound)', magic: 'ftyp', at: 4 },
  { name: 'WebM or Matroska', magic: '\x1a\x45\xdf\xa3' },
  { name: 'AIFF', magic: 'FORM' },
  { name: 'AMR', magic: '#!AMR' },
  { name: 'WMA (ASF)', magic: '\x30\x26\xb2\x75\x8e\x66\xcf\x11' },
  { name: 'AAC (ADIF)', magic: 'ADIF' },
  // ADTS: twelve bits of ones, layer 0; with and without CRC, MPEG-4 and MPEG-2.
  { name: 'AAC (ADTS)', magic: '\xff\xf0' },
  { name: 'AAC (ADTS)', magic: '\xff\xf1' },
  { name: 'AAC (ADTS)', magic: '\xff\xf8' },
  { name: 'AAC (ADTS)', magic: '\xff\xf9' },
  { name: 'Sun/NeXT AU', magic: '.snd' },
  { name: 'Core Audio (CAF)', magic: 'caff' },
  { name: 'NIST SPHERE', magic: 'NIST_1A' },
  { name: 'big-endian RIFX', magic: 'RIFX' },
  { name: 'Sony Wave64', magic: 'riff\x2e\x91\xcf\x11' },
  { name: 'AVI', magic: 'AVI ', at: 8 },
  { name: 'WavPack', magic: 'wvpk' },
  { name: "Monkey's Audio", magic: 'MAC ' },
  { name: 'Musepack', magic: 'MPCK' },
  { name: 'Musepack', magic: 'MP+' },
  { name: 'True Audio', magic: 'TTA1' },
  { name: 'SILK', magic: '#!SILK', at: 0 },
  { name: 'SILK', magic: '#!SILK', at: 1 },
  { name: 'Flash video', magic: 'FLV\x01' },
  { name: 'MPEG program stream', magic: '\x00\x00\x01\xba' },
  { name: 'MIDI', magic: 'MThd' },
];

/** Recognises a recording by its content and moves past an ID3 tag before it; `undefined` is none that is known. */
export async function recogniseContainer(input: ByteReader): Promise<Recognised | undefined> {
  const start = await input.fill(12);
  const magic = asText(start, 0, 4);
  if (['RIFF', 'RF64', 'BW64'].includes(magic) && startsWith(start, 8, 'WAVE')) return { format: 'wav' };
  if (magic === 'OggS') return { format: 'ogg' };
  // Some taggers put ID3 before FLAC too.
  const tagLength = id3Length(start, 0);
  await input.skip(tagLength);
  const sound = await input.fill(SEARCH_WINDOW);
  if (startsWith(sound, 0, 'fLaC')) return { format: 'flac' };
  const unsupported = UNSUPPORTED.find(({ magic, at = 0 }) => startsWith(sound, at, magic));
  if (unsupported) return { format: 'unsupported', name: unsupported.name };
  return tagLength > 0 || looksLikeMp3(sound) ? { format: 'mp3' } : undefined;
}

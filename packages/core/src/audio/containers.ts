import { asText, id3Length, startsWith } from './bytes.ts';
import { looksLikeMp3 } from './mp3.ts';

/** What the bytes are: a format that is read (with the offset where it begins), or the name of one that is not. */
export type Recognised =
  { format: 'wav' | 'flac' | 'ogg' | 'mp3'; offset: number } | { format: 'unsupported'; name: string };

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

/** Recognises a recording by its content; `undefined` is none that is known. */
export function recogniseContainer(bytes: Uint8Array): Recognised | undefined {
  const magic = asText(bytes, 0, 4);
  if (['RIFF', 'RF64', 'BW64'].includes(magic) && startsWith(bytes, 8, 'WAVE'))
    return { format: 'wav', offset: 0 };
  if (magic === 'OggS') return { format: 'ogg', offset: 0 };
  // Some taggers put ID3 before FLAC too.
  const offset = id3Length(bytes, 0);
  if (startsWith(bytes, offset, 'fLaC')) return { format: 'flac', offset };
  const unsupported = UNSUPPORTED.find(({ magic, at = 0 }) => startsWith(bytes, offset + at, magic));
  if (unsupported) return { format: 'unsupported', name: unsupported.name };
  if (offset > 0 || looksLikeMp3(bytes, 0)) return { format: 'mp3', offset };
  return undefined;
}

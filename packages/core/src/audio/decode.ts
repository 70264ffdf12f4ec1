import { MarsError } from '../errors.ts';
import { type Audio, SAMPLE_RATE_RANGE } from './audio.ts';
import { recogniseContainer } from './containers.ts';
import { readFlac } from './flac.ts';
import { readMp3 } from './mp3.ts';
import { readOgg } from './ogg.ts';
import { readWav } from './wav-reader.ts';

/**
 * Decodes a recording and mixes it to mono (the mean of its channels), at its own sampling rate; Opus always comes
 * at 48 kHz. Reads WAV (PCM, float, A-law, µ-law), FLAC, MP3, Ogg Vorbis, Ogg Opus and Ogg FLAC, recognised by content
 * whatever the file is called. The decoders of the compressed formats are fetched only when such a file comes.
 *
 * A recording that is cut off or damaged is an error wherever the format lets it be seen, never a shorter recording.
 *
 * @param bytes the whole file
 * @throws MarsError AUDIO_EMPTY (no bytes, no samples), AUDIO_UNREADABLE (no such format, or damaged), AUDIO_TRUNCATED,
 * AUDIO_UNSUPPORTED (a format or coding that is known and not read), AUDIO_NOT_FINITE
 *
 * @example
 * const { samples, sampleRate } = await decodeAudio(await readFile('clip.flac'));
 */
export async function decodeAudio(bytes: Uint8Array): Promise<Audio> {
  if (bytes.length === 0)
    throw new MarsError('AUDIO_EMPTY', 'The recording holds 0 bytes. Copy or record it again.');
  const audio = await readRecognised(bytes);
  checkAudio(audio);
  return audio;
}

async function readRecognised(bytes: Uint8Array): Promise<Audio> {
  const container = recogniseContainer(bytes);
  try {
    switch (container?.format) {
      case 'wav':
        return readWav(bytes);
      case 'flac':
        return await readFlac(bytes.subarray(container.offset));
      case 'ogg':
        return await readOgg(bytes);
      case 'mp3':
        return await readMp3(bytes, container.offset);
      case 'unsupported':
        throw new MarsError(
          'AUDIO_UNSUPPORTED',
          `This is ${container.name}, which is not read. Convert it: ffmpeg -i FILE FILE.wav`,
        );
      default:
        throw new MarsError(
          'AUDIO_UNREADABLE',
          `These ${bytes.length} bytes are no recording that is known; WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus and Ogg FLAC ` +
            `are read. They begin with ${describeStart(bytes)}. Convert the file: ffmpeg -i FILE FILE.wav`,
        );
    }
  } catch (error) {
    if (error instanceof MarsError) throw error;
    // A decoder that trips over damage throws what WebAssembly throws.
    throw new MarsError(
      'AUDIO_UNREADABLE',
      `The ${container?.format} data is damaged: the decoder failed with '${String(error)}'. Copy or record it again.`,
      { cause: error },
    );
  }
}

function checkAudio({ samples, sampleRate }: Audio): void {
  const { lowest, highest } = SAMPLE_RATE_RANGE;
  if (samples.length === 0) {
    throw new MarsError('AUDIO_EMPTY', 'The recording holds no samples, only a header. Record it again.');
  }
  if (!(sampleRate >= lowest && sampleRate <= highest)) {
    throw new MarsError(
      'AUDIO_UNSUPPORTED',
      `The header says ${sampleRate} Hz; from ${lowest} to ${highest} Hz are read. Convert or record it again.`,
    );
  }
  let index = 0;
  while (index < samples.length && Number.isFinite(samples[index])) index++;
  if (index < samples.length) {
    throw new MarsError(
      'AUDIO_NOT_FINITE',
      `Sample ${index} of ${samples.length} is ${samples[index]}; only finite samples can be analysed. ` +
        'Export the recording again, as 16-bit PCM.',
    );
  }
}

/** The first eight bytes, as numbers and as characters. */
function describeStart(bytes: Uint8Array): string {
  const start = Array.from(bytes.subarray(0, 8));
  const characters = start.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'));
  return `${start.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')} ('${characters.join('')}')`;
}

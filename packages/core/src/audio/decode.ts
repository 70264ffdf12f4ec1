import { MarsError } from '../errors.ts';
import { type Audio, SAMPLE_RATE_RANGE } from './audio.ts';
import { readFlac } from './flac.ts';
import { readWav } from './wav-reader.ts';

/**
 * Decodes a recording and mixes it to mono (the mean of its channels) at its own sampling rate. The format is
 * recognised by content, whatever the file is called.
 */
export async function decodeAudio(bytes: Uint8Array): Promise<Audio> {
  if (bytes.length === 0)
    throw new MarsError('AUDIO_EMPTY', 'The recording holds 0 bytes. Record or copy it again.');
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  let audio: Audio;
  if (magic === 'fLaC') audio = await readFlac(bytes);
  else if (magic === 'RIFF' || magic === 'RF64' || magic === 'BW64') audio = readWav(bytes);
  else throw new MarsError('AUDIO_UNREADABLE', 'not a recording');
  if (audio.sampleRate < SAMPLE_RATE_RANGE.lowest) throw new MarsError('AUDIO_UNREADABLE', 'bad rate');
  return audio;
}

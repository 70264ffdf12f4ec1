import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { encodeWav } from '@mars/core';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';

const SAMPLE_RATE = 16_000;
const SYLLABLES = ['sa', 'e', 'si', 'o', 'su', 'ia', 'ou', 'ea', ' ', ' '];

/** Voices that differ; further recordings are further names of their files, which costs no room on the disk. */
const VOICES = 200;

/**
 * Recordings of 1 to 10 s, spoken by a machine: 16-bit WAV at 16 kHz, the same at every run.
 *
 * @returns how many seconds all of them have, and which file each of them has its sound from
 */
export async function makeRecordings(
  folder: string,
  count: number,
): Promise<{ audioSec: number; origins: Map<string, string> }> {
  const random = createRandom('recordings');
  await mkdir(folder, { recursive: true });
  const origins = new Map<string, string>();
  const lengths: number[] = [];
  let audioSec = 0;
  for (let index = 0; index < count; index++) {
    const file = join(folder, `${String(index).padStart(6, '0')}.wav`);
    const voice = index % VOICES;
    const origin = join(folder, `${String(voice).padStart(6, '0')}.wav`);
    origins.set(file, origin);
    if (index < VOICES) {
      lengths[voice] = random.uniform(1, 10);
      const words = Array.from(
        { length: 80 },
        () => SYLLABLES[Math.floor(random.uniform(0, SYLLABLES.length))],
      ).join('');
      const samples = syntheticVoice(words, { pitchHz: random.uniform(90, 250) });
      const part = samples.subarray(0, Math.round(lengths[voice] * SAMPLE_RATE));
      await writeFile(file, encodeWav({ samples: part, sampleRate: SAMPLE_RATE }));
    } else {
      await link(origin, file);
    }
    audioSec += lengths[voice];
  }
  return { audioSec, origins };
}

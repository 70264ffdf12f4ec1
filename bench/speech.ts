import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, resample } from '@mars/core';
import { readCorpus, splitClips } from '@mars/training';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';

const ROOT = join(import.meta.dirname, '..');

export const SAMPLE_RATE = 16_000;

/**
 * Sentences with pauses of 0.5 to 2 s between them: of four RAVDESS actors, or made where there is no corpus.
 */
export async function speech(seconds: number, seed: string): Promise<Float32Array> {
  const random = createRandom(seed);
  const sentences = await sentencesOf(random.fork('clips'));
  const samples = new Float32Array(seconds * SAMPLE_RATE);
  for (let at = 0, next = 0; at < samples.length; next += 1) {
    const sentence = sentences[next % sentences.length];
    samples.set(sentence.subarray(0, samples.length - at), at);
    at += sentence.length + Math.round(random.uniform(0.5, 2) * SAMPLE_RATE);
  }
  return samples;
}

async function sentencesOf(random: ReturnType<typeof createRandom>): Promise<Float32Array[]> {
  const corpus = join(process.env['MARS_CORPORA'] ?? join(ROOT, '../shared/corpora'), 'ravdess');
  if (!existsSync(corpus))
    return [syntheticVoice('sa i  sosu ea si'), syntheticVoice('aei sosi  ua', { pitchHz: 200 })];
  const { test } = splitClips(await readCorpus('ravdess', corpus), 'emobox')[0];
  const drawn = random.shuffle([...test]).slice(0, 20);
  return Promise.all(
    drawn.map(async ({ file }) => {
      const { samples, sampleRate } = await decodeAudio(await readFile(file));
      return resample(samples, sampleRate, SAMPLE_RATE);
    }),
  );
}

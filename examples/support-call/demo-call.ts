import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeAudio, resample } from '@mars/core';
import { encodeStereoWav } from './stereo-wav.ts';

const SAMPLES = join(import.meta.dirname, '../../samples');
const SAMPLE_RATE = 16_000;

/** Who speaks when: the customer on the left, the agent on the right, both of them a synthesiser. */
const TURNS = [
  ['right', 'man-plain.wav'],
  ['left', 'woman-plain.wav'],
  ['right', 'man-low-slow-soft.wav'],
  ['left', 'woman-high-fast-loud.mp3'],
  ['right', 'man-plain.wav'],
  ['left', 'woman-low-slow-soft.ogg'],
] as const;

/** A call to look at where there is none: the samples, in turn. */
export async function demoCall(): Promise<Blob> {
  const said: { side: 'left' | 'right'; at: number; samples: Float32Array }[] = [];
  let at = SAMPLE_RATE / 2;
  for (const [side, file] of TURNS) {
    const samples = await readSample(join(SAMPLES, file));
    said.push({ side, at, samples });
    at += samples.length + SAMPLE_RATE;
  }
  const sides = { left: new Float32Array(at), right: new Float32Array(at) };
  for (const turn of said) sides[turn.side].set(turn.samples, turn.at);
  return new Blob([encodeStereoWav(sides.left, sides.right, SAMPLE_RATE)]);
}

async function readSample(file: string): Promise<Float32Array> {
  const { samples, sampleRate } = await decodeAudio(await readFile(file));
  return resample(samples, sampleRate, SAMPLE_RATE);
}

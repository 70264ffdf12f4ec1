import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMOTIONS, encodeWav } from '@mars/core';
import type { TrainConfig } from '../src/config.ts';
import { readCorpus } from '../src/corpora/corpora.ts';
import type { Clip } from '../src/corpora/clip.ts';
import { createRandom } from '@mars/autograd/random';
import type { MfccSettings } from '../src/features/settings.ts';

const SAMPLE_RATE = 8000;

/** Two men and two women in each of the first, second and third fold of emobox. */
const ACTORS = [1, 20, 4, 11, 8, 9];

/**
 * A corpus with the names of RAVDESS and sounds that tell the emotions apart: clips of 0.4 to 0.8 s, of each actor
 * (six) speech in eight emotions and song in six. The same bytes at every run.
 */
export async function writeSyntheticCorpus(dir: string, { actors = ACTORS } = {}): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const actor of actors) {
    for (const [channel, emotions] of [
      [1, 8],
      [2, 6],
    ]) {
      for (let emotion = 1; emotion <= emotions; emotion += 1) {
        const numbers = [3, channel, emotion, 1, 1 + (actor % 2), 1, actor];
        const name = numbers.map((number) => String(number).padStart(2, '0')).join('-');
        await writeFile(join(dir, `${name}.wav`), encodeWav(sing(name, actor, emotion)));
      }
    }
  }
}

/** A buzz whose pitch and tremor are the emotion's, shifted a little by the actor, in some noise. */
export function sing(
  name: string,
  actor: number,
  emotion: number,
): { samples: Float32Array; sampleRate: number } {
  const random = createRandom(name);
  const samples = new Float32Array(Math.round(random.uniform(0.4, 0.8) * SAMPLE_RATE));
  const pitchHz = 140 * 1.35 ** emotion * (1 + actor / 400);
  const tremorHz = emotion % 2 === 0 ? 12 : 3;
  for (let i = 0; i < samples.length; i += 1) {
    const t = i / SAMPLE_RATE;
    const buzz = Math.sin(2 * Math.PI * pitchHz * t) + 0.4 * Math.sin(4 * Math.PI * pitchHz * t);
    samples[i] = 0.3 * buzz * (1 + 0.5 * Math.sin(2 * Math.PI * tremorHz * t)) + 0.01 * random.normal();
  }
  return { samples, sampleRate: SAMPLE_RATE };
}

export const TINY_FEATURES: MfccSettings = {
  kind: 'mfcc',
  sampleRate: SAMPLE_RATE,
  nMfcc: 13,
  nMels: 26,
  nFft: 512,
  hopLength: 128,
};

/** A recipe that takes a second: a small network, short clips, two versions of each. */
export function tinyConfig(changes: Partial<TrainConfig> = {}): TrainConfig {
  return {
    preset: 'tiny',
    trainOn: 'speech',
    network: {
      kind: 'seed',
      channels: [12, 16],
      hiddenSize: 16,
      dropoutRate: 0.3,
      bidirectional: false,
      pooling: 'attention',
    },
    features: TINY_FEATURES,
    frames: 40,
    variants: [{ kind: 'original' }, { kind: 'noise', snrDb: [10, 30] }],
    augmentationSeed: 0,
    testSpeeds: [1],
    epochs: 3,
    batchSize: 8,
    learningRate: 0.01,
    warmup: 0.03,
    weightDecay: 0,
    labelSmoothing: 0,
    maxGradientNorm: 1,
    ...changes,
  };
}

export interface Workshop extends AsyncDisposable {
  /** A folder of its own, removed in the end. */
  readonly folder: string;
  /** Where the corpus lies. */
  readonly corpusDir: string;
  readonly cacheDir: string;
  readonly clips: readonly Clip[];
}

/** A folder with the corpus in it and its clips, read. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'mars-training-'));
  const corpusDir = join(folder, 'corpus');
  await writeSyntheticCorpus(corpusDir);
  return {
    folder,
    corpusDir,
    cacheDir: join(folder, 'cache'),
    clips: await readCorpus('ravdess', corpusDir),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export const LABELS: readonly string[] = EMOTIONS;

import { MarsError } from '@mars/core';
import type { SeedOptions } from './architectures/seed.ts';
import { SEED_FEATURES, SEED_VARIANTS, type FeatureSettings, type Variant } from './features/settings.ts';

/** Everything that decides what a training gives, the seed and the clips aside. */
export interface TrainConfig {
  /** Name of the preset that it came from. */
  readonly preset: string;
  readonly network: Omit<SeedOptions, 'inFeatures' | 'labels'>;
  readonly features: FeatureSettings;
  /** Clips are padded or cut to this many frames in training. */
  readonly frames: number;
  /** The versions of each training clip; what validates and tests is never varied. */
  readonly variants: readonly Variant[];
  readonly augmentationSeed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Peak of the learning rate, which then falls along half a cosine. */
  readonly learningRate: number;
  /** Share of the training in which the rate rises from 0. */
  readonly warmup: number;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly maxGradientNorm: number;
}

/**
 * The student project's recipe: 40 MFCCs, 200 frames, four versions of every training clip, Conv1D, Conv1D, GRU,
 * attention, dense softmax, categorical cross-entropy, Adam, 100 epochs. What it left open was chosen on validation
 * clips of the training part (docs/experiments.md).
 */
const seed: TrainConfig = {
  preset: 'seed',
  network: { channels: [48, 96], hiddenSize: 64, dropoutRate: 0.3 },
  features: SEED_FEATURES,
  frames: 200,
  variants: SEED_VARIANTS,
  augmentationSeed: 0,
  epochs: 100,
  batchSize: 64,
  learningRate: 2e-3,
  warmup: 0.03,
  weightDecay: 0,
  labelSmoothing: 0,
  maxGradientNorm: 1,
};

const PRESETS: Readonly<Record<string, TrainConfig>> = { seed };

export const PRESET_NAMES: readonly string[] = Object.keys(PRESETS);

/** The configuration of that name. Errors: `CONFIG_INVALID` naming the presets. */
export function preset(name: string): TrainConfig {
  if (!Object.hasOwn(PRESETS, name)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `No preset is called "${name}"; there is ${PRESET_NAMES.join(', ')}.`,
    );
  }
  return PRESETS[name];
}

import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { MarsError } from '@mars/core';
import { z } from 'zod';
import { networkSettings } from './architectures/networks.ts';
import {
  featureSettings,
  featureWidth,
  isTrunk,
  SEED_VARIANTS,
  variantSettings,
  type Variant,
} from './features/settings.ts';
import { PRESET_NAMES, type PresetName } from './preset-names.ts';
import { projectionSettings } from './projection.ts';
import { parseSettings } from './schema.ts';
import { specAugmentSettings } from './spec-augment.ts';

const count = z.int().positive();
const share = z.number().min(0).max(1);

/** Everything that decides what a training gives, the seed and the clips aside. */
const trainConfig = z
  .strictObject({
    /** Name of the preset that it came from. */
    preset: z.string().min(1),
    /** What the training part's actors contribute, where a protocol leaves it open; what is tested never changes. */
    trainOn: z.enum(['speech', 'speech+song']).default('speech'),
    features: featureSettings,
    /** Clips are padded or cut to this many frames in training. */
    frames: count,
    /** The versions of each training clip; what validates and tests is never varied. */
    variants: z
      .array(variantSettings)
      .min(1)
      .readonly()
      .default([{ kind: 'original' }]),
    augmentationSeed: z.int().min(0).default(0),
    /** Only what a kernel machine makes of each vector's numbers is kept; of a trunk's features only. */
    projection: projectionSettings.optional(),
    /** Spans of frames and bands that are left out, drawn anew at every step. */
    specAugment: specAugmentSettings.optional(),
    /** Standard deviation of the noise added to each normalised number, drawn anew at every step. */
    featureNoise: z.number().positive().optional(),
    /**
     * Every example is seen as a profile of its speaker, learnt from so many of the speaker's clips, would have it; drawn
     * anew for each, 0 for no profile. A kernel machine sees it so beside what it is without. Of a trunk's features only.
     */
    simulatedProfiles: z.array(z.int().min(0)).min(1).readonly().optional(),
    /** Every example of a batch is mixed with another, labels too, by a share drawn from Beta(alpha, alpha). */
    mixupAlpha: z.number().positive().optional(),
    /**
     * How often each corpus is drawn, in proportion (absent: every example once per epoch). A corpus that is not named
     * counts 1.
     */
    samplingWeights: z.record(z.string(), z.number().min(0)).optional(),
    /** The model file hears a recording at each of these speeds and averages the scores; features of a trunk only. */
    testSpeeds: z.array(z.number().positive()).min(1).readonly().default([1]),
    network: networkSettings,
    epochs: count,
    batchSize: count.default(64),
    /** Peak of the learning rate, which then falls along half a cosine. */
    learningRate: z.number().positive().default(1e-3),
    /** Share of the training in which the rate rises from 0. */
    warmup: share.default(0.03),
    weightDecay: z.number().min(0).default(0),
    labelSmoothing: share.default(0),
    maxGradientNorm: z.number().positive().default(1),
    /** Share of the old value in a moving average of the weights, which is then the model; absent: the last weights are. */
    averageDecay: z.number().min(0).lt(1).optional(),
    /** Ends the training when validation UAR has not risen for so many epochs, and takes the best epoch's weights. */
    patience: count.optional(),
    /** A finished run whose weights the training starts from, where the layers fit: the same fold and seed of it. */
    startFrom: z.string().optional(),
  })
  .check(({ value, issues }) => {
    const { features, frames, testSpeeds, simulatedProfiles, projection, network, epochs } = value;
    const refuse = (name: string, input: unknown, message: string) => {
      issues.push({ code: 'custom', path: [name], input, message });
    };
    if (isTrunk(features)) {
      if (frames !== 1) refuse('frames', frames, `${features.kind} features are 1 frame per clip`);
    } else {
      const onlyOfVectors = {
        simulatedProfiles,
        projection,
        network: network.kind === 'kernel' ? network : undefined,
      };
      for (const [name, given] of Object.entries(onlyOfVectors)) {
        if (given !== undefined)
          refuse(name, given, 'only with features of trunks: yamnet, moonshine, fusion');
      }
      if (testSpeeds.length > 1 || testSpeeds[0] !== 1) {
        refuse('testSpeeds', testSpeeds, 'only [1] without features of trunks: yamnet, moonshine, fusion');
      }
    }
    if (network.kind === 'kernel') {
      if (epochs !== 1) refuse('epochs', epochs, 'a kernel machine is fitted at once: 1 epoch');
      for (const name of ONLY_OF_STEPS) {
        if (value[name] !== undefined)
          refuse(name, value[name], 'a kernel machine is fitted at once, without steps');
      }
    }
  });

/** What says how a network is trained step by step. */
const ONLY_OF_STEPS = [
  'specAugment',
  'featureNoise',
  'mixupAlpha',
  'samplingWeights',
  'averageDecay',
  'patience',
  'startFrom',
] as const;

export type TrainConfig = z.output<typeof trainConfig>;

/** Numbers per frame that the network sees. */
export function networkWidth({ features, projection }: Pick<TrainConfig, 'features' | 'projection'>): number {
  return projection?.components ?? featureWidth(features);
}

/** What the weights come from: the training part and, once a kernel machine is calibrated, what validated it. */
export function learntFrom<Each>(
  { train, validation }: { readonly train: readonly Each[]; readonly validation: readonly Each[] },
  { network }: Pick<TrainConfig, 'network'>,
): readonly Each[] {
  return network.kind === 'kernel' ? [...train, ...validation] : train;
}

/** The version of a clip that validates: as recorded or, where the model never hears it so, at its first test speed. */
export function heardVariant({
  testSpeeds,
  variants,
}: Pick<TrainConfig, 'testSpeeds' | 'variants'>): Variant {
  if (testSpeeds.includes(1)) return { kind: 'original' };
  const rate = [testSpeeds[0], testSpeeds[0]] as const;
  const trained = variants.find(
    (variant) => variant.kind === 'speed' && isDeepStrictEqual(variant.rate, rate),
  );
  return trained ?? { kind: 'speed', name: 'heard', rate };
}

/** A part of a configuration: what it leaves out stays as the preset has it. */
export type ConfigChanges = { readonly [key: string]: unknown };

/**
 * The student project's recipe: 40 MFCCs, 200 frames, four versions of every training clip, Conv1D, Conv1D, GRU,
 * attention, dense softmax, categorical cross-entropy, Adam, 100 epochs. What it left open was chosen on validation
 * clips of the training part (docs/experiments.md).
 */
const seed: z.input<typeof trainConfig> = {
  preset: 'seed',
  features: { kind: 'mfcc', nMfcc: 40 },
  frames: 200,
  variants: [...SEED_VARIANTS],
  network: { kind: 'seed', channels: [48, 96], hiddenSize: 64, dropoutRate: 0.3 },
  epochs: 100,
  batchSize: 64,
  learningRate: 2e-3,
};

/**
 * For voices never heard: one hidden layer on a frozen trunk that knows the sounds of the world (YAMNet's lower half),
 * level normalised, quiet steps left out, three speeds in training and in use.
 */
const transfer: z.input<typeof trainConfig> = {
  preset: 'transfer',
  trainOn: 'speech+song',
  features: { kind: 'yamnet', layer: 7 },
  frames: 1,
  variants: [
    { kind: 'original' },
    { kind: 'speed', name: 'slower', rate: [0.9, 0.9] },
    { kind: 'speed', name: 'faster', rate: [1.1, 1.1] },
  ],
  testSpeeds: [0.9, 1, 1.1],
  simulatedProfiles: [0, 0, 1, 2, 4, 8, 16, 32],
  mixupAlpha: 0.4,
  network: { kind: 'head', hiddenSize: 256, dropoutRate: 0.5 },
  epochs: 20,
  batchSize: 256,
  warmup: 0.1,
  weightDecay: 0.01,
  labelSmoothing: 0.1,
};

/**
 * For voices never heard: two frozen trunks, one that has learnt to recognise speech (the first layers of Moonshine's encoder)
 * and one that knows the sounds of the world (how much each number of YAMNet's sixth layer moves), hear the voice at one
 * speed. Of what they say one kernel machine leaves the few directions in which emotion shows, and another one answers. Both
 * are fitted in closed form, on several speeds, in noise and over a telephone too.
 */
const flagship: z.input<typeof trainConfig> = {
  preset: 'flagship',
  trainOn: 'speech+song',
  features: {
    kind: 'fusion',
    parts: [
      { trunk: { kind: 'moonshine' } },
      { trunk: { kind: 'yamnet', layer: 6, means: false, deviationsOf: [6] }, weight: 0.35 },
    ],
  },
  frames: 1,
  projection: { components: 192 },
  variants: [
    { kind: 'speed', name: 'fast', rate: [1.25, 1.25] },
    { kind: 'original' },
    { kind: 'speed', name: 'faster', rate: [1.5, 1.5] },
    { kind: 'noise', name: 'noisy', snrDb: [10, 40], speed: 1.25 },
    { kind: 'noise', name: 'noisy-original', snrDb: [10, 40] },
    { kind: 'telephone', speed: 1.25 },
  ],
  testSpeeds: [1.25],
  simulatedProfiles: [16],
  network: { kind: 'kernel', ridge: [0.3, 0.1, 0.03] },
  epochs: 1,
};

const PRESETS: Readonly<Record<PresetName, z.input<typeof trainConfig>>> = {
  seed,
  transfer,
  flagship,
};

/** A configuration as a run keeps it; what an older run did not know of has its default. */
export function parseConfig(stored: unknown): TrainConfig {
  return parseSettings(trainConfig, stored, 'configuration');
}

/** The configuration of that name. Errors: `CONFIG_INVALID` naming the presets. */
export function preset(name: string): TrainConfig {
  if (!Object.hasOwn(PRESETS, name)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `No preset is called "${name}"; there is ${PRESET_NAMES.join(', ')}. ` +
        'A configuration of your own is a file that ends in .json.',
    );
  }
  return trainConfig.parse(PRESETS[name as PresetName]);
}

/**
 * A configuration with some of its values changed. Objects are changed value by value, lists as a whole, and what takes
 * another `kind` starts from that kind's defaults.
 *
 * Errors: `CONFIG_INVALID` naming the value that is unknown or wrong, and what was expected.
 *
 * @example
 * changeConfig(preset('seed'), { network: { bidirectional: true }, epochs: 30 });
 */
export function changeConfig(config: TrainConfig, changes: ConfigChanges): TrainConfig {
  return parseSettings(trainConfig, merge(config, changes), 'configuration');
}

/**
 * The configuration of a preset's name, or of a JSON file: a preset's name under `preset` (`seed`), and what differs
 * from it.
 *
 * Errors: `CONFIG_INVALID` for an unknown preset, a file that cannot be read or is no JSON object, or a wrong value.
 *
 * @example
 * await loadConfig('bigru.json'); // {"preset": "seed", "network": {"bidirectional": true}}
 */
export async function loadConfig(nameOrFile: string): Promise<TrainConfig> {
  if (!nameOrFile.endsWith('.json')) return preset(nameOrFile);
  const { preset: base, ...changes } = parseSettings(
    z.looseObject({ preset: z.string().default('seed') }),
    await readJsonFile(nameOrFile),
    `configuration in ${nameOrFile}`,
  );
  return changeConfig(preset(base), changes);
}

/** Errors: `CONFIG_INVALID` for a file that cannot be read or holds no JSON. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${file} cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** `path=value` as changes: the path's names joined by dots, the value as JSON, or as text where it is none. */
export function parseChange(text: string): ConfigChanges {
  const at = text.indexOf('=');
  const path = text.slice(0, at).split('.');
  if (at < 1 || path.includes('')) {
    throw new MarsError(
      'CONFIG_INVALID',
      `"${text}" came; PATH=VALUE was expected, as in network.hiddenSize=96 or epochs=30.`,
    );
  }
  return path.reduceRight<ConfigChanges>(
    (value, key) => ({ [key]: value }),
    parseValue(text.slice(at + 1)) as ConfigChanges,
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function merge(base: unknown, changes: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(changes)) return changes;
  if ('kind' in changes && changes['kind'] !== base['kind']) return changes;
  const merged = Object.entries(changes).map(([key, value]) => [key, merge(base[key], value)]);
  return { ...base, ...Object.fromEntries(merged) };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

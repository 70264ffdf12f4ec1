import { createHash } from 'node:crypto';
import { MarsError } from '@mars/core';
import { z } from 'zod';
import {
  MOONSHINE_WIDTH,
  moonshineSettings,
  type MoonshineSettings,
} from '../front-end/moonshine-settings.ts';
import { yamnetSettings, yamnetWidth, type YamnetSettings } from '../front-end/yamnet-settings.ts';
import { parseSettings } from '../schema.ts';

const count = z.int().positive();

const spectral = {
  /** Recordings are resampled to this rate, in Hz. */
  sampleRate: count.default(22_050),
  nMels: count.default(128),
  /** Samples per analysis window. */
  nFft: count.default(2048),
  /** Samples from one frame to the next. */
  hopLength: count.default(512),
};

/** librosa's MFCCs; its own defaults with 40 coefficients are what the original student project fed its network. */
const mfccSettings = z.strictObject({ kind: z.literal('mfcc'), nMfcc: count.default(40), ...spectral });

/** librosa's mel spectrogram in decibels, `power_to_db(melspectrogram(y))`. */
const logMelSettings = z.strictObject({ kind: z.literal('logMel'), ...spectral });

/** One vector by several frozen trunks: theirs beside each other. */
const fusionSettings = z.strictObject({
  kind: z.literal('fusion'),
  /** Hz; the rate that all trunks were trained at. */
  sampleRate: z.literal(16_000).default(16_000),
  parts: z
    .array(
      z.strictObject({
        trunk: z.discriminatedUnion('kind', [yamnetSettings, moonshineSettings]),
        /** What its numbers together count for in the distance between two clips, against those of the other parts. */
        weight: z.number().positive().default(1),
      }),
    )
    .min(2)
    .readonly(),
});

/** How a waveform becomes what the network sees: frames of librosa's features, or one vector by frozen trunks. */
export const featureSettings = z.discriminatedUnion('kind', [
  mfccSettings,
  logMelSettings,
  yamnetSettings,
  moonshineSettings,
  fusionSettings,
]);

export type FeatureSettings = z.infer<typeof featureSettings>;
export type SingleTrunkSettings = YamnetSettings | MoonshineSettings;
/** Of frozen trunks, which make one vector of a whole clip and can hear it at any speed. */
export type TrunkSettings = SingleTrunkSettings | FusionSettings;
export type FusionSettings = z.infer<typeof fusionSettings>;
export type MfccSettings = z.infer<typeof mfccSettings>;

export const SEED_FEATURES: MfccSettings = mfccSettings.parse({ kind: 'mfcc' });

/** Whether frozen trunks make one vector of a clip; else there is a row of numbers per frame. */
export function isTrunk(settings: FeatureSettings): settings is TrunkSettings {
  return settings.kind === 'yamnet' || settings.kind === 'moonshine' || settings.kind === 'fusion';
}

/** The trunks that make the vector, in its order. */
export function trunksOf(settings: TrunkSettings): readonly SingleTrunkSettings[] {
  return settings.kind === 'fusion' ? settings.parts.map(({ trunk }) => trunk) : [settings];
}

/**
 * What each number is multiplied by, once it has the deviation 1, so that every part of a fusion counts for what its
 * weight says, however many numbers it has. The squares have the mean 1.
 *
 * @example
 * fusionGains({ kind: 'fusion', parts: [{ trunk: moonshine }, { trunk: yamnet, weight: 0.35 }] }); // 3776 numbers
 */
export function fusionGains({ parts }: Pick<FusionSettings, 'parts'>): Float32Array {
  const widths = parts.map(({ trunk }) => featureWidth(trunk));
  const width = sum(widths);
  const weights = sum(parts.map(({ weight }) => weight));
  return Float32Array.from(
    parts.flatMap(({ weight }, part) =>
      Array<number>(widths[part]).fill(Math.sqrt(((weight / weights) * width) / widths[part])),
    ),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Numbers per frame. */
export function featureWidth(settings: FeatureSettings): number {
  if (settings.kind === 'yamnet') return yamnetWidth(settings);
  if (settings.kind === 'moonshine') return MOONSHINE_WIDTH;
  if (settings.kind === 'fusion') return sum(trunksOf(settings).map(featureWidth));
  return settings.kind === 'mfcc' ? settings.nMfcc : settings.nMels;
}

function range(lowest: number, highest: number, initial: readonly [number, number]) {
  const bound = z.number().min(lowest).max(highest);
  return z
    .tuple([bound, bound])
    .readonly()
    .refine(([min, max]) => min <= max, 'a range [min, max] with min ≤ max was expected')
    .default(initial);
}

const name = z
  .string()
  .regex(/^[\w-]+$/, 'may hold letters, digits, - and _ only')
  .optional();

/** Features of a trunk only: what is then heard is so many times as fast. */
const speedAfter = z.number().min(0.5).max(2).optional();

/**
 * One version of a clip; ranges are drawn from uniformly. `name` tells two of a kind apart (default: the kind).
 * All act on the waveform, before the features, and are kept in the cache.
 */
export const variantSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('original'), name }),
  /** Tempo factor at the same pitch: 2 is twice as fast. */
  z.strictObject({ kind: z.literal('timeStretch'), name, rate: range(0.25, 4, [0.8, 1.25]) }),
  /** Size of the shift in semitones, up or down with equal chance: near zero it would be the original again. */
  z.strictObject({ kind: z.literal('pitchShift'), name, semitones: range(0, 24, [0.5, 2]) }),
  /** White noise at this signal-to-noise ratio, dB. */
  z.strictObject({
    kind: z.literal('noise'),
    name,
    snrDb: range(-60, 120, [10, 30]),
    speed: speedAfter,
  }),
  /** As a tape that runs faster: tempo and pitch together. */
  z.strictObject({ kind: z.literal('speed'), name, rate: range(0.5, 2, [0.9, 1.1]) }),
  z.strictObject({ kind: z.literal('gain'), name, gainDb: range(-60, 60, [-12, 12]) }),
  /**
   * Time in which the echo falls by 60 dB, in seconds, and its share; what the microphone makes of it, each octave louder or
   * softer by a gain of its own, in dB; and white noise at this signal-to-noise ratio, dB.
   */
  z.strictObject({
    kind: z.literal('room'),
    name,
    reverberationSec: range(0.05, 5, [0.2, 0.8]),
    wetness: range(0, 1, [0.1, 0.5]),
    octaveDb: range(-40, 40, [0, 0]),
    snrDb: range(-60, 120, [120, 120]),
    speed: speedAfter,
  }),
  /** 8 kHz and 8 bits of mu-law. */
  z.strictObject({ kind: z.literal('telephone'), name, speed: speedAfter }),
]);

export type Variant = z.input<typeof variantSettings>;

/** A variant with nothing left open. */
export type ResolvedVariant = z.output<typeof variantSettings> & { readonly name: string };

/** Four versions of every training clip, as in the original student project. */
export const SEED_VARIANTS: readonly Variant[] = [
  { kind: 'original' },
  { kind: 'timeStretch' },
  { kind: 'pitchShift' },
  { kind: 'noise' },
];

/** Fills in the default ranges. Errors: `CONFIG_INVALID` for an empty range or two variants of one name. */
export function resolveVariants(variants: readonly Variant[]): ResolvedVariant[] {
  const resolved = variants.map((variant): ResolvedVariant => {
    const parsed = parseSettings(variantSettings, variant, 'variant');
    return { ...parsed, name: parsed.name ?? parsed.kind };
  });
  const names = resolved.map((variant) => variant.name);
  const twice = names.find((candidate, index) => names.indexOf(candidate) !== index);
  if (twice !== undefined) {
    throw new MarsError('CONFIG_INVALID', `Two variants are called "${twice}"; give each a name of its own.`);
  }
  return resolved;
}

/** Raise it whenever the same settings give other numbers than before: old cache entries are then never found. */
const FEATURE_VERSION = 3;

/** Folder of the cache that holds one variant of one corpus under these settings: readable first, unique after. */
export function cacheKey(
  corpus: string,
  settings: FeatureSettings,
  variant: ResolvedVariant,
  augmentationSeed: number,
): string {
  const seed = variant.kind === 'original' ? null : augmentationSeed;
  const everything = [FEATURE_VERSION, corpus, sorted(settings), sorted(variant), seed];
  const digest = createHash('sha256').update(JSON.stringify(everything)).digest('hex');
  return `${settings.kind}-${variant.name}-${digest.slice(0, 16)}`;
}

/** The order in which settings were written down does not matter. */
function sorted(settings: object): [string, unknown][] {
  return Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

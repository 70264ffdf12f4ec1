import { createHash } from 'node:crypto';
import { MarsError } from '@mars/core';

/** How a waveform becomes MFCCs; the model file carries the same numbers. */
export interface FeatureSettings {
  /** Recordings are resampled to this rate, in Hz. */
  readonly sampleRate: number;
  readonly nMfcc: number;
  readonly nMels: number;
  /** Samples per analysis window. */
  readonly nFft: number;
  /** Samples from one frame to the next. */
  readonly hopLength: number;
}

/** librosa's own defaults with 40 coefficients: what the original student project fed its network. */
export const SEED_FEATURES: FeatureSettings = {
  sampleRate: 22_050,
  nMfcc: 40,
  nMels: 128,
  nFft: 2048,
  hopLength: 512,
};

type Range = readonly [min: number, max: number];

/**
 * One version of a clip; ranges are drawn from uniformly. `name` tells two of a kind apart (default: the kind).
 * Stretching and shifting act on the waveform, before the features.
 */
export type Variant = { readonly name?: string } & (
  | { readonly kind: 'original' }
  /** Tempo factor: 2 is twice as fast. */
  | { readonly kind: 'timeStretch'; readonly rate?: Range }
  /** Size of the shift in semitones, up or down with equal chance: near zero it would be the original again. */
  | { readonly kind: 'pitchShift'; readonly semitones?: Range }
  /** White noise at this signal-to-noise ratio, dB. */
  | { readonly kind: 'noise'; readonly snrDb?: Range }
);

/** Four versions of every training clip, as in the original student project. */
export const SEED_VARIANTS: readonly Variant[] = [
  { kind: 'original' },
  { kind: 'timeStretch' },
  { kind: 'pitchShift' },
  { kind: 'noise' },
];

/** A variant with nothing left open. */
export type ResolvedVariant = { readonly name: string } & (
  | { readonly kind: 'original' }
  | { readonly kind: 'timeStretch'; readonly rate: Range }
  | { readonly kind: 'pitchShift'; readonly semitones: Range }
  | { readonly kind: 'noise'; readonly snrDb: Range }
);

/** Fills in the default ranges. Errors: `CONFIG_INVALID` for an empty range or two variants of one name. */
export function resolveVariants(variants: readonly Variant[]): ResolvedVariant[] {
  const resolved = variants.map(resolveVariant);
  const names = resolved.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new MarsError('CONFIG_INVALID', `Two variants are called "${twice}"; give each a name of its own.`);
  }
  return resolved;
}

function resolveVariant(variant: Variant): ResolvedVariant {
  const { kind, name = kind } = variant;
  if (!/^[\w-]+$/.test(name)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The variant's name "${name}" may hold letters, digits, - and _ only.`,
    );
  }
  switch (kind) {
    case 'original':
      return { name, kind };
    case 'timeStretch':
      return { name, kind, rate: checkRange('rate', variant.rate ?? [0.8, 1.25], 0.25, 4) };
    case 'pitchShift':
      return { name, kind, semitones: checkRange('semitones', variant.semitones ?? [0.5, 2], 0, 24) };
    case 'noise':
      return { name, kind, snrDb: checkRange('snrDb', variant.snrDb ?? [10, 30], -60, 120) };
    default:
      throw new MarsError(
        'CONFIG_INVALID',
        `No variant is of the kind "${String(kind)}"; original, timeStretch, pitchShift and noise are.`,
      );
  }
}

function checkRange(name: string, range: Range, lowest: number, highest: number): Range {
  const [min, max] = range;
  if (!(lowest <= min && min <= max && max <= highest)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${name} is [${range.join(', ')}]; a range [min, max] within ${lowest} … ${highest} was expected.`,
    );
  }
  return [min, max];
}

/** Raise it whenever the same settings give other numbers than before: old cache entries are then never found. */
const FEATURE_VERSION = 1;

/** Folder of the cache that holds one variant of one corpus under these settings: readable first, unique after. */
export function cacheKey(
  corpus: string,
  settings: FeatureSettings,
  variant: ResolvedVariant,
  augmentationSeed: number,
): string {
  const { sampleRate, nMfcc, nMels, nFft, hopLength } = settings;
  const seed = variant.kind === 'original' ? null : augmentationSeed;
  const everything = [FEATURE_VERSION, corpus, { sampleRate, nMfcc, nMels, nFft, hopLength }, variant, seed];
  const digest = createHash('sha256').update(JSON.stringify(everything)).digest('hex');
  return `${variant.name}-${digest.slice(0, 16)}`;
}

import { describe, expect, test } from 'vitest';
import {
  cacheKey,
  resolveVariants,
  SEED_FEATURES,
  SEED_VARIANTS,
  featureSettings,
  type FeatureSettings,
  type Variant,
} from './settings.ts';

describe('the cache key', () => {
  const logMel = featureSettings.parse({ kind: 'logMel' });
  const noise = { kind: 'noise', snrDb: [10, 30] } as const;
  interface Setting {
    readonly corpus?: string;
    readonly settings?: FeatureSettings;
    readonly variant?: Variant;
    readonly seed?: number;
  }
  const key = ({ corpus = 'ravdess', settings = SEED_FEATURES, variant = noise, seed = 0 }: Setting = {}) =>
    cacheKey(corpus, settings, resolveVariants([variant])[0], seed);

  test.each<[string, Setting]>([
    ['the corpus', { corpus: 'tess' }],
    ['the sample rate', { settings: { ...SEED_FEATURES, sampleRate: 16_000 } }],
    ['the number of coefficients', { settings: { ...SEED_FEATURES, nMfcc: 39 } }],
    ['the kind of features', { settings: logMel }],
    ['the number of bands', { settings: { ...SEED_FEATURES, nMels: 64 } }],
    ['the window', { settings: { ...SEED_FEATURES, nFft: 1024 } }],
    ['the hop', { settings: { ...SEED_FEATURES, hopLength: 256 } }],
    ['a range', { variant: { kind: 'noise', snrDb: [10, 29] } }],
    ["the variant's name", { variant: { ...noise, name: 'again' } }],
    ['the kind', { variant: { kind: 'pitchShift' } }],
    ['the augmentation seed', { seed: 1 }],
  ])('changes with %s', (_, changed) => {
    expect(key(changed)).not.toBe(key());
  });

  test('does not change with what makes no difference', () => {
    const { hopLength, ...others } = SEED_FEATURES;
    expect(key({ settings: { hopLength, ...others } })).toBe(key());
    expect(key({ variant: { kind: 'noise' } })).toBe(key());
    const original: Variant = { kind: 'original' };
    expect(key({ variant: original, seed: 1 })).toBe(key({ variant: original }));
  });
});

test("the seed's four variants, with their ranges", () => {
  expect(resolveVariants(SEED_VARIANTS)).toEqual([
    { name: 'original', kind: 'original' },
    { name: 'timeStretch', kind: 'timeStretch', rate: [0.8, 1.25] },
    { name: 'pitchShift', kind: 'pitchShift', semitones: [0.5, 2] },
    { name: 'noise', kind: 'noise', snrDb: [10, 30] },
  ]);
});

test.each<[string, Variant[]]>([
  ['two of one name', [{ kind: 'noise' }, { kind: 'noise', snrDb: [0, 5] }]],
  ['a range the wrong way round', [{ kind: 'noise', snrDb: [30, 10] }]],
  ['a tempo of nothing', [{ kind: 'timeStretch', rate: [0, 1] }]],
  ['a range that is no number', [{ kind: 'pitchShift', semitones: [NaN, 2] }]],
  ['an unknown kind', [{ kind: 'echo' } as unknown as Variant]],
  ['a name that is a path', [{ kind: 'noise', name: '../noise' }]],
])('refuses %s', (_, refused) => {
  expect(() => resolveVariants(refused)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

export { hashClips, type Clip, type CorpusReader } from './corpora/clip.ts';
export { CORPORA, readCorpus } from './corpora/corpora.ts';
export { readRavdess } from './corpora/ravdess.ts';
export { extractFeatures, type ExtractOptions } from './features/extract.ts';
export { FeatureSet, type ClipFeatures, type FeatureFailure } from './features/feature-set.ts';
export { SEED_FEATURES, SEED_VARIANTS, type FeatureSettings, type Variant } from './features/settings.ts';
export {
  accuracy,
  argmax,
  classificationMetrics,
  confusionMatrix,
  expectedCalibrationError,
  type ClassificationMetrics,
  type ClassMetrics,
} from './metrics.ts';
export {
  PROTOCOLS,
  splitEmobox,
  splitSeed,
  type EmoboxOptions,
  type Fold,
  type Protocol,
  type SeedSplitOptions,
} from './splits.ts';

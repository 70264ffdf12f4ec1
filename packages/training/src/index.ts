export { hashClips, type Clip, type CorpusReader } from './corpora/clip.ts';
export { CORPORA, readCorpus } from './corpora/corpora.ts';
export { readRavdess } from './corpora/ravdess.ts';
export {
  accuracy,
  argmax,
  classificationMetrics,
  confusionMatrix,
  expectedCalibrationError,
  type ClassificationMetrics,
  type ClassMetrics,
} from './metrics.ts';

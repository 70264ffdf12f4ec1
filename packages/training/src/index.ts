export { buildNetwork, type NetworkSettings } from './architectures/networks.ts';
export { bootstrapIntervals, quantile, type BootstrapOptions, type Interval } from './bootstrap.ts';
export {
  calibrate,
  fitCalibration,
  fitTemperature,
  fitThreshold,
  type ThresholdOptions,
} from './calibration.ts';
export { recordingChanges, type RecordingChange } from './changes.ts';
export {
  compareAll,
  compareRuns,
  holm,
  type CompareOptions,
  type Comparison,
  type McnemarTest,
  type NamedComparison,
  type PermutationTest,
  type RunFigures,
} from './comparison.ts';
export {
  changeConfig,
  loadConfig,
  parseChange,
  preset,
  type ConfigChanges,
  type TrainConfig,
} from './config.ts';
export { hashClips, type Clip, type CorpusReader } from './corpora/clip.ts';
export { listCorpus, readCorpus, type ReadCorpusOptions } from './corpora/corpora.ts';
export { getCorpus, type GetOptions, type GetProgress, type GotCorpus } from './corpora/get/get.ts';
export { readRavdess } from './corpora/ravdess.ts';
export {
  FAULT_KINDS,
  NOTICE_KINDS,
  verifyCorpus,
  type CorpusCheck,
  type Finding,
  type FindingKind,
  type Tally,
  type VerifyOptions,
} from './corpora/verify.ts';
export { extractFeatures, type ExtractOptions } from './features/extract.ts';
export { FeatureSet, type ClipFeatures, type FeatureFailure } from './features/feature-set.ts';
export {
  featureWidth,
  SEED_FEATURES,
  SEED_VARIANTS,
  type FeatureSettings,
  type MfccSettings,
  type Variant,
} from './features/settings.ts';
export { measure, testModel, type Figures, type Prediction } from './evaluate.ts';
export { runExperiment, type ExperimentOptions } from './experiment.ts';
export {
  readableParts,
  sumUp,
  type ChangeFigures,
  type ExperimentReport,
  type GroupFigures,
  type Spread,
  type Tested,
} from './experiment-report.ts';
export { type ProfileEffect, type SpeakerEffect } from './profile-effect.ts';
export { planSweep, runSweep, type SweepResult, type SweepRun } from './sweep.ts';
export { exportRun, keepChanges, readModels, readReport } from './run-export.ts';
export type { EpochRecord } from './run.ts';
export type { TrainProgress } from './train.ts';
export {
  accuracy,
  argmax,
  classificationMetrics,
  confusionMatrix,
  confusionMetrics,
  type ClassificationMetrics,
  type ClassMetrics,
} from './metrics.ts';
export {
  accuracyAtCoverage,
  areaUnderRiskCoverage,
  brierScore,
  expectedCalibrationError,
  logLoss,
  reliabilityBins,
  riskCoverageCurve,
  type ReliabilityBin,
  type RiskCoveragePoint,
} from './probabilistic-metrics.ts';
export { type Fold, type Split, type SplitOptions } from './splits/fold.ts';
export { splitEmobox, splitSong } from './splits/emobox.ts';
export { splitSeed } from './splits/seed.ts';
export { PROTOCOLS, splitClips, type Protocol, type ProtocolDefinition } from './splits/protocols.ts';

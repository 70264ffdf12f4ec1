import { parentPort, workerData } from 'node:worker_threads';
import { loadRecogniser, MarsError, type ErrorCode } from '@mars/core';
import { fitCalibration } from './calibration.ts';
import { heardVariant, learntFrom, type TrainConfig } from './config.ts';
import type { Clip } from './corpora/clip.ts';
import { extractFeatures } from './features/extract.ts';
import { measure, predictFold } from './evaluate.ts';
import { exportTraining } from './export.ts';
import { refit } from './kernel-training.ts';
import { RunFolder } from './run.ts';
import type { Fold } from './splits/fold.ts';
import { train, type TrainProgress } from './train.ts';

/** One training of an experiment: everything a worker needs, as plain data. */
export interface TrainingTask {
  readonly config: TrainConfig;
  readonly fold: Fold;
  readonly seed: number;
  readonly labels: readonly string[];
  /** A folder that was claimed for this training. */
  readonly path: string;
  /** The folder of the training that this one starts from. */
  readonly startFrom?: string;
  readonly cacheDir?: string;
  readonly threads: number;
}

/** What a worker says while it runs. An error's class and code would be lost on the way, so they go as data. */
export type TrainingMessage =
  | { readonly progress: TrainProgress }
  /** A recording of the test part that cannot be used. */
  | { readonly unusable: { readonly clip: Clip; readonly code: ErrorCode; readonly message: string } }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Trains, writes the model, and says what it makes of the test part. */
async function run(
  { config, fold, seed, labels, path, startFrom, cacheDir, threads }: TrainingTask,
  signal: AbortSignal,
): Promise<void> {
  const folder = new RunFolder(path);
  const { features: settings, variants, augmentationSeed } = config;
  // The cache holds all of these already: they are loaded here, not computed.
  const features = await extractFeatures(learntFrom(fold, config), settings, {
    variants,
    augmentationSeed,
    cacheDir,
    signal,
  });
  const heldOut = await extractFeatures(fold.validation, settings, {
    variants: [heardVariant(config)],
    augmentationSeed,
    cacheDir,
    signal,
  });
  const options = { config, labels, features, seed, folder, threads };
  await train(fold, {
    ...options,
    heldOut,
    startFrom: startFrom === undefined ? undefined : new RunFolder(startFrom),
    signal,
    onProgress: (progress) => say({ progress }),
  });
  await calibrateTraining(folder, fold, signal);
  if (config.network.kind === 'kernel') await refit(fold, options);
  const { bytes } = await exportTraining(folder, config.preset);
  await folder.writeBytes('model.onnx', bytes);
  if (fold.test.length === 0) return;
  await using recogniser = await loadRecogniser(bytes);
  const { predictions, failures } = await predictFold(recogniser, fold, { signal });
  for (const { clip, error } of failures) {
    say({ unusable: { clip, code: error.code, message: error.message } });
  }
  await folder.writeLines('predictions.jsonl', predictions);
  await folder.writeJson('metrics.json', measure(predictions, labels));
}

/** Fits temperature and threshold to what the model says of the clips that validated. */
async function calibrateTraining(folder: RunFolder, fold: Fold, signal: AbortSignal): Promise<void> {
  // Where it has been fitted, the model holds it already: fitted again, it would be that of calibrated scores.
  if (fold.validation.length === 0 || (await folder.readJson('calibration.json'))) return;
  const { bytes, metadata } = await exportTraining(folder, 'uncalibrated');
  await using recogniser = await loadRecogniser(bytes);
  const { predictions } = await predictFold(recogniser, { test: fold.validation }, { signal });
  if (predictions.length === 0) return;
  await folder.writeLines('validation.jsonl', predictions);
  await folder.writeJson('calibration.json', fitCalibration(predictions, metadata.labels));
}

function say(message: TrainingMessage): void {
  parentPort!.postMessage(message);
}

const interruption = new AbortController();
// The only message that comes is the request to stop. Waiting for it must not keep the thread alive.
parentPort!.once('message', () => interruption.abort());
parentPort!.unref();

try {
  await run(workerData as TrainingTask, interruption.signal);
} catch (error) {
  if (error instanceof MarsError) say({ error: { code: error.code, message: error.message } });
  else if (error !== interruption.signal.reason) throw error;
}

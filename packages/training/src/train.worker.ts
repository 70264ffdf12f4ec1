import { parentPort, workerData } from 'node:worker_threads';
import type { TrainConfig } from './config.ts';
import { extractFeatures } from './features/extract.ts';
import { measure, predict } from './evaluate.ts';
import { exportTraining } from './export.ts';
import { describeRun, RunFolder } from './run.ts';
import type { Fold, Protocol } from './splits.ts';
import { train } from './train.ts';

/** One training of an experiment: everything a worker needs, as plain data. */
export interface TrainingTask {
  readonly config: TrainConfig;
  readonly protocol: Protocol;
  readonly fold: Fold;
  readonly seed: number;
  readonly labels: readonly string[];
  readonly path: string;
  readonly resume: boolean;
  readonly cacheDir?: string;
  readonly threads: number;
}

/** Trains, writes the model, and says what it makes of the test part. Progress goes out as messages. */
async function run(task: TrainingTask): Promise<void> {
  const { config, protocol, fold, seed, labels, path, resume, cacheDir, threads } = task;
  const folder = new RunFolder(path);
  const description = describeRun(config, protocol, fold, seed, labels);
  await folder.claim(description, { resume });
  const { features: settings, variants, augmentationSeed } = config;
  // The cache holds all of these already: they are loaded here, not computed.
  const features = await extractFeatures([...fold.train], settings, { variants, augmentationSeed, cacheDir });
  const held = [...fold.validation, ...fold.test];
  const unvaried = await extractFeatures(held, settings, { cacheDir });
  await train(fold, {
    config,
    labels,
    features,
    heldOut: unvaried,
    seed,
    folder,
    threads,
    onProgress: (progress) => parentPort!.postMessage(progress),
  });
  const { bytes } = await exportTraining(folder, config.preset);
  const test = fold.test.filter((clip) => unvaried.has(clip));
  const predictions = await predict(bytes, labels, test, unvaried);
  await folder.writeBytes('model.onnx', bytes);
  await folder.writeLines('predictions.jsonl', predictions);
  await folder.writeJson('metrics.json', measure(predictions, labels));
}

await run(workerData as TrainingTask);

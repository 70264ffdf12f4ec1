import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { EMOTIONS, MarsError } from '@mars/core';
import { heardVariant, learntFrom, type TrainConfig } from './config.ts';
import type { Clip } from './corpora/clip.ts';
import type { Figures, Prediction } from './evaluate.ts';
import { sumUp, trainingName, type ExperimentReport, type Tested } from './experiment-report.ts';
import { extractFeatures } from './features/extract.ts';
import type { FeatureFailure } from './features/feature-set.ts';
import { isTrunk } from './features/settings.ts';
import { describeRun, RunFolder } from './run.ts';
import type { Fold, SplitOptions } from './splits/fold.ts';
import { checkStart } from './splits/start.ts';
import { splitClips, testsNothing, type Protocol } from './splits/protocols.ts';
import type { TrainProgress } from './train.ts';
import type { TrainingMessage, TrainingTask } from './train.worker.ts';

export interface ExperimentOptions {
  config: TrainConfig;
  protocol: Protocol;
  /** As the protocol takes them. */
  splitOptions?: SplitOptions;
  clips: readonly Clip[];
  /** One training per fold and seed. The same seed gives the same bits only with as many `threads`. */
  seeds: readonly number[];
  /** Folder of the run: one folder per training in it, and `report.json`. */
  out: string;
  resume?: boolean;
  cacheDir?: string;
  /** Trainings at a time (1). */
  jobs?: number;
  /** Threads of each training (the cores, shared between the jobs). */
  threads?: number;
  signal?: AbortSignal;
  onFeatures?: (done: number, total: number) => void;
  /** Told of every recording that cannot be used and is left out. */
  onFailure?: (failure: FeatureFailure) => void;
  onProgress?: (training: string, progress: TrainProgress) => void;
  onTrained?: (training: string, figures: Figures) => void;
}

/**
 * Trains every fold of a protocol with every seed and sums up what the test parts gave. Each training runs in a thread
 * of its own; what is done already is not done again. When one fails, the others stop as they would when aborted.
 *
 * @returns nothing where the protocol tests nothing
 *
 * Errors: `RUN_INVALID` when `out` is no folder, or holds another run, or one that `resume` was not given for;
 * `CONFIG_INVALID` for a training part smaller than one batch, or a protocol with an enrolment and a network that takes no
 * profile; the signal's reason when aborted.
 */
export async function runExperiment({
  config,
  protocol,
  splitOptions,
  clips,
  seeds,
  out,
  resume = false,
  cacheDir,
  jobs = 1,
  threads = Math.max(1, Math.floor(availableParallelism() / jobs)),
  signal,
  onFeatures,
  onFailure,
  onProgress,
  onTrained,
}: ExperimentOptions): Promise<ExperimentReport | undefined> {
  const folds = splitClips(clips, protocol, { trainOn: config.trainOn, ...splitOptions });
  checkEnrolment(folds, config, protocol);
  await checkFolder(out, { config, protocol, testCorpus: splitOptions?.testCorpus }, resume);
  const unusable = new Set<string>();
  const leaveOut = (failure: FeatureFailure) => {
    if (unusable.has(failure.clip.file)) return;
    unusable.add(failure.clip.file);
    onFailure?.(failure);
  };
  for (const failure of await prepareFeatures(folds, config, { cacheDir, signal, onFeatures })) {
    leaveOut(failure);
  }
  const tasks = seeds.flatMap((seed) =>
    folds.map((fold): TrainingTask => {
      const name = trainingName(fold.name, seed);
      const startFrom = config.startFrom === undefined ? undefined : join(config.startFrom, name);
      return { config, fold, seed, labels: EMOTIONS, path: join(out, name), startFrom, cacheDir, threads };
    }),
  );
  for (const { fold, startFrom } of tasks) {
    if (startFrom === undefined) continue;
    checkStart(fold, clips, (await new RunFolder(startFrom).description()).clips);
  }
  /** What a training writes when all else is done. */
  const lastFile = testsNothing(protocol) ? 'model.onnx' : 'metrics.json';
  const waiting = tasks.values();
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const lane = async () => {
    try {
      for (const task of waiting) {
        stop.throwIfAborted();
        const { fold, seed, path } = task;
        const name = trainingName(fold.name, seed);
        const folder = new RunFolder(path);
        await folder.claim(describeRun(config, protocol, fold, seed, EMOTIONS, threads), { resume });
        if (!(await folder.has(lastFile))) {
          await trainInWorker(task, stop, {
            onProgress: (progress) => onProgress?.(name, progress),
            onFailure: leaveOut,
          });
        }
        const figures = await folder.readJson<Figures>('metrics.json');
        if (figures !== undefined) onTrained?.(name, figures);
      }
    } catch (error) {
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, lane));
  stop.throwIfAborted();
  if (testsNothing(protocol)) return undefined;
  const tested: Tested[] = [];
  for (const { fold, seed, path } of tasks) {
    const predictions = await new RunFolder(path).readLines<Prediction>('predictions.jsonl');
    tested.push({ fold: fold.name, seed, predictions });
    // What was tested before a resume could not be used then either.
    const heard = new Set(predictions.map(({ corpus, id }) => `${corpus}/${id}`));
    for (const { corpus, id, file } of fold.test) if (!heard.has(`${corpus}/${id}`)) unusable.add(file);
  }
  const trainedOn = [...new Set(folds.flatMap(({ train }) => train.map(({ corpus }) => corpus)))];
  const report = { ...sumUp(config.preset, protocol, EMOTIONS, tested, unusable.size), trainedOn };
  await new RunFolder(out).writeJson('report.json', report);
  return report;
}

/** Before the training, and not after it, when the profiles are to be learnt. */
function checkEnrolment(folds: readonly Fold[], { features, preset }: TrainConfig, protocol: Protocol): void {
  if (isTrunk(features) || folds.every(({ enrolment }) => enrolment === undefined)) return;
  throw new MarsError(
    'CONFIG_INVALID',
    `Protocol ${protocol} learns profiles of the test speakers, and a network on frames ("${preset}") takes none. ` +
      'Take a preset on a trunk, such as flagship, or protocol emobox.',
  );
}

/** What all trainings of an experiment have in common: `experiment.json`. */
interface ExperimentDescription {
  readonly config: TrainConfig;
  readonly protocol: Protocol;
  readonly testCorpus?: string;
}

async function checkFolder(out: string, description: ExperimentDescription, resume: boolean): Promise<void> {
  const folder = new RunFolder(out);
  const existing = await folder.readJson<ExperimentDescription>('experiment.json');
  if (existing === undefined) {
    await folder.create();
    await folder.writeJson('experiment.json', description);
  } else if (!resume) {
    throw new MarsError(
      'RUN_INVALID',
      `${out} holds a run already. Give --resume to go on with it, or another --out.`,
    );
  } else if (!isDeepStrictEqual(existing, JSON.parse(JSON.stringify(description)))) {
    throw new MarsError(
      'RUN_INVALID',
      `${out} holds a run with another configuration or protocol (${existing.config.preset}, ${existing.protocol}). ` +
        'Give another --out.',
    );
  }
}

/** Fills the cache: training clips in all their variants, validation clips as they will be heard. Returns what cannot be used. */
async function prepareFeatures(
  folds: readonly Fold[],
  config: TrainConfig,
  { cacheDir, signal, onFeatures }: Pick<ExperimentOptions, 'cacheDir' | 'signal' | 'onFeatures'>,
): Promise<FeatureFailure[]> {
  const { features, variants, augmentationSeed } = config;
  const unique = (parts: readonly (readonly Clip[])[]) => [
    ...new Map(parts.flat().map((clip) => [clip.file, clip])).values(),
  ];
  const varied = unique(folds.map((fold) => learntFrom(fold, config)));
  const held = unique(folds.map(({ validation }) => validation));
  const total = varied.length + held.length;
  const ofVaried = await extractFeatures(varied, features, {
    variants,
    augmentationSeed,
    cacheDir,
    signal,
    onProgress: (done) => onFeatures?.(done, total),
  });
  const ofHeld = await extractFeatures(held, features, {
    variants: [heardVariant(config)],
    augmentationSeed,
    cacheDir,
    signal,
    onProgress: (done) => onFeatures?.(varied.length + done, total),
  });
  return [...ofVaried.failures, ...ofHeld.failures];
}

/** How long a worker may take for the step under way before it is ended by force, which may end the whole process. */
const PATIENCE_MS = 30_000;

async function trainInWorker(
  task: TrainingTask,
  signal: AbortSignal,
  {
    onProgress,
    onFailure,
  }: { onProgress: (progress: TrainProgress) => void; onFailure: (failure: FeatureFailure) => void },
): Promise<void> {
  signal.throwIfAborted();
  const worker = new Worker(new URL(`./train.worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
  });
  let failure: MarsError | undefined;
  worker.on('message', (message: TrainingMessage) => {
    if ('progress' in message) onProgress(message.progress);
    else if ('unusable' in message) {
      const { clip, code, message: words } = message.unusable;
      onFailure({ clip, error: new MarsError(code, words) });
    } else failure = new MarsError(message.error.code, message.error.message);
  });
  let patience: NodeJS.Timeout | undefined;
  // Asked, not terminated: ending a thread inside ONNX Runtime's native code brings the whole process down.
  const stop = () => {
    worker.postMessage('stop');
    patience = setTimeout(() => void worker.terminate(), PATIENCE_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code] = await once(worker, 'exit');
    signal.throwIfAborted();
    if (failure) throw failure;
    if (code !== 0) throw new Error(`The training in ${task.path} ended with exit code ${code}.`);
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(patience);
  }
}

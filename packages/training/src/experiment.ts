import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { EMOTIONS, MarsError } from '@mars/core';
import { writeCard } from './card.ts';
import type { TrainConfig } from './config.ts';
import type { Clip } from './corpora/clip.ts';
import { measure, type Figures, type Prediction } from './evaluate.ts';
import { exportTraining } from './export.ts';
import { extractFeatures } from './features/extract.ts';
import type { FeatureFailure } from './features/feature-set.ts';
import { describeRun, RunFolder } from './run.ts';
import { PROTOCOLS, type Fold, type Protocol } from './splits.ts';
import type { TrainProgress } from './train.ts';
import type { TrainingMessage, TrainingTask } from './train.worker.ts';

export interface ExperimentOptions {
  config: TrainConfig;
  protocol: Protocol;
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

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly sd: number;
}

type Figure = 'accuracy' | 'uar' | 'macroF1' | 'weightedF1' | 'ece';
const FIGURES: readonly Figure[] = ['accuracy', 'uar', 'macroF1', 'weightedF1', 'ece'];

export type GroupFigures = { readonly name: string } & Pick<Figures, Figure | 'clips'>;

/** What an experiment gave: `report.json` of a run. */
export interface ExperimentReport {
  readonly preset: string;
  readonly protocol: Protocol;
  readonly labels: readonly string[];
  readonly trainings: readonly ({ training: string; fold: string; seed: number } & Record<Figure, number>)[];
  /** Over seeds, each seed's figure being the mean over its folds. */
  readonly overSeeds: Readonly<Record<Figure, Spread>>;
  /** Over all trainings. */
  readonly overTrainings: Readonly<Record<Figure, Spread>>;
  /** Parts of the test clips, all trainings' together: speech and song, women and men, each speaker. */
  readonly groups: Readonly<Record<'channel' | 'gender' | 'speaker', readonly GroupFigures[]>>;
  /** Summed over all trainings: rows are the true emotions. */
  readonly confusion: readonly (readonly number[])[];
  /** Recordings that could not be used and were left out. */
  readonly failures: number;
}

/**
 * Trains every fold of a protocol with every seed and sums up what the test parts gave. Each training runs in a thread
 * of its own; what is done already is not done again. When one fails, the others stop as they would when aborted.
 *
 * Errors: `RUN_INVALID` when `out` is no folder, or holds another run, or one that `resume` was not given for;
 * `CONFIG_INVALID` for a training part smaller than one batch; the signal's reason when aborted.
 */
export async function runExperiment({
  config,
  protocol,
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
}: ExperimentOptions): Promise<ExperimentReport> {
  const folds = splitFolds(protocol, clips);
  await checkFolder(out, config, protocol, resume);
  const failures = await prepareFeatures(folds, config, { cacheDir, signal, onFeatures });
  for (const failure of failures) onFailure?.(failure);
  const tasks = seeds.flatMap((seed) =>
    folds.map((fold): TrainingTask => {
      const path = join(out, trainingName(fold.name, seed));
      return { config, fold, seed, labels: EMOTIONS, path, cacheDir, threads };
    }),
  );
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
        if ((await folder.readJson('metrics.json')) === undefined) {
          await trainInWorker(task, stop, (progress) => onProgress?.(name, progress));
        }
        onTrained?.(name, (await folder.readJson<Figures>('metrics.json'))!);
      }
    } catch (error) {
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, lane));
  stop.throwIfAborted();
  const tested: Tested[] = [];
  for (const { fold, seed, path } of tasks) {
    const predictions = await new RunFolder(path).readLines<Prediction>('predictions.jsonl');
    tested.push({ fold: fold.name, seed, predictions });
  }
  const report = sumUp(config.preset, protocol, EMOTIONS, tested, failures.length);
  await new RunFolder(out).writeJson('report.json', report);
  return report;
}

/**
 * The model of one training of a run (the first, where none is named), with its card and the run's report; the reports
 * of further runs of the same recipe, as under another protocol, go `beside` it.
 *
 * Errors: `RUN_INVALID` when a folder is no run, the training is not there or not done, or a run beside it was trained
 * by another recipe.
 */
export async function exportRun(
  run: string,
  { training, name, beside = [] }: { training?: string; name?: string; beside?: readonly string[] } = {},
): Promise<{ model: Uint8Array; card: string; report: readonly ExperimentReport[] }> {
  const reports = await Promise.all([run, ...beside].map(readReport));
  const folder = new RunFolder(join(run, training ?? reports[0].trainings[0].training));
  const { bytes, metadata, description } = await exportTraining(folder, name ?? reports[0].preset);
  for (const other of beside) await checkRecipe(other, description.config);
  return { model: bytes, card: writeCard(metadata, description, reports), report: reports };
}

/** `report.json` of a run. Errors: `RUN_INVALID` when there is none. */
export async function readReport(run: string): Promise<ExperimentReport> {
  const report = await new RunFolder(run).readJson<ExperimentReport>('report.json');
  if (report === undefined) {
    throw new MarsError(
      'RUN_INVALID',
      `${run} holds no report.json: it is no run, or not all its trainings are done. Give the folder that ` +
        '"mars train --out" wrote, or let it end with --resume.',
    );
  }
  return report;
}

/**
 * The models of a run's trainings, one by one, each made of its checkpoint as `exportRun` does.
 *
 * Errors: `RUN_INVALID` when the folder is no run, or a training is not there or not done.
 */
export async function* readModels(
  run: string,
): AsyncGenerator<{ training: string; seed: number; bytes: Uint8Array }> {
  const { preset, trainings } = await readReport(run);
  for (const { training, seed } of trainings) {
    const { bytes } = await exportTraining(new RunFolder(join(run, training)), preset);
    yield { training, seed, bytes };
  }
}

export function trainingName(fold: string, seed: number): string {
  return `${fold}-seed${seed}`;
}

/** The folds of a protocol, as `runExperiment` trains them. Errors: those of the protocol. */
export function splitFolds(protocol: Protocol, clips: readonly Clip[]): Fold[] {
  return PROTOCOLS[protocol](clips);
}

/** Figures of another recipe on a model's card would not be the model's. */
async function checkRecipe(run: string, config: TrainConfig): Promise<void> {
  const other = await new RunFolder(run).readJson<{ config: TrainConfig }>('experiment.json');
  if (!isDeepStrictEqual(other?.config, config)) {
    throw new MarsError(
      'RUN_INVALID',
      `${run} was trained by another recipe than the model: its figures say nothing of it. ` +
        'Give a run of the same preset and epochs.',
    );
  }
}

async function checkFolder(
  out: string,
  config: TrainConfig,
  protocol: Protocol,
  resume: boolean,
): Promise<void> {
  const folder = new RunFolder(out);
  const description = { config, protocol };
  const existing = await folder.readJson<typeof description>('experiment.json');
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

/** Fills the cache: training clips in all their variants, the others as recorded. Returns what cannot be used. */
async function prepareFeatures(
  folds: readonly Fold[],
  { features, variants, augmentationSeed }: TrainConfig,
  { cacheDir, signal, onFeatures }: Pick<ExperimentOptions, 'cacheDir' | 'signal' | 'onFeatures'>,
): Promise<FeatureFailure[]> {
  const unique = (parts: readonly (readonly Clip[])[]) => [
    ...new Map(parts.flat().map((clip) => [clip.file, clip])).values(),
  ];
  const varied = unique(folds.map(({ train }) => train));
  const held = unique(folds.flatMap(({ validation, test }) => [validation, test]));
  const total = varied.length + held.length;
  const ofVaried = await extractFeatures(varied, features, {
    variants,
    augmentationSeed,
    cacheDir,
    signal,
    onProgress: (done) => onFeatures?.(done, total),
  });
  const ofHeld = await extractFeatures(held, features, {
    cacheDir,
    signal,
    onProgress: (done) => onFeatures?.(varied.length + done, total),
  });
  const failures = [...ofVaried.failures, ...ofHeld.failures];
  return [...new Map(failures.map((failure) => [failure.clip.file, failure])).values()];
}

/** How long a worker may take for the step under way before it is ended by force, which may end the whole process. */
const PATIENCE_MS = 30_000;

async function trainInWorker(
  task: TrainingTask,
  signal: AbortSignal,
  onProgress: (progress: TrainProgress) => void,
): Promise<void> {
  signal.throwIfAborted();
  const worker = new Worker(new URL(`./train.worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
  });
  let failure: MarsError | undefined;
  worker.on('message', (message: TrainingMessage) => {
    if ('progress' in message) onProgress(message.progress);
    else failure = new MarsError(message.error.code, message.error.message);
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

/** What one model made of its test part. */
export interface Tested {
  readonly fold: string;
  readonly seed: number;
  readonly predictions: readonly Prediction[];
}

/** The report of a list of tested models, for which so many recordings could not be used. Errors: `NO_INPUT` when there is none. */
export function sumUp(
  preset: string,
  protocol: Protocol,
  labels: readonly string[],
  tested: readonly Tested[],
  failures = 0,
): ExperimentReport {
  const predictions = tested.flatMap((model) => model.predictions);
  const trainings = tested.map(({ fold, seed, predictions: rows }) => ({
    training: trainingName(fold, seed),
    fold,
    seed,
    ...pick(measure(rows, labels)),
  }));
  const seeds = [...new Set(trainings.map(({ seed }) => seed))];
  const perSeed = (figure: Figure) =>
    seeds.map((seed) => spread(trainings.filter((row) => row.seed === seed).map((row) => row[figure])).mean);
  const table = (values: (figure: Figure) => number[]) =>
    Object.fromEntries(FIGURES.map((figure) => [figure, spread(values(figure))])) as Record<Figure, Spread>;
  return {
    preset,
    protocol,
    labels,
    trainings,
    overSeeds: table(perSeed),
    overTrainings: table((figure) => trainings.map((row) => row[figure])),
    groups: {
      channel: groupBy(predictions, 'channel', labels),
      gender: groupBy(predictions, 'gender', labels),
      speaker: groupBy(predictions, 'speaker', labels),
    },
    confusion: measure(predictions, labels).confusion,
    failures,
  };
}

/** Figures of each value of `key`, in the order of the values; predictions without one are in no group. */
function groupBy(
  predictions: readonly Prediction[],
  key: 'channel' | 'gender' | 'speaker',
  labels: readonly string[],
): GroupFigures[] {
  const names = new Set(predictions.flatMap((row) => row[key] ?? []));
  return [...names].sort().map((name) => {
    const rows = predictions.filter((row) => row[key] === name);
    return { name, clips: rows.length, ...pick(measure(rows, labels)) };
  });
}

function pick(figures: Figures): Record<Figure, number> {
  return Object.fromEntries(FIGURES.map((figure) => [figure, figures[figure]])) as Record<Figure, number>;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

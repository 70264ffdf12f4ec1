import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EMOTIONS, MarsError } from '@mars/core';
import { writeCard } from './card.ts';
import type { TrainConfig } from './config.ts';
import type { Clip } from './corpora/clip.ts';
import { measure, type Figures, type Prediction } from './evaluate.ts';
import { exportTraining } from './export.ts';
import { extractFeatures } from './features/extract.ts';
import { RunFolder } from './run.ts';
import { PROTOCOLS, type Fold, type Protocol } from './splits.ts';
import type { TrainProgress } from './train.ts';
import type { TrainingTask } from './train.worker.ts';

export interface ExperimentOptions {
  config: TrainConfig;
  protocol: Protocol;
  clips: readonly Clip[];
  /** One training per fold and seed. */
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
  /** Speech and song apart, all trainings' test clips together. */
  readonly byChannel: Readonly<Record<string, Pick<Figures, Figure | 'clips'>>>;
  /** Summed over all trainings: rows are the true emotions. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Trains every fold of a protocol with every seed and sums up what the test parts gave. Each training runs in a thread
 * of its own; what is done already is not done again.
 *
 * Errors: `RUN_INVALID` when `out` holds another run, or one that `resume` was not given for; the signal's reason.
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
  onProgress,
  onTrained,
}: ExperimentOptions): Promise<ExperimentReport> {
  const folds = splitFolds(protocol, clips);
  await checkFolder(out, config, protocol, resume);
  await prepareFeatures(folds, config, { cacheDir, signal, onFeatures });
  const tasks = seeds.flatMap((seed) =>
    folds.map((fold): TrainingTask => {
      const path = join(out, trainingName(fold.name, seed));
      return { config, protocol, fold, seed, labels: EMOTIONS, path, resume, cacheDir, threads };
    }),
  );
  const waiting = tasks.values();
  const lane = async () => {
    for (const task of waiting) {
      const name = trainingName(task.fold.name, task.seed);
      const folder = new RunFolder(task.path);
      if (!resume || (await folder.readJson('metrics.json')) === undefined) {
        await trainInWorker(task, signal, (progress) => onProgress?.(name, progress));
      }
      onTrained?.(name, (await folder.readJson<Figures>('metrics.json'))!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, lane));
  const tested: Tested[] = [];
  for (const { fold, seed, path } of tasks) {
    const predictions = await new RunFolder(path).readLines<Prediction>('predictions.jsonl');
    tested.push({ fold: fold.name, seed, predictions });
  }
  const report = sumUp(config.preset, protocol, EMOTIONS, tested);
  await new RunFolder(out).writeJson('report.json', report);
  return report;
}

/**
 * The model of one training of a run (the first, where none is named), with its card and the run's report.
 *
 * Errors: `RUN_INVALID` when the folder is no run, or the training is not there or not done.
 */
export async function exportRun(
  run: string,
  { training, name, beside = [] }: { training?: string; name?: string; beside?: readonly string[] } = {},
): Promise<{ model: Uint8Array; card: string; report: readonly ExperimentReport[] }> {
  const reports = await Promise.all([run, ...beside].map(readReport));
  const folder = new RunFolder(join(run, training ?? reports[0].trainings[0].training));
  const { bytes, metadata, description } = await exportTraining(folder, name ?? reports[0].preset);
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

export function trainingName(fold: string, seed: number): string {
  return `${fold}-seed${seed}`;
}

/** The folds of a protocol, as `runExperiment` trains them. Errors: those of the protocol. */
export function splitFolds(protocol: Protocol, clips: readonly Clip[]): Fold[] {
  return PROTOCOLS[protocol](clips);
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
  } else if (JSON.stringify(existing) !== JSON.stringify(description)) {
    throw new MarsError(
      'RUN_INVALID',
      `${out} holds a run with another configuration or protocol (${existing.config.preset}, ${existing.protocol}). ` +
        'Give another --out.',
    );
  }
}

/** Fills the cache: training clips in all their variants, the others as recorded. */
async function prepareFeatures(
  folds: readonly Fold[],
  { features, variants, augmentationSeed }: TrainConfig,
  { cacheDir, signal, onFeatures }: Pick<ExperimentOptions, 'cacheDir' | 'signal' | 'onFeatures'>,
): Promise<void> {
  const unique = (parts: readonly (readonly Clip[])[]) => [
    ...new Map(parts.flat().map((clip) => [clip.file, clip])).values(),
  ];
  const varied = unique(folds.map(({ train }) => train));
  const held = unique(folds.flatMap(({ validation, test }) => [validation, test]));
  const total = varied.length + held.length;
  await extractFeatures(varied, features, {
    variants,
    augmentationSeed,
    cacheDir,
    signal,
    onProgress: (done) => onFeatures?.(done, total),
  });
  await extractFeatures(held, features, {
    cacheDir,
    signal,
    onProgress: (done) => onFeatures?.(varied.length + done, total),
  });
}

async function trainInWorker(
  task: TrainingTask,
  signal: AbortSignal | undefined,
  onProgress: (progress: TrainProgress) => void,
): Promise<void> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL(`./train.worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
  });
  worker.on('message', onProgress);
  try {
    // The checkpoint is replaced whole at the end of each epoch: a worker may be ended at any moment.
    const [code] = await once(worker, 'exit', { signal });
    if (code !== 0) throw new Error(`The training in ${task.path} ended with exit code ${code}.`);
  } finally {
    await worker.terminate();
  }
}

/** What one model made of its test part. */
export interface Tested {
  readonly fold: string;
  readonly seed: number;
  readonly predictions: readonly Prediction[];
}

/** The report of a list of tested models. Errors: `NO_INPUT` when there is none. */
export function sumUp(
  preset: string,
  protocol: Protocol,
  labels: readonly string[],
  tested: readonly Tested[],
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
  const channels = [...new Set(predictions.map(({ channel }) => channel ?? 'speech'))];
  return {
    preset,
    protocol,
    labels,
    trainings,
    overSeeds: table(perSeed),
    overTrainings: table((figure) => trainings.map((row) => row[figure])),
    byChannel: Object.fromEntries(
      channels.map((channel) => {
        const rows = predictions.filter((row) => (row.channel ?? 'speech') === channel);
        return [channel, { clips: rows.length, ...pick(measure(rows, labels)) }];
      }),
    ),
    confusion: measure(predictions, labels).confusion,
  };
}

function pick(figures: Figures): Record<Figure, number> {
  return Object.fromEntries(FIGURES.map((figure) => [figure, figures[figure]])) as Record<Figure, number>;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

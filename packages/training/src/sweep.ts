import { join } from 'node:path';
import { MarsError } from '@mars/core';
import { z } from 'zod';
import { compareRuns, type Comparison } from './comparison.ts';
import { changeConfig, loadConfig, parseChange, readJsonFile, type TrainConfig } from './config.ts';
import { runExperiment, type ExperimentOptions } from './experiment.ts';
import type { Prediction } from './evaluate.ts';
import {
  spread,
  trainingName,
  type ExperimentReport,
  type Spread,
  type Tested,
} from './experiment-report.ts';
import { RunFolder } from './run.ts';
import { parseSettings } from './schema.ts';
import { testsNothing } from './splits/protocols.ts';

const changes = z.record(z.string(), z.unknown());

const sweepFile = z.strictObject({
  /** A preset, or a configuration file. */
  base: z.string(),
  /** What differs from the base in every run. */
  set: changes.default({}),
  /** Runs by name, each with what differs in it. */
  runs: z
    .record(z.string(), changes)
    .refine(
      (runs) => Object.keys(runs).every((name) => /^[\w-]+$/.test(name)),
      'The name of a run, which is that of its folder, takes letters, digits, - and _ only',
    )
    .optional(),
  /** Values by path: every combination is a run. */
  grid: z.record(z.string(), z.array(z.unknown()).min(1)).optional(),
});

export interface SweepRun {
  /** Name of the run, and of its folder in the sweep's. */
  readonly name: string;
  readonly config: TrainConfig;
}

/** One line of a sweep's table. */
export interface SweepResult {
  readonly name: string;
  /** Share of 1, over seeds: what a choice may be made by. */
  readonly validationUar: Spread;
  readonly report: ExperimentReport;
  /** What the test parts say beside the first run's: not to choose by. Null for the first. */
  readonly versusFirst: Comparison | null;
}

/**
 * The runs that a sweep file asks for.
 *
 * Errors: `CONFIG_INVALID` for a file that is no sweep, names neither runs nor a grid or one name twice, or sets what a
 * configuration does not have.
 *
 * @example
 * // {"base": "seed", "set": {"epochs": 20}, "runs": {"recipe": {}, "bigru": {"network": {"bidirectional": true}}}}
 * (await planSweep('ablation.json')).map(({ name }) => name); // ['recipe', 'bigru']
 */
export async function planSweep(file: string): Promise<SweepRun[]> {
  const { base, set, runs, grid } = parseSettings(sweepFile, await readJsonFile(file), `sweep in ${file}`);
  const config = changeConfig(await loadConfig(base), set);
  const planned = [
    ...Object.entries(runs ?? {}).map(([name, differing]) => ({
      name,
      config: changeConfig(config, differing),
    })),
    ...combinations(Object.entries(grid ?? {})).map((choices) => ({
      name: choices.map(([path, value]) => `${path.split('.').at(-1)}-${slug(value)}`).join('_'),
      config: choices.reduce(
        (changed, [path, value]) => changeConfig(changed, parseChange(`${path}=${JSON.stringify(value)}`)),
        config,
      ),
    })),
  ];
  if (planned.length === 0) {
    throw new MarsError('CONFIG_INVALID', `${file} names no "runs" and no "grid": there is nothing to try.`);
  }
  const twice = planned.find(({ name }, index) => planned.findIndex((run) => run.name === name) < index);
  if (twice) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${file} asks for two runs that would both be called "${twice.name}". Give them names of their own under "runs".`,
    );
  }
  return planned;
}

/**
 * Trains every run of a sweep, one after the other, each as `runExperiment` does and into a folder of its own: what is
 * done is not done again, and every run can be reported and compared like any other.
 *
 * Errors: `CONFIG_INVALID` for a protocol that tests nothing; those of `runExperiment`.
 */
export async function runSweep(
  runs: readonly SweepRun[],
  { out, onRun, ...options }: Omit<ExperimentOptions, 'config'> & { onRun?: (run: SweepRun) => void },
): Promise<SweepResult[]> {
  if (testsNothing(options.protocol)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `A sweep compares its runs on their test parts, and protocol ${options.protocol} tests nothing. Take emobox or speakers.`,
    );
  }
  const results: Omit<SweepResult, 'versusFirst'>[] = [];
  const tested: Tested[][] = [];
  for (const run of runs) {
    onRun?.(run);
    const folder = join(out, run.name);
    const report = await runExperiment({ ...options, config: run.config, out: folder });
    if (report === undefined) throw new TypeError(`Run ${run.name} has no test part.`);
    results.push({ name: run.name, report, validationUar: await validationUar(folder, run.config, report) });
    tested.push(await readTested(folder, report));
  }
  const [first] = tested;
  return results.map((result, index) => ({
    ...result,
    versusFirst: index === 0 ? null : compareRuns(first, tested[index], result.report.labels),
  }));
}

async function readTested(folder: string, { trainings }: ExperimentReport): Promise<Tested[]> {
  return Promise.all(
    trainings.map(async ({ training, fold, seed }) => ({
      fold,
      seed,
      predictions: await new RunFolder(join(folder, training)).readLines<Prediction>('predictions.jsonl'),
    })),
  );
}

/** Of the epoch whose weights are the model; over seeds, each seed's figure being the mean over its folds. */
async function validationUar(
  folder: string,
  { patience }: TrainConfig,
  { trainings }: ExperimentReport,
): Promise<Spread> {
  const bySeed = Map.groupBy(trainings, ({ seed }) => seed);
  const means: number[] = [];
  for (const [seed, ofSeed] of bySeed) {
    const figures: number[] = [];
    for (const { fold } of ofSeed) {
      const history = await new RunFolder(join(folder, trainingName(fold, seed))).history();
      const uars = history.map((record) => record.validationUar ?? NaN);
      figures.push(patience === undefined ? (uars.at(-1) ?? NaN) : Math.max(...uars));
    }
    means.push(spread(figures).mean);
  }
  return spread(means);
}

function combinations(axes: readonly [string, readonly unknown[]][]): [string, unknown][][] {
  if (axes.length === 0) return [];
  return axes.reduce<[string, unknown][][]>(
    (soFar, [path, values]) =>
      soFar.flatMap((choices) =>
        values.map((value) => [...choices, [path, value] satisfies [string, unknown]]),
      ),
    [[]],
  );
}

function slug(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value))
    .replaceAll(/[^\w.-]+/g, '-')
    .replaceAll('.', 'p');
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MarsError, type Calibration } from '@mars/core';
import { writeCard } from './card.ts';
import { parseConfig, type TrainConfig } from './config.ts';
import type { ChangeFigures, ExperimentReport } from './experiment-report.ts';
import { exportTraining } from './export.ts';
import { isTrunk } from './features/settings.ts';
import { readTrunkNotice } from './pretrained/trunks.ts';
import { RunFolder } from './run.ts';
import { testsNothing } from './splits/protocols.ts';

/**
 * The model of one training of a run (the first, where none is named), with its card and the run's report; the reports
 * of further runs of the same recipe, as under another protocol, go `beside` it; a run that tests nothing takes its calibration
 * from the first of them, the median of its trainings'. `notice` is what must accompany the
 * weights of others that are in it.
 *
 * Errors: `RUN_INVALID` when a folder is no run, the training is not there or not done, a run beside it was trained by
 * another recipe, or a run that tests nothing has none beside it.
 */
export async function exportRun(
  run: string,
  { training, name, beside = [] }: { training?: string; name?: string; beside?: readonly string[] } = {},
): Promise<{ model: Uint8Array; card: string; report: readonly ExperimentReport[]; notice?: string }> {
  const untested = await trainingsWithoutTest(run);
  const reports = await Promise.all([...(untested ? [] : [run]), ...beside].map(readReport));
  if (reports.length === 0) {
    throw new MarsError(
      'RUN_INVALID',
      `${run} tests nothing, so nothing says what its model is worth. Give a run of the same recipe that does, as ` +
        'under --protocol emobox, by --beside.',
    );
  }
  const folder = new RunFolder(join(run, training ?? untested?.[0] ?? reports[0].trainings[0].training));
  const { bytes, metadata, description } = await exportTraining(
    folder,
    name ?? reports[0].preset,
    untested && (await medianCalibration(beside[0], reports[0])),
  );
  for (const other of beside) await checkRecipe(other, description.config);
  const { features } = description.config;
  const notice = isTrunk(features) ? readTrunkNotice(features) : undefined;
  return { model: bytes, card: writeCard(metadata, description, reports), report: reports, notice };
}

/**
 * What a model is calibrated by that has heard everybody: few speakers validated it, and the trainings of a run of the same
 * recipe had those of all folds. Nothing where none of them was calibrated.
 */
async function medianCalibration(
  run: string,
  { trainings }: ExperimentReport,
): Promise<Calibration | undefined> {
  const fitted: Calibration[] = [];
  for (const { training } of trainings) {
    const calibration = await new RunFolder(join(run, training)).readJson<Calibration>('calibration.json');
    if (calibration) fitted.push(calibration);
  }
  if (fitted.length === 0) return undefined;
  const median = (name: keyof Calibration) => {
    const sorted = fitted.map((each) => each[name]).toSorted((a, b) => a - b);
    return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
  };
  return { temperature: median('temperature'), threshold: median('threshold') };
}

/**
 * The trainings of a run whose protocol tests nothing, by seed; nothing for any other run.
 *
 * Errors: `RUN_INVALID` when none has begun.
 */
async function trainingsWithoutTest(run: string): Promise<string[] | undefined> {
  const experiment = await new RunFolder(run).readJson<{ protocol: string }>('experiment.json');
  if (experiment === undefined || !testsNothing(experiment.protocol)) return undefined;
  const seedOf = (training: string) => Number(/-seed(\d+)$/.exec(training)?.[1] ?? NaN);
  const trainings = (await readdir(run)).filter((entry) => !Number.isNaN(seedOf(entry)));
  if (trainings.length === 0) {
    throw new MarsError(
      'RUN_INVALID',
      `${run} holds no training yet. Let it end first: mars train … --resume.`,
    );
  }
  return trainings.toSorted((one, other) => seedOf(one) - seedOf(other));
}

/** Of a run, what changed recordings do to its verdicts, once that was tested. */
const CHANGES_FILE = 'changes.json';

/**
 * Keeps with a run what was found when its models were tested, under its own protocol, on changed recordings: its report
 * then says it. Of another protocol nothing is kept.
 */
export async function keepChanges(run: string, { protocol, changes }: ExperimentReport): Promise<void> {
  const report = await readReport(run);
  if (changes && protocol === report.protocol) await new RunFolder(run).writeJson(CHANGES_FILE, changes);
}

/** The report of a run, with `keepChanges`' figures where there are any. Errors: `RUN_INVALID` when there is none. */
export async function readReport(run: string): Promise<ExperimentReport> {
  const folder = new RunFolder(run);
  const report = await folder.readJson<ExperimentReport>('report.json');
  const changes = await folder.readJson<ChangeFigures[]>(CHANGES_FILE);
  if (report === undefined) {
    throw new MarsError(
      'RUN_INVALID',
      `${run} holds no report.json: it is no run, or not all its trainings are done. Give the folder that ` +
        '"mars train --out" wrote, or let it end with --resume.',
    );
  }
  return changes ? { ...report, changes } : report;
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

/** Figures of another recipe on a model's card would not be the model's. */
async function checkRecipe(run: string, config: TrainConfig): Promise<void> {
  const other = await new RunFolder(run).readJson<{ config: TrainConfig }>('experiment.json');
  if (other === undefined || !isDeepStrictEqual(parseConfig(other.config), config)) {
    throw new MarsError(
      'RUN_INVALID',
      `${run} was trained by another recipe than the model: its figures say nothing of it. ` +
        'Give a run of the same preset and epochs.',
    );
  }
}

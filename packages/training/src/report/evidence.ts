import { basename, join, resolve } from 'node:path';
import type { Calibration } from '@mars/core';
import type { TrainConfig } from '../config.ts';
import type { Clip } from '../corpora/clip.ts';
import type { Prediction } from '../evaluate.ts';
import { sumUp, type ExperimentReport } from '../experiment-report.ts';
import { readReport } from '../run-export.ts';
import { RunFolder, type EpochRecord, type RunDescription } from '../run.ts';

/** What one training of a run left in its folder. */
export interface Training {
  readonly name: string;
  readonly fold: string;
  readonly seed: number;
  readonly description: RunDescription;
  readonly history: readonly EpochRecord[];
  readonly predictions: readonly Prediction[];
  /** Absent in runs of an older MARS. */
  readonly calibration?: Calibration;
}

/** All that a report of a run is made of. */
export interface Evidence {
  /** The run's folder, and its last name. */
  readonly path: string;
  readonly name: string;
  readonly report: ExperimentReport;
  /** The report that each seed's trainings would have given alone, in the order of the seeds. */
  readonly seedReports: readonly ExperimentReport[];
  readonly config: TrainConfig;
  readonly trainings: readonly Training[];
  readonly seeds: readonly number[];
  readonly folds: readonly string[];
}

/**
 * Reads a finished run: `report.json`, and of each training its description, history, predictions and calibration. What an older
 * `report.json` lacks is measured anew from the predictions; what it holds stays as it is.
 *
 * Errors: `RUN_INVALID` when the folder is no run, or not all its trainings are done.
 *
 * @param clips of the corpus, where it is at hand: what older predictions do not say of a clip is taken from here
 */
export async function readEvidence(run: string, clips: readonly Clip[] = []): Promise<Evidence> {
  const stored = await readReport(run);
  const known = new Map(clips.map((clip) => [clip.id, clip]));
  const trainings = await Promise.all(
    stored.trainings.map(async ({ training: name, fold, seed }): Promise<Training> => {
      const folder = new RunFolder(join(run, name));
      const description = await folder.description();
      const predictions = (await folder.readLines<Prediction>('predictions.jsonl')).map((row) => ({
        ...pickFacts(known.get(row.id)),
        ...row,
      }));
      const history = await folder.history();
      const calibration = await folder.readJson<Calibration>('calibration.json');
      return { name, fold, seed, description, history, predictions, calibration };
    }),
  );
  const { preset, protocol, labels, failures } = stored;
  const measured = sumUp(preset, protocol, labels, trainings, failures);
  const seeds = [...new Set(trainings.map(({ seed }) => seed))];
  return {
    path: run,
    name: basename(resolve(run)),
    report: fillIn(measured, stored),
    config: trainings[0].description.config,
    trainings,
    seeds,
    seedReports: seeds.map((seed) =>
      sumUp(
        preset,
        protocol,
        labels,
        trainings.filter((training) => training.seed === seed),
      ),
    ),
    folds: [...new Set(trainings.map(({ fold }) => fold))],
  };
}

/** All predictions of each seed: every test clip once, where folds do not overlap. */
export function predictionsBySeed({ trainings, seeds }: Evidence): Prediction[][] {
  return seeds.map((seed) =>
    trainings.filter((training) => training.seed === seed).flatMap(({ predictions }) => predictions),
  );
}

function pickFacts(clip: Clip | undefined): Partial<Prediction> {
  if (clip === undefined) return {};
  const { corpus, channel, gender, intensity, statement } = clip;
  return { corpus, channel, gender, intensity, statement };
}

/** The stored report with the values that only the measured one has. */
function fillIn<Value>(measured: Value, stored: Value): Value {
  if (!isRecord(measured) || !isRecord(stored)) return stored ?? measured;
  const keys = new Set([...Object.keys(measured), ...Object.keys(stored)]);
  return Object.fromEntries([...keys].map((key) => [key, fillIn(measured[key], stored[key])])) as Value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

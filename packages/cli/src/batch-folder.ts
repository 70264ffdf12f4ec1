import { resolve } from 'node:path';
import { fileError, loadRecogniser, MarsError } from '@mars/core';
import type { BatchOptions, Manifest, PlannedRecording } from '@mars/service';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { DEFAULT_MODEL, readModelFile } from './models.ts';
import { seconds, wholeNumber } from './numbers.ts';
import { findRecordings } from './recordings.ts';
import { listeningOptions, prepareListening, profileOption, type ListeningFlags } from './voice-options.ts';

/** What commander makes of the options that plan a batch. */
export interface PlanFlags extends ListeningFlags {
  out: string;
  model?: string;
  channels?: 'mix' | 'split';
  maxDuration?: number;
  maxDownload?: number;
  shardSize?: number;
}

/** A batch that can be worked at. */
export interface OpenBatch {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly model: Uint8Array;
  /** JSON of the profile, where one is given. */
  readonly profile: string | undefined;
  readonly isNew: boolean;
}

/** Adds the options that plan a batch to a command. */
export function addPlanOptions(command: Command): void {
  command
    .requiredOption('-o, --out <folder>', 'the batch: its plan, its parts, all that is to be known of it')
    .addOption(modelOption())
    .addOption(profileOption());
  for (const option of listeningOptions()) command.addOption(option);
  command
    .addOption(
      new Option(
        '--channels <how>',
        'mix them, or hear each for itself: calls with a side on each (mix)',
      ).choices(['mix', 'split']),
    )
    .addOption(
      new Option('--max-duration <seconds>', 'longer recordings get an error (14400: 4 hours)').argParser(
        seconds,
      ),
    )
    .addOption(
      new Option('--max-download <MB>', 'larger recordings from the network get an error (100)').argParser(
        megabytes,
      ),
    )
    .addOption(
      new Option(
        '--shard-size <n>',
        'recordings that are done at a time, and again after a kill (500)',
      ).argParser(wholeNumber(1, 2000)),
    );
}

/** `--model`: that of the plan, where there is one. */
export function modelOption(): Option {
  return new Option('-m, --model <name|path>', `a shipped model or a .onnx file (${DEFAULT_MODEL})`);
}

/** `--workers`, threads that hear. */
export function workersOption(): Option {
  return new Option(
    '-w, --workers <n>',
    'recordings that are heard at the same time (one per core)',
  ).argParser(wholeNumber(1, 256));
}

/** `--database`. A URL holds a password, which others see on a command line: hence the variable. */
export function databaseOption(): Option {
  return new Option('--database <url>', 'PostgreSQL server of the queue, postgres://…').env('MARS_DATABASE');
}

/**
 * The batch of a folder: planned now if it is not, and otherwise as it was planned.
 *
 * @throws MarsError `NO_INPUT`, `BATCH_INVALID` when it was planned for something else, and those of model and profile
 */
export async function openOrPlan(inputs: readonly string[], flags: PlanFlags): Promise<OpenBatch> {
  const { findManifest, planBatch } = await import('@mars/service');
  const folder = flags.out;
  if ((await findManifest(folder)) !== undefined) return openBatch(folder, flags, inputs);
  if (inputs.length === 0) {
    throw new MarsError(
      'NO_INPUT',
      `${folder} is no batch yet. Name what to plan it with: recordings, folders, patterns, tables or URLs.`,
    );
  }
  const given = flags.model ?? DEFAULT_MODEL;
  const model = await readModelFile(given);
  await using recogniser = await loadRecogniser(model);
  await prepareListening(recogniser, flags);
  const { sha256 } = await import('@mars/service');
  const { name, labels } = recogniser.metadata;
  const manifest = await planBatch(folder, {
    inputs,
    recordings: await findInputs(inputs),
    base: process.cwd(),
    model: { given: /^[\w-]+$/.test(given) ? given : resolve(given), name, labels, sha256: sha256(model) },
    options: await toOptions(flags),
    ...(flags.shardSize !== undefined && { shardSize: flags.shardSize }),
  });
  return { folder, manifest, model, profile: await profileText(flags), isNew: true };
}

/**
 * The batch of a folder that has been planned.
 *
 * @throws MarsError `BATCH_INVALID` when it is none, or was planned otherwise than the flags say
 */
export async function openBatch(
  folder: string,
  flags: Omit<PlanFlags, 'out'>,
  inputs: readonly string[] = [],
): Promise<OpenBatch> {
  const { checkPlan, readManifest, sha256 } = await import('@mars/service');
  const manifest = await readManifest(folder);
  const model = await readModelFile(flags.model ?? manifest.model.given);
  checkPlan(folder, manifest, {
    inputs,
    modelSha256: sha256(model),
    options: await toOptions(flags),
    ...(flags.shardSize !== undefined && { shardSize: flags.shardSize }),
  });
  return { folder, manifest, model, profile: await profileText(flags), isNew: false };
}

/** Those that were given. */
async function toOptions(flags: Omit<PlanFlags, 'out'>): Promise<BatchOptions> {
  const { oneSpeaker, window, hop, minSilence, channels, maxDuration, maxDownload } = flags;
  const profile = await profileText(flags);
  const { sha256 } = await import('@mars/service');
  return {
    ...(profile !== undefined && { profile: sha256(profile) }),
    ...(oneSpeaker && { oneSpeaker }),
    ...(window !== undefined && { windowSec: window }),
    ...(hop !== undefined && { hopSec: hop }),
    ...(minSilence !== undefined && { minSilenceSec: minSilence }),
    ...(channels !== undefined && { channels }),
    ...(maxDuration !== undefined && { maxDurationSec: maxDuration }),
    ...(maxDownload !== undefined && { maxDownloadMb: maxDownload }),
  };
}

async function profileText({ profile: path }: Pick<PlanFlags, 'profile'>): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = fileError(cause);
    throw new MarsError(code, `--profile ${path}: ${message}`, { cause });
  }
}

/** The recordings of all inputs, in their order; what cannot be listed has its error. */
async function findInputs(inputs: readonly string[]): Promise<PlannedRecording[]> {
  const { isTable, isUrl, readTable } = await import('@mars/service');
  const found: PlannedRecording[] = [];
  for (const input of inputs) {
    if (isUrl(input)) found.push({ file: input });
    else if (isTable(input)) for (const row of await readTable(input)) found.push(row);
    else for (const recording of await findRecordings([input])) found.push(toPlanned(recording));
  }
  return found;
}

function toPlanned(recording: Awaited<ReturnType<typeof findRecordings>>[number]): PlannedRecording {
  if (!('error' in recording)) return recording;
  const { file, error } = recording;
  // The plan is made once: what is named for nothing is said now.
  if (error.code === 'NO_INPUT') throw new MarsError(error.code, `${file}: ${error.message}`);
  return { file, error: { code: error.code, message: error.message } };
}

function megabytes(value: string): number {
  const number = Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('A number of megabytes above 0 was expected.');
}

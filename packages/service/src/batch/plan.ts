import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MarsError } from '@mars/core';
import { publishFolder } from './durable.ts';
import {
  BATCH_PATHS,
  placeOf,
  readManifest,
  sha256,
  shardName,
  type Manifest,
  type PlannedRecording,
} from './manifest.ts';
import { DEFAULT_SHARD_SIZE, MAX_SHARD_SIZE, type BatchOptions } from './options.ts';

export interface PlanOptions {
  /** As they were asked for. */
  readonly inputs: readonly string[];
  /** What was found there. */
  readonly recordings: readonly PlannedRecording[];
  /** The folder from which relative paths begin. */
  readonly base: string;
  readonly model: Manifest['model'];
  readonly options?: BatchOptions;
  /** Recordings per shard, 1 to 2000 (500): what a worker takes at a time, and does again when it is killed. */
  readonly shardSize?: number;
}

/**
 * Plans a batch: which recordings are in which shard, and how they are heard. It is written once; a folder that has a plan
 * keeps it, and that is returned.
 *
 * @throws MarsError `NO_INPUT` without a recording; `CONFIG_INVALID` for a shard size out of its range or a file that has
 *   two ids; `BATCH_INVALID` as `checkPlan`
 *
 * @example
 * const manifest = await planBatch('out', { inputs: ['calls'], recordings: [{ file: 'calls/a.wav' }], base, model });
 */
export async function planBatch(
  folder: string,
  { inputs, recordings, base, model, options = {}, shardSize = DEFAULT_SHARD_SIZE }: PlanOptions,
): Promise<Manifest> {
  if (!Number.isInteger(shardSize) || shardSize < 1 || shardSize > MAX_SHARD_SIZE) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The shard size is ${shardSize}; a whole number from 1 to ${MAX_SHARD_SIZE} was expected.`,
    );
  }
  const distinct = eachOnce(recordings, base);
  if (distinct.length === 0) {
    throw new MarsError(
      'NO_INPUT',
      'There is no recording to plan a batch with. Name files, folders or a table.',
    );
  }
  const shards: string[] = [];
  for (let start = 0; start < distinct.length; start += shardSize) {
    const lines = distinct.slice(start, start + shardSize).map((recording) => JSON.stringify(recording));
    shards.push(`${lines.join('\n')}\n`);
  }
  const manifest: Manifest = {
    format: 'mars-batch',
    version: 1,
    id: randomUUID(),
    createdAt: new Date().toISOString(),
    inputs: [...inputs],
    base,
    model,
    options,
    recordings: distinct.length,
    shards: shards.map((text, shard) => ({
      recordings: Math.min(shardSize, distinct.length - shard * shardSize),
      sha256: sha256(text),
    })),
  };
  const isOurs = await publishFolder(
    join(folder, BATCH_PATHS.plan),
    {
      ...Object.fromEntries(shards.map((text, shard) => [shardName(shard), text])),
      'manifest.json': `${JSON.stringify(manifest, null, 2)}\n`,
    },
    { workshop: join(folder, BATCH_PATHS.workshop) },
  );
  if (isOurs) return manifest;
  const planned = await readManifest(folder);
  checkPlan(folder, planned, { inputs, modelSha256: model.sha256, options });
  return planned;
}

/** What is asked of a batch that is planned already; what is left out is as it was planned. */
export interface Asked {
  readonly inputs?: readonly string[];
  readonly modelSha256?: string;
  readonly options?: BatchOptions;
  readonly shardSize?: number;
}

/**
 * Checks that a plan is what is asked for: its rows would otherwise not have been made alike.
 *
 * @throws MarsError `BATCH_INVALID` naming what differs
 */
export function checkPlan(folder: string, planned: Manifest, asked: Asked): void {
  const { inputs = [], modelSha256 = planned.model.sha256, options = {}, shardSize } = asked;
  const differs = (what: string, was: Value, is: Value): never => {
    throw new MarsError(
      'BATCH_INVALID',
      `The batch in ${folder} was planned with ${what} ${say(was)}, and ${say(is)} is asked for. Its rows are to be made ` +
        `alike: go on with "mars batch run --out ${folder}", or begin anew with another --out.`,
    );
  };
  if (inputs.length > 0 && !isDeepStrictEqual(inputs, planned.inputs)) {
    differs('the inputs', planned.inputs.join(' '), inputs.join(' '));
  }
  if (modelSha256 !== planned.model.sha256) {
    differs(`the model ${planned.model.given} of SHA-256`, planned.model.sha256, modelSha256);
  }
  for (const [name, value] of Object.entries(options)) {
    const was = planned.options[name as keyof BatchOptions];
    if (value !== undefined && value !== was) differs(name, was, value);
  }
  const size = planned.shards[0].recordings;
  // Of a single shard it is not known how large it might have been.
  if (shardSize !== undefined && shardSize !== size && (planned.shards.length > 1 || shardSize < size)) {
    differs('shards of', size, shardSize);
  }
}

type Value = string | number | boolean | undefined;

function say(value: Value): string {
  return value === undefined ? '(not given)' : String(value);
}

/** A recording counts once, however it is spelt; rows are keyed by the file, and a file has one id. */
function eachOnce(recordings: readonly PlannedRecording[], base: string): PlannedRecording[] {
  const byPlace = new Map<string, PlannedRecording>();
  const byFile = new Map<string, PlannedRecording>();
  for (const recording of recordings) {
    const { file, id } = recording;
    const place = placeOf(recording, base);
    const known = byPlace.get(place);
    if (known !== undefined && known.id === id) continue;
    const other = known ?? byFile.get(file);
    if (other !== undefined) {
      throw new MarsError(
        'CONFIG_INVALID',
        `One recording is asked for twice, ${describe(other)} and ${describe(recording)}; the result has its rows by file. ` +
          'Leave one out, or spell it out in one table.',
      );
    }
    byPlace.set(place, recording);
    byFile.set(file, recording);
  }
  return [...byPlace.values()];
}

function describe({ file, path = file, id }: PlannedRecording): string {
  return id === undefined ? path : `${path} with the id ${id}`;
}

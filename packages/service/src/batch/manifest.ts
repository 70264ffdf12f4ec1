import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ERROR_CODES, MarsError } from '@mars/core';
import { z } from 'zod';
import { isUrl } from './download.ts';
import { BATCH_OPTIONS } from './options.ts';

/** Where everything of a batch stands below its folder. */
export const BATCH_PATHS = {
  plan: 'plan',
  manifest: 'plan/manifest.json',
  parts: 'parts',
  /** Of what is being written; whatever is in it may be deleted. */
  workshop: 'unfinished',
  queue: 'queue',
} as const;

/** The files of a part's folder. */
export const PART_FILES = {
  parquet: 'segments.parquet',
  jsonLines: 'segments.jsonl',
  receipt: 'part.json',
} as const;

const ERROR = z.object({ code: z.enum(Object.keys(ERROR_CODES)), message: z.string() });

/** A recording as the plan has it, one per line. */
const PLANNED_RECORDING = z.object({
  /** As its user named it: a path or a URL. It is the key of its rows. */
  file: z.string(),
  /** Where it is, when `file` alone does not say it: relative to the manifest's `base`. */
  path: z.string().optional(),
  /** Of a table. */
  id: z.string().optional(),
  /** Of a folder that could not be listed when the plan was made. */
  error: ERROR.optional(),
});

const MANIFEST = z.object({
  format: z.literal('mars-batch'),
  version: z.literal(1),
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  /** What was asked for, in its order. */
  inputs: z.array(z.string()),
  /** The folder in which it was asked for: from it relative paths begin. */
  base: z.string(),
  model: z.object({
    /** How it was named. */
    given: z.string(),
    name: z.string(),
    sha256: z.string(),
    labels: z.array(z.string()).readonly(),
  }),
  options: BATCH_OPTIONS,
  recordings: z.int(),
  shards: z.array(z.object({ recordings: z.int(), sha256: z.string() })),
});

/** Says of a part that it is complete: it appears with it. */
const PART_RECEIPT = z.object({
  shard: z.int(),
  recordings: z.int(),
  /** How many of them have an error instead of a verdict. */
  failed: z.int(),
  rows: z.int(),
  /** Of the recordings that were heard. */
  audioSec: z.number(),
  /** How many recordings have an error of each code. */
  errors: z.record(z.string(), z.int()),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })),
});

export type PlannedRecording = Readonly<z.infer<typeof PLANNED_RECORDING>>;
export type Manifest = Readonly<z.infer<typeof MANIFEST>>;
export type PartReceipt = Readonly<z.infer<typeof PART_RECEIPT>>;

/**
 * What a batch is: never changed once it is written.
 *
 * @throws MarsError `BATCH_INVALID` where there is none
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest = await findManifest(folder);
  if (manifest !== undefined) return manifest;
  throw new MarsError(
    'BATCH_INVALID',
    `${folder} is no batch: it has no ${BATCH_PATHS.manifest}. Name the folder that was given as --out, or begin one with ` +
      '"mars batch run INPUT… --out FOLDER".',
  );
}

/** The same, or `undefined` where there is none. */
export async function findManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, BATCH_PATHS.manifest);
  const text = await readText(path);
  return text === undefined ? undefined : parse(MANIFEST, text, path);
}

/**
 * The recordings of one shard.
 *
 * @throws MarsError `BATCH_INVALID` when they are not those that were planned
 */
export async function readShard(
  folder: string,
  manifest: Manifest,
  shard: number,
): Promise<PlannedRecording[]> {
  const path = join(folder, BATCH_PATHS.plan, shardName(shard));
  const text = await readText(path);
  if (text === undefined || sha256(text) !== manifest.shards[shard]?.sha256) {
    throw new MarsError(
      'BATCH_INVALID',
      `${path} is not as it was planned. Bring it back, or begin anew with another --out.`,
    );
  }
  return text
    .trimEnd()
    .split('\n')
    .map((line) => parse(PLANNED_RECORDING, line, path));
}

/** The numbers of the shards whose parts are complete. */
export async function completeShards(folder: string): Promise<Set<number>> {
  const names = await readdir(join(folder, BATCH_PATHS.parts)).catch(() => []);
  return new Set(names.filter((name) => /^\d{5,}$/.test(name)).map(Number));
}

/** The numbers of the shards that are still to be done, in their order. */
export async function missingShards(folder: string, manifest: Manifest): Promise<number[]> {
  const complete = await completeShards(folder);
  return [...manifest.shards.keys()].filter((shard) => !complete.has(shard));
}

/** Takes away what ended processes have left unfinished: of a batch that is done. */
export async function tidyUp(folder: string): Promise<void> {
  await rm(join(folder, BATCH_PATHS.workshop), { recursive: true, force: true });
}

/** The receipts of all complete parts, in the order of the shards. */
export async function readReceipts(folder: string): Promise<PartReceipt[]> {
  const shards = [...(await completeShards(folder))].sort((a, b) => a - b);
  return Promise.all(shards.map((shard) => readReceipt(folder, shard)));
}

async function readReceipt(folder: string, shard: number): Promise<PartReceipt> {
  const path = join(partFolder(folder, shard), PART_FILES.receipt);
  const text = await readText(path);
  if (text !== undefined) return parse(PART_RECEIPT, text, path);
  throw new MarsError(
    'BATCH_INVALID',
    `${path} is missing. Delete its folder, and go on with "mars batch run --out ${folder}".`,
  );
}

/** Where a recording is: a URL, or an absolute path. */
export function placeOf({ file, path = file }: PlannedRecording, base: string): string {
  return isUrl(path) ? path : resolve(base, path);
}

/** The folder of a shard's part. */
export function partFolder(folder: string, shard: number): string {
  return join(folder, BATCH_PATHS.parts, padded(shard));
}

/** The file of a shard's recordings. */
export function shardName(shard: number): string {
  return `${padded(shard)}.jsonl`;
}

function padded(shard: number): string {
  return String(shard).padStart(5, '0');
}

/** In hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new MarsError('BATCH_INVALID', `${path} cannot be read (${message}). Check its permissions.`, {
      cause,
    });
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const said = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new MarsError(
      'BATCH_INVALID',
      `${path} is not what a batch writes (${said}). Begin anew with another --out.`,
      { cause },
    );
  }
}

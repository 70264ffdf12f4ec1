import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { MarsError } from '@mars/core';
import { hashFile, type Clip } from '../corpora/clip.ts';
import { computeTask, type ExtractionPlan, type ExtractionResult, type ExtractionTask } from './compute.ts';
import { FeatureSet, type ClipFeatures } from './feature-set.ts';
import { FeatureStore } from './feature-store.ts';
import {
  cacheKey,
  resolveVariants,
  type FeatureSettings,
  type ResolvedVariant,
  type Variant,
} from './settings.ts';
import { runInWorkers } from './worker-pool.ts';

export interface ExtractOptions {
  /** Versions of every clip; the original alone by default. */
  readonly variants?: readonly Variant[];
  /** Together with the clip's id and the variant's name, all that decides what is drawn (0). */
  readonly augmentationSeed?: number;
  /** Folder of the cache (`.cache/features`); it may be deleted at any time. */
  readonly cacheDir?: string;
  /** Worker threads (one per core); 0 computes in the calling thread, which spares a few clips the start of a thread. */
  readonly workers?: number;
  /** Told how many clips are done, those found in the cache and those found broken included. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Clips per file of the cache: 64 of RAVDESS are 1.5 MB, and at most that much work is lost to a kill. */
const PACK_SIZE = 64;

const WORKER = new URL(`./extract.worker${extname(import.meta.url)}`, import.meta.url);

/** Where the features of one variant of one clip are kept. */
interface Place {
  readonly variant: ResolvedVariant;
  readonly store: FeatureStore;
  readonly name: string;
}

/**
 * MFCCs of every variant of every clip: from the cache where they are there, else computed in worker threads and kept.
 * Interrupted, it takes up where it stopped. A file that cannot be read or decoded becomes one of the set's `failures`;
 * the others are still done.
 *
 * Errors: the signal's reason when aborted; `CONFIG_INVALID` for a variant that makes no sense.
 *
 * @example
 * const features = await extractFeatures(clips, SEED_FEATURES, { variants: SEED_VARIANTS, augmentationSeed: 1 });
 * features.get(clips[0], 'noise').frames; // 143
 */
export async function extractFeatures(
  clips: readonly Clip[],
  settings: FeatureSettings,
  {
    variants = [{ kind: 'original' }],
    augmentationSeed = 0,
    cacheDir = join('.cache', 'features'),
    workers = availableParallelism(),
    onProgress,
    signal,
  }: ExtractOptions = {},
): Promise<FeatureSet> {
  signal?.throwIfAborted();
  const resolved = resolveVariants(variants);
  const stores = new Map<string, FeatureStore>();
  for (const corpus of new Set(clips.map((clip) => clip.corpus))) {
    for (const variant of resolved) {
      const key = cacheKey(corpus, settings, variant, augmentationSeed);
      stores.set(`${corpus}/${variant.name}`, await FeatureStore.open(join(cacheDir, key)));
    }
  }

  const placesOf = (clip: Clip, hash: string): Place[] =>
    resolved.map((variant) => ({
      variant,
      store: stores.get(`${clip.corpus}/${variant.name}`)!,
      // The content decides the features; what is drawn for a varied clip depends on its id as well.
      name: variant.kind === 'original' ? hash : `${hash}/${clip.id}`,
    }));

  const errors = new Map<Clip, MarsError>();
  const places = new Map<Clip, Place[]>();
  for (const clip of clips) {
    const hash = clip.contentHash ?? (await hashFile(clip.file).catch(toMarsError));
    if (hash instanceof MarsError) errors.set(clip, hash);
    else places.set(clip, placesOf(clip, hash));
  }
  const todo = [...places]
    .map(([clip, ofClip]) => ({ clip, missing: ofClip.filter(({ store, name }) => !store.get(name)) }))
    .filter(({ missing }) => missing.length > 0);

  let done = clips.length - todo.length;
  onProgress?.(done, clips.length);
  const tasks = todo.map(({ clip: { file, id }, missing }): ExtractionTask => {
    return { clip: { file, id }, variants: missing.map(({ variant }) => variant) };
  });
  const plan: ExtractionPlan = { settings, augmentationSeed };
  const onResult = async (task: number, result: ExtractionResult) => {
    const { clip, missing } = todo[task];
    if ('error' in result) {
      errors.set(clip, new MarsError(result.error.code, result.error.message));
    } else {
      for (const [which, { store, name }] of missing.entries()) {
        store.add(name, result.tensors[which]);
        if (store.pending >= PACK_SIZE) await store.flush();
      }
    }
    onProgress?.(++done, clips.length);
  };
  const onCrash = (task: number, { message }: Error) => {
    const advice = `${todo[task].clip.id} brought its worker down (${message}). Leave it out or replace it.`;
    return onResult(task, { error: { code: 'AUDIO_UNREADABLE', message: advice } });
  };
  try {
    if (workers > 0) {
      await runInWorkers(WORKER, tasks, { workerData: plan, workers, signal, onResult, onCrash });
    } else {
      for (const [index, task] of tasks.entries()) {
        signal?.throwIfAborted();
        await onResult(index, await computeTask(task, plan));
      }
    }
  } finally {
    for (const store of stores.values()) await store.flush();
  }

  const rows = clips.map((clip) => errors.get(clip) ?? places.get(clip)!.map(toFeatures));
  return new FeatureSet(
    clips,
    settings,
    resolved.map(({ name }) => name),
    rows,
  );
}

function toFeatures({ store, name }: Place): ClipFeatures {
  const { data, shape } = store.get(name)!;
  return { data, frames: shape[0] };
}

function toMarsError(error: unknown): MarsError {
  if (error instanceof MarsError) return error;
  throw error;
}

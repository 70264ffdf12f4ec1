import { parentPort, workerData } from 'node:worker_threads';
import { MarsError, type ErrorCode } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { computeFeatures } from './compute.ts';
import type { StoredTensor } from './safetensors.ts';
import type { FeatureSettings, ResolvedVariant } from './settings.ts';

/** What every task of one extraction has in common. */
export interface ExtractionPlan {
  readonly settings: FeatureSettings;
  readonly augmentationSeed: number;
}

export interface ExtractionTask {
  readonly clip: Pick<Clip, 'file' | 'id'>;
  /** The variants still missing. */
  readonly variants: readonly ResolvedVariant[];
}

/** Tensors in the order of the task's variants, or why there are none. */
export type ExtractionResult =
  | { readonly tensors: StoredTensor[] }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

const { settings, augmentationSeed } = workerData as ExtractionPlan;

parentPort!.on('message', (task: ExtractionTask) => void answer(task));
parentPort!.postMessage('ready', []);

async function answer(task: ExtractionTask): Promise<void> {
  const result = await extract(task);
  const buffers = 'tensors' in result ? result.tensors.map(({ data }) => data.buffer as ArrayBuffer) : [];
  parentPort!.postMessage(result, buffers);
}

async function extract({ clip, variants }: ExtractionTask): Promise<ExtractionResult> {
  try {
    return { tensors: await computeFeatures(clip, variants, settings, augmentationSeed) };
  } catch (error) {
    const code = error instanceof MarsError ? error.code : 'AUDIO_UNREADABLE';
    return { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

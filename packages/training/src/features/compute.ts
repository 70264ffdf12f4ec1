import { decodeAudio, MarsError, mfcc, resample, type ErrorCode } from '@mars/core';
import { addNoise, pitchShift, timeStretch } from '../augment.ts';
import { createRandom } from '@mars/autograd/random';
import { readBytes, type Clip } from '../corpora/clip.ts';
import type { StoredTensor } from './safetensors.ts';
import type { FeatureSettings, ResolvedVariant } from './settings.ts';

/** What every task of one extraction has in common. */
export interface ExtractionPlan {
  readonly settings: FeatureSettings;
  readonly augmentationSeed: number;
}

export interface ExtractionTask {
  readonly clip: Pick<Clip, 'file' | 'id'>;
  readonly variants: readonly ResolvedVariant[];
}

/** MFCCs in the order of the task's variants, each time-major [frames, nMfcc]; or why there are none. */
export type ExtractionResult =
  | { readonly tensors: StoredTensor[] }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Decodes, varies and analyses one clip. Plain data in and out, so that a worker thread can do it. */
export async function computeTask(
  { clip, variants }: ExtractionTask,
  { settings, augmentationSeed }: ExtractionPlan,
): Promise<ExtractionResult> {
  try {
    const audio = await decodeAudio(await readBytes(clip.file));
    const samples = resample(audio.samples, audio.sampleRate, settings.sampleRate);
    const tensors = variants.map((variant) => {
      const stream = `${augmentationSeed}/${clip.id}/${variant.name}`;
      return timeMajorMfcc(applyVariant(samples, settings.sampleRate, variant, stream), settings, clip.id);
    });
    return { tensors };
  } catch (error) {
    const code = error instanceof MarsError ? error.code : 'AUDIO_UNREADABLE';
    return { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

/** `stream` names the random stream, so the result depends on nothing else: not on order, nor on the worker. */
function applyVariant(
  samples: Float32Array,
  sampleRate: number,
  variant: ResolvedVariant,
  stream: string,
): Float32Array {
  const random = createRandom(stream);
  switch (variant.kind) {
    case 'original':
      return samples;
    case 'timeStretch':
      return timeStretch(samples, random.uniform(...variant.rate));
    case 'pitchShift': {
      const size = random.uniform(...variant.semitones);
      return pitchShift(samples, { sampleRate, nSteps: random.integer(2) === 0 ? size : -size });
    }
    default:
      return addNoise(samples, { snrDb: random.uniform(...variant.snrDb), random });
  }
}

function timeMajorMfcc(samples: Float32Array, settings: FeatureSettings, id: string): StoredTensor {
  const { sampleRate, nMfcc, nMels, nFft, hopLength } = settings;
  const { data, shape } = mfcc(samples, { sr: sampleRate, nMfcc, nMels, nFft, hopLength });
  const [coefficients, frames] = shape;
  const transposed = new Float32Array(data.length);
  for (let k = 0; k < coefficients; k++) {
    for (let t = 0; t < frames; t++) transposed[t * coefficients + k] = data[k * frames + t];
  }
  if (!transposed.every(Number.isFinite)) {
    throw new MarsError(
      'AUDIO_NOT_FINITE',
      `${id} gives features that are not finite. Leave it out or replace it.`,
    );
  }
  return { data: transposed, shape: [frames, coefficients] };
}

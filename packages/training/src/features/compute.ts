import { decodeAudio, MarsError, mfcc, resample } from '@mars/core';
import { addNoise, pitchShift, timeStretch } from '../augment.ts';
import { createRandom } from '../random.ts';
import { readBytes, type Clip } from '../corpora/clip.ts';
import type { StoredTensor } from './safetensors.ts';
import type { FeatureSettings, ResolvedVariant } from './settings.ts';

/** The MFCCs of some variants of one clip, each time-major: [frames, nMfcc]. */
export async function computeFeatures(
  clip: Pick<Clip, 'file' | 'id'>,
  variants: readonly ResolvedVariant[],
  settings: FeatureSettings,
  augmentationSeed: number,
): Promise<StoredTensor[]> {
  const audio = await decodeAudio(await readBytes(clip.file));
  const samples = resample(audio.samples, audio.sampleRate, settings.sampleRate);
  return variants.map((variant) => {
    const varied = applyVariant(
      samples,
      settings.sampleRate,
      variant,
      `${augmentationSeed}/${clip.id}/${variant.name}`,
    );
    return timeMajorMfcc(varied, settings, clip.id);
  });
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

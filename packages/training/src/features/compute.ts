import { isDeepStrictEqual } from 'node:util';
import {
  decodeAudio,
  MarsError,
  melspectrogram,
  mfcc,
  powerToDb,
  resample,
  type ErrorCode,
  type Matrix,
} from '@mars/core';
import { addRoom, changeGain, equalise, OCTAVES_HZ, telephone } from '../channel.ts';
import { addNoise, changeSpeed, pitchShift, timeStretch } from '../augment.ts';
import { createRandom } from '@mars/autograd/random';
import { readBytes, type Clip } from '../corpora/clip.ts';
import { openFrontEnd, type FrontEnd } from '../front-end/open-front-end.ts';
import type { StoredTensor } from './safetensors.ts';
import { isTrunk, type FeatureSettings, type ResolvedVariant, type TrunkSettings } from './settings.ts';

/** What every task of one extraction has in common. */
export interface ExtractionPlan {
  readonly settings: FeatureSettings;
  readonly augmentationSeed: number;
}

export interface ExtractionTask {
  readonly clip: Pick<Clip, 'file' | 'id'>;
  readonly variants: readonly ResolvedVariant[];
}

/** Features in the order of the task's variants, each time-major [frames, width]; or why there are none. */
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
    const tensors: StoredTensor[] = [];
    for (const variant of variants) {
      const stream = `${augmentationSeed}/${clip.id}/${variant.name}`;
      tensors.push(checkFinite(await analyse(samples, variant, stream, settings), clip.id));
    }
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
      return pitchShift(samples, { nSteps: random.integer(2) === 0 ? size : -size });
    }
    case 'speed':
      return changeSpeed(samples, random.uniform(...variant.rate));
    case 'gain':
      return changeGain(samples, random.uniform(...variant.gainDb));
    case 'room': {
      const reverberationSec = random.uniform(...variant.reverberationSec);
      const wetness = random.uniform(...variant.wetness);
      const echoing = addRoom(samples, { sampleRate, reverberationSec, wetness });
      const gainsDb = OCTAVES_HZ.map(() => random.uniform(...variant.octaveDb));
      const snrDb = random.uniform(...variant.snrDb);
      return addNoise(equalise(echoing, { sampleRate, gainsDb }), { snrDb, random });
    }
    case 'telephone':
      return telephone(samples, { sampleRate });
    default:
      return addNoise(samples, { snrDb: random.uniform(...variant.snrDb), random });
  }
}

/** The features of one version of a clip: [frames, width]. */
async function analyse(
  recorded: Float32Array,
  variant: ResolvedVariant,
  stream: string,
  settings: FeatureSettings,
): Promise<StoredTensor> {
  if (isTrunk(settings) && variant.kind === 'speed' && variant.rate[0] === variant.rate[1]) {
    // As the model file hears it at that speed: the trunk changes the speed itself.
    return asFrame(await trunk(settings).run(recorded, variant.rate[0]));
  }
  const samples = applyVariant(recorded, settings.sampleRate, variant, stream);
  if (isTrunk(settings)) {
    const speed = 'speed' in variant ? variant.speed : undefined;
    return asFrame(await trunk(settings).run(samples, speed));
  }
  const { sampleRate: sr, nMels, nFft, hopLength } = settings;
  if (settings.kind === 'mfcc') {
    return timeMajor(mfcc(samples, { sr, nMfcc: settings.nMfcc, nMels, nFft, hopLength }));
  }
  return timeMajor(powerToDb(melspectrogram(samples, { sr, nMels, nFft, hopLength })));
}

let open: { readonly settings: TrunkSettings; readonly frontEnd: FrontEnd } | undefined;

/** One per thread, for as long as the thread lives: compiling it takes as long as a dozen clips. */
function trunk(settings: TrunkSettings): FrontEnd {
  if (!isDeepStrictEqual(open?.settings, settings)) {
    void open?.frontEnd.dispose();
    open = { settings, frontEnd: openFrontEnd(settings) };
  }
  return open!.frontEnd;
}

function asFrame(vector: Float32Array): StoredTensor {
  return { data: vector, shape: [1, vector.length] };
}

function timeMajor({ data, shape: [width, frames] }: Matrix): StoredTensor {
  const transposed = new Float32Array(data.length);
  for (let k = 0; k < width; k++) {
    for (let t = 0; t < frames; t++) transposed[t * width + k] = data[k * frames + t];
  }
  return { data: transposed, shape: [frames, width] };
}

function checkFinite(tensor: StoredTensor, id: string): StoredTensor {
  if (tensor.data.every(Number.isFinite)) return tensor;
  throw new MarsError(
    'AUDIO_NOT_FINITE',
    `${id} gives features that are not finite. Leave it out or replace it.`,
  );
}

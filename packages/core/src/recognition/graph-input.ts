import { Tensor } from '#onnxruntime';
import { mfcc } from '../features/mfcc.ts';
import type { ModelMetadata } from './metadata.ts';

/**
 * What the graph eats: the only place that knows it. A clip's MFCCs as librosa makes them, time-major;
 * normalisation and padding are inside the graph.
 */
export const GRAPH_INPUT = 'mfcc';

/** The shape that the graph's input must declare; `null` stands for any size. */
export function graphInputShape({ features }: ModelMetadata): (number | null)[] {
  return [null, null, features.nMfcc]; // (batch, frames, nMfcc)
}

/**
 * The graph's input for one clip: float32 of shape (1, frames, nMfcc).
 *
 * @param samples mono at the model's own rate, `metadata.sampleRate`
 */
export function graphInput(samples: Float32Array, { sampleRate, features }: ModelMetadata): Tensor {
  const { nMfcc, nFft, hopLength, nMels } = features;
  const { data, shape } = mfcc(samples, { sr: sampleRate, nMfcc, nFft, hopLength, nMels });
  const frames = shape[1];
  const timeMajor = new Float32Array(frames * nMfcc); // (nMfcc, frames) → (frames, nMfcc)
  for (let frame = 0; frame < frames; frame++) {
    for (let coefficient = 0; coefficient < nMfcc; coefficient++) {
      timeMajor[frame * nMfcc + coefficient] = data[coefficient * frames + frame];
    }
  }
  return new Tensor('float32', timeMajor, [1, frames, nMfcc]);
}

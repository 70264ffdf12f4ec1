import type { Clip } from './corpora/clip.ts';
import type { ClipFeatures, FeatureSet } from './features/feature-set.ts';

/** Mean and standard deviation of each coefficient over all frames of the training clips. */
export interface Normaliser {
  readonly mean: Float32Array;
  readonly std: Float32Array;
  /** What is then made of each frame's numbers: (numbers, components); absent: they stay as they are. */
  readonly projection?: Float32Array;
}

export interface Example {
  readonly features: ClipFeatures;
  /** Index of the emotion among the labels. */
  readonly label: number;
}

/** Every variant of every clip. */
export function toExamples(
  clips: readonly Clip[],
  features: FeatureSet,
  labels: readonly string[],
): Example[] {
  return clips.flatMap((clip) =>
    features.variants.map((variant) => ({
      features: features.get(clip, variant),
      label: labels.indexOf(clip.emotion),
    })),
  );
}

/** Errors: none; a coefficient that never changes gets the deviation 1. */
export function fitNormaliser(examples: readonly Example[], nFeatures: number): Normaliser {
  const sum = new Float64Array(nFeatures);
  const squares = new Float64Array(nFeatures);
  const lowest = new Float64Array(nFeatures).fill(Infinity);
  const highest = new Float64Array(nFeatures).fill(-Infinity);
  let frames = 0;
  for (const { features } of examples) {
    frames += features.frames;
    for (let i = 0; i < features.data.length; i += 1) {
      const value = features.data[i];
      const k = i % nFeatures;
      sum[k] += value;
      squares[k] += value * value;
      if (value < lowest[k]) lowest[k] = value;
      if (value > highest[k]) highest[k] = value;
    }
  }
  const mean = Float32Array.from(sum, (total) => total / frames);
  const std = Float32Array.from(squares, (total, k) =>
    // Rounding gives a coefficient that never changes a variance just above 0, and would make it huge.
    lowest[k] === highest[k] ? 1 : Math.sqrt(Math.max(total / frames - mean[k] ** 2, 0)) || 1,
  );
  return { mean, std };
}

/** Examples in memory, normalised and padded with zeros (or cut) to one length. */
export class Dataset {
  readonly size: number;
  readonly shape: readonly [frames: number, numbers: number];
  readonly labels: readonly number[];
  /** (size, frames, nFeatures or components), in memory that threads can share. */
  readonly rows: Float32Array;

  constructor(examples: readonly Example[], normaliser: Normaliser, frames: number) {
    const { mean, projection } = normaliser;
    const components = projection ? projection.length / mean.length : mean.length;
    const width = frames * components;
    this.size = examples.length;
    this.shape = [frames, components];
    this.labels = examples.map(({ label }) => label);
    this.rows = new Float32Array(new SharedArrayBuffer(this.size * width * Float32Array.BYTES_PER_ELEMENT));
    for (const [index, { features }] of examples.entries()) {
      const normal = normalised(features, normaliser, frames);
      this.rows.set(projection ? project(normal, projection, mean.length) : normal, index * width);
    }
  }
}

/** The first `frames` frames of an example, (frames, nFeatures). */
function normalised(
  { data, frames: length }: ClipFeatures,
  { mean, std }: Normaliser,
  frames: number,
): Float32Array {
  const nFeatures = mean.length;
  const values = new Float32Array(Math.min(length, frames) * nFeatures);
  for (let i = 0; i < values.length; i += 1) {
    const k = i % nFeatures;
    values[i] = (data[i] - mean[k]) / std[k];
  }
  return values;
}

/** (frames, nFeatures) · (nFeatures, components) */
function project(values: Float32Array, projection: Float32Array, nFeatures: number): Float32Array {
  const components = projection.length / nFeatures;
  const sums = new Float64Array((values.length / nFeatures) * components);
  for (const [i, value] of values.entries()) {
    const [from, to] = [(i % nFeatures) * components, Math.floor(i / nFeatures) * components];
    for (let c = 0; c < components; c += 1) sums[to + c] += value * projection[from + c];
  }
  return Float32Array.from(sums);
}

/** Mean row of the examples of each label, (labels, frames · nFeatures); zeros for a label without any. */
export function fitLabelMeans({ rows, shape, labels }: Dataset, labelCount: number): Float32Array {
  const width = shape[0] * shape[1];
  const means = new Float32Array(labelCount * width);
  const counts = new Uint32Array(labelCount);
  for (const label of labels) counts[label] += 1;
  for (const [index, label] of labels.entries()) {
    for (let i = 0; i < width; i += 1) means[label * width + i] += rows[index * width + i] / counts[label];
  }
  return means;
}

import type { ClipFeatures } from './features/feature-set.ts';

/** Mean and standard deviation of each coefficient over all frames of the training clips. */
export interface Normaliser {
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

export interface Example {
  readonly features: ClipFeatures;
  /** Index of the emotion among the labels. */
  readonly label: number;
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
  readonly shape: readonly [frames: number, nFeatures: number];
  readonly labels: readonly number[];
  /** (size, frames, nFeatures), in memory that threads can share. */
  readonly rows: Float32Array;

  constructor(examples: readonly Example[], { mean, std }: Normaliser, frames: number) {
    const nFeatures = mean.length;
    const width = frames * nFeatures;
    this.size = examples.length;
    this.shape = [frames, nFeatures];
    this.labels = examples.map(({ label }) => label);
    this.rows = new Float32Array(new SharedArrayBuffer(this.size * width * Float32Array.BYTES_PER_ELEMENT));
    for (const [index, { features }] of examples.entries()) {
      const length = Math.min(features.frames, frames) * nFeatures;
      for (let i = 0; i < length; i += 1) {
        const coefficient = i % nFeatures;
        this.rows[index * width + i] = (features.data[i] - mean[coefficient]) / std[coefficient];
      }
    }
  }
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

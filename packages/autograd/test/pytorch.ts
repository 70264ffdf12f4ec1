import { readFileSync } from 'node:fs';
import type { Conv2dOptions } from '../src/layers/conv2d.ts';
import type { CrossEntropyOptions } from '../src/losses.ts';
import type { AdamOptions } from '../src/optimisers.ts';

/** Numbers of a tensor, row by row. */
export interface Values {
  shape: number[];
  values: number[];
}

/** One forward and one backward pass of a layer. */
export interface LayerCase<Options = unknown> {
  options: Options;
  x: Values;
  parameters: Record<string, Values>;
  y: Values;
  /** The gradient of the loss by y. */
  upstream: Values;
  /** Those by `x` and by each parameter. */
  gradients: Record<string, Values>;
}

export interface BatchNormCase {
  channels: number;
  momentum: number;
  steps: (LayerCase & { buffers: Record<string, Values> })[];
  evaluation: { x: Values; y: Values };
}

export interface LossCase {
  options: CrossEntropyOptions;
  logits: Values;
  targets: Values;
  loss: number;
  gradient: Values;
}

export interface OptimiserCase {
  options: AdamOptions;
  decayMask: number[];
  maxNorm?: number;
  start: Values;
  learningRates: number[];
  gradients: Values[];
  /** Where the parameters stand after each step. */
  positions: Values[];
}

export interface TrainingCase {
  options: {
    learningRate: number;
    weightDecay: number;
    maxGradientNorm: number;
    labelSmoothing: number;
    classWeights: number[];
  };
  start: Record<string, Values>;
  batches: { x: Values; targets: Values; loss: number }[];
  end: Record<string, Values>;
  buffers: Record<string, Values>;
  evaluation: { x: Values; logits: Values };
}

/** A training in which the first layer is frozen. */
export interface Training2dCase {
  options: { learningRate: number; weightDecay: number; labelSmoothing: number };
  layers: Record<string, Conv2dOptions>;
  frozen: Record<string, Values>;
  start: Record<string, Values>;
  batches: { x: Values; targets: Values; loss: number }[];
  end: Record<string, Values>;
  evaluation: { x: Values; logits: Values };
}

interface Fixtures {
  layers: Record<string, LayerCase>;
  batchNorm: Record<string, BatchNormCase>;
  losses: Record<string, LossCase>;
  optimisers: Record<string, OptimiserCase>;
  training: TrainingCase;
  training2d: Training2dCase;
}

/** What PyTorch computed: src/fixtures/pytorch.py. */
export const pytorch = JSON.parse(
  readFileSync(new URL('../src/fixtures/pytorch.json', import.meta.url), 'utf8'),
) as Fixtures;

/** The cases of one layer: those whose names begin with the layer's. */
export function layerCases<Options>(layer: string): [string, LayerCase<Options>][] {
  const cases = Object.entries(pytorch.layers).filter(([name]) => name.split(',')[0] === layer);
  if (cases.length === 0) throw new Error(`pytorch.json has no case for ${layer}.`);
  return cases as [string, LayerCase<Options>][];
}

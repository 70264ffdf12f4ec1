import type { Network, TrainingStep, Weights } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { buildNetwork } from './architectures/networks.ts';
import { networkWidth, type TrainConfig } from './config.ts';
import { finalWeights, isFinished, type Checkpoint, type RunFolder } from './run.ts';

/** What a training leaves for one that starts from it. */
export interface Start {
  readonly network: Network;
  readonly weights: Weights;
  readonly normaliser: Checkpoint['normaliser'];
  /** What it was trained by; it says what the normaliser is of. */
  readonly config: TrainConfig;
}

/** Errors: `RUN_INVALID` when the folder holds no finished training. */
export async function readStart(folder: RunFolder): Promise<Start> {
  const { config, labels } = await folder.description();
  const checkpoint = await folder.checkpoint();
  if (!checkpoint || !isFinished(checkpoint, config)) {
    throw new MarsError(
      'RUN_INVALID',
      `${folder.path} holds no finished training to start from. Let it end first: mars train … --resume.`,
    );
  }
  const network = buildNetwork(config.network, networkWidth(config), labels.length);
  return {
    network,
    weights: finalWeights(checkpoint, config),
    normaliser: checkpoint.normaliser,
    config,
  };
}

/** Copies what has the same name and size; the rest stays as drawn. */
export function adopt(
  trainer: TrainingStep,
  network: Network,
  { network: source, weights }: Start,
  { averageDecay }: TrainConfig,
): void {
  for (const kind of ['parameters', 'buffers'] as const) {
    const target = trainer.vector(kind);
    const given = piecesOf(weights[kind], source[kind]);
    for (const [name, piece] of piecesOf(target, network[kind])) {
      const same = given.get(name);
      if (same?.length === piece.length) piece.set(same);
    }
  }
  if (averageDecay !== undefined) trainer.vector('average').set(trainer.vector('parameters'));
}

/** Views of a flat vector by name. */
function piecesOf(
  vector: Float32Array,
  specs: Readonly<Record<string, { shape: readonly number[] }>>,
): Map<string, Float32Array> {
  let offset = 0;
  return new Map(
    Object.entries(specs).map(([name, { shape }]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, vector.subarray(offset, (offset += size))];
    }),
  );
}

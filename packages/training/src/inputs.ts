import type { TrainConfig } from './config.ts';
import { Dataset, fitNormaliser, type Example, type Normaliser } from './dataset.ts';
import { featureWidth } from './features/settings.ts';
import type { LabelledRows } from './kernel-ridge.ts';
import { fitProjection } from './projection.ts';

/** What decides of what a normaliser is. */
export function inputsOf({ features, projection }: TrainConfig): unknown {
  return [features, projection];
}

/** Normalisation by the training clips and, where it is asked for, what a kernel machine makes of the normal numbers. */
export async function fitInputs(
  examples: readonly Example[],
  { features, projection }: TrainConfig,
  {
    labelCount,
    known,
    ...options
  }: Pick<LabelledRows, 'labelCount' | 'known'> & { seed: number; threads?: number },
): Promise<Normaliser> {
  const width = featureWidth(features);
  const normaliser = fitNormaliser(examples, width);
  if (!projection) return normaliser;
  const { rows, labels } = new Dataset(examples, normaliser, 1);
  return {
    ...normaliser,
    projection: await fitProjection({ rows, width, labels, labelCount, known }, projection, options),
  };
}

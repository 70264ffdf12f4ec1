import type { Clip } from './corpora/clip.ts';
import { heardVariant, type TrainConfig } from './config.ts';
import { Dataset, fitNormaliser, type Example, type Normaliser } from './dataset.ts';
import { featureWidth, fusionGains, resolveVariants, type FeatureSettings } from './features/settings.ts';
import type { LabelledRows } from './kernel-ridge.ts';
import { corporaOf, knownOf } from './labelled.ts';
import { quantiseColumns, restoreColumns } from './pretrained/quantise.ts';
import { fitProjection } from './projection.ts';

/** What decides of what a normaliser is. */
export function inputsOf({ features, projection }: TrainConfig): unknown {
  return [features, projection];
}

/**
 * Per example, whether its clip stands there as it will be heard: what is learnt from few examples is learnt from these
 * first. Each clip is in the examples in the same `versions`, one after the other.
 */
export function heardExamples(config: TrainConfig, versions: readonly string[], examples: number): boolean[] {
  const heard = versions.indexOf(resolveVariants([heardVariant(config)])[0].name);
  return Array.from({ length: examples }, (_, i) => i % versions.length === heard);
}

/** What a kernel machine is told of each example beside its label. */
export type ExampleFacts = Required<Pick<LabelledRows, 'known' | 'preferred' | 'corpora'>>;

/** Of clips that stand there in the same `versions`, one after the other; `labelled` is of `labelledBy`. */
export function exampleFacts(
  clips: readonly Clip[],
  config: TrainConfig,
  versions: readonly string[],
  labelled: ReadonlyMap<string, readonly number[]>,
): ExampleFacts {
  return {
    known: knownOf(clips, versions.length, labelled),
    preferred: heardExamples(config, versions, clips.length * versions.length),
    corpora: corporaOf(clips, versions.length),
  };
}

/** Normalisation by the training clips and, where it is asked for, what a kernel machine makes of the normal numbers. */
export async function fitInputs(
  examples: readonly Example[],
  { features, projection }: TrainConfig,
  {
    labelCount,
    known,
    preferred,
    corpora,
    ...options
  }: Pick<LabelledRows, 'labelCount' | 'known' | 'preferred' | 'corpora'> & {
    seed: number;
    threads?: number;
  },
): Promise<Normaliser> {
  const width = featureWidth(features);
  const normaliser = weigh(fitNormaliser(examples, width), features);
  if (!projection) return normaliser;
  const { rows, labels } = new Dataset(examples, normaliser, 1);
  const exact = await fitProjection(
    { rows, width, labels, labelCount, known, preferred, corpora },
    projection,
    options,
  );
  // As a model file holds it: what is fitted on top then knows of the rounding.
  const rounded = restoreColumns(quantiseColumns(exact, exact.length / width));
  return { ...normaliser, projection: rounded };
}

/** A deviation that is divided by a number's gain multiplies it by it. */
function weigh(normaliser: Normaliser, features: FeatureSettings): Normaliser {
  if (features.kind !== 'fusion') return normaliser;
  const gains = fusionGains(features);
  return { ...normaliser, std: normaliser.std.map((value, i) => value / gains[i]) };
}

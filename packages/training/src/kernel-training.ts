import type { Network, Weights } from '@mars/autograd';
import { createRandom } from '@mars/autograd/random';
import { buildNetwork } from './architectures/networks.ts';
import { learntFrom, networkWidth, type TrainConfig } from './config.ts';
import { Dataset, fitLabelMeans, toExamples } from './dataset.ts';
import { featureWidth, type Variant } from './features/settings.ts';
import { exampleFacts, fitInputs, type ExampleFacts } from './inputs.ts';
import { fitKernelMachines, type LabelledRows } from './kernel-ridge.ts';
import { transpose } from './products.ts';
import { kernelGamma } from './projection.ts';
import { labelledBy } from './labelled.ts';
import type { Checkpoint, EpochRecord, RunFolder } from './run.ts';
import { drawOffsets, whoSpeaks, type Voices } from './simulated-profiles.ts';
import type { Fold } from './splits/fold.ts';
import type { TrainOptions } from './train.ts';
import type { Validator } from './validator.ts';

/**
 * A kernel machine that has been calibrated on the validating clips is fitted anew on these as well: of two speakers more it
 * learns more than their few clips could still tell of it. Done again, it gives the same.
 */
export async function refit(
  fold: Fold,
  { config, labels, features, seed, folder, threads }: Omit<TrainOptions, 'heldOut'>,
): Promise<void> {
  const [{ ridge }] = await folder.history();
  const clips = learntFrom(fold, config).filter((clip) => features.has(clip));
  const examples = toExamples(clips, features, labels);
  const facts = exampleFacts(clips, config, features.variants, labelledBy(clips, labels));
  const normaliser = await fitInputs(examples, config, {
    ...facts,
    labelCount: labels.length,
    seed,
    threads,
  });
  const data = new Dataset(examples, normaliser, config.frames);
  const spoken = whoSpeaks(clips, config.variants);
  const options = { ...facts, config, labels, spoken, seed, threads };
  const [{ weights }] = await kernelWeights(data, options, ridge);
  await saveFitted(folder, { weights, normaliser, labelMeans: fitLabelMeans(data, labels.length) });
}

export async function saveFitted(
  folder: RunFolder,
  { weights, ...rest }: { weights: Weights } & Pick<Checkpoint, 'normaliser' | 'labelMeans'>,
): Promise<void> {
  await folder.saveCheckpoint({ epoch: 1, state: { step: 0, vectors: { ...weights } }, ...rest });
}

/** A kernel machine, which is fitted and not trained; measured as an epoch is. Of several ridges validation chooses. */
export async function fitAtOnce(
  data: Dataset,
  validation: { data: Dataset; known: readonly (readonly number[])[] },
  { validator, ...options }: FitOptions & { validator: Validator },
): Promise<{ record: EpochRecord; weights: Weights }> {
  const started = performance.now();
  const fitted = await kernelWeights(data, options);
  const validated = [];
  for (const each of fitted) {
    validated.push({
      ...each,
      ...(await validator.measure(validation.data, validation.known, each.weights)),
    });
  }
  const [{ weights, ...chosen }] = validated.toSorted(
    (one, other) => (one.validationLoss ?? 0) - (other.validationLoss ?? 0),
  );
  const { validationLoss, validationAccuracy } = await validator.measure(data, options.known, weights);
  const record = {
    epoch: 1,
    learningRate: 0,
    trainLoss: validationLoss!,
    trainAccuracy: validationAccuracy!,
    ...chosen,
    seconds: (performance.now() - started) / 1000,
  };
  return { record, weights };
}

interface FitOptions extends Pick<TrainOptions, 'config' | 'labels' | 'seed' | 'threads'>, ExampleFacts {
  readonly spoken: Voices;
}

/** A kernel machine as the weights of its network, for the ridge that is given or for each of the configuration's. */
async function kernelWeights(
  data: Dataset,
  { config, labels, known, preferred, corpora, spoken, seed, threads }: FitOptions,
  chosen?: number,
): Promise<{ ridge: number; weights: Weights }[]> {
  const { centres, ridge, sharpness } = config.network as Extract<TrainConfig['network'], { kind: 'kernel' }>;
  const ridges = [chosen ?? ridge].flat();
  const width = networkWidth(config);
  const gamma = kernelGamma(featureWidth(config.features));
  const machines = await fitKernelMachines(
    {
      ...underProfiles(data, config, { known, corpora, spoken, seed }),
      width,
      labelCount: labels.length,
      preferred,
    },
    { gamma, ridges, centres, seed },
    threads,
  );
  const layers = buildNetwork(config.network, width, labels.length);
  return machines.map((machine, index) => {
    const parameters = flatParameters(layers, {
      'kernel.weight': machine.centres,
      'kernel.gamma': Float32Array.of(gamma),
      'output.weight': transpose(machine.coefficients, labels.length).map((value) => sharpness * value),
      'output.bias': new Float32Array(labels.length),
    });
    return { ridge: ridges[index], weights: { parameters, buffers: new Float32Array() } };
  });
}

/**
 * The examples as they are and, where the configuration simulates profiles, those at a speed at which clips will be heard
 * once more as they are under one.
 */
function underProfiles(
  data: Dataset,
  { simulatedProfiles: clips, variants, testSpeeds }: TrainConfig,
  { known, corpora, spoken, seed }: Pick<FitOptions, 'known' | 'corpora' | 'spoken' | 'seed'>,
): Pick<LabelledRows, 'rows' | 'labels' | 'known' | 'corpora'> {
  const { rows, labels } = data;
  if (!clips) return { rows, labels, known, corpora };
  const random = createRandom(seed).fork('profiles');
  const offsetOf = drawOffsets(data, { clips, ...spoken }, random);
  const isHeard = variants.map((variant) => testSpeeds.includes(speedOf(variant)));
  const again = [...labels.keys()].filter((example) => isHeard[example % variants.length]);
  const width = rows.length / labels.length;
  const both = new Float32Array(rows.length + again.length * width);
  both.set(rows);
  for (const [index, example] of again.entries()) {
    const offset = offsetOf(example, random);
    const at = rows.length + index * width;
    for (let i = 0; i < width; i += 1) both[at + i] = rows[example * width + i] - offset[i];
  }
  return {
    rows: both,
    labels: [...labels, ...again.map((example) => labels[example])],
    known: [...known, ...again.map((example) => known[example])],
    corpora: [...corpora, ...again.map((example) => corpora[example])],
  };
}

/** Of a version whose speed is drawn, none. */
function speedOf(variant: Variant): number {
  if (variant.kind === 'speed') {
    const [least, most] = variant.rate ?? [NaN, NaN];
    return least === most ? least : NaN;
  }
  return ('speed' in variant ? variant.speed : undefined) ?? 1;
}

/** The flat vector of a network's parameters, from each by name. */
function flatParameters(
  { parameters }: Network,
  given: Readonly<Record<string, Float32Array>>,
): Float32Array {
  return Float32Array.from(Object.keys(parameters).flatMap((name) => [...given[name]]));
}

import { isDeepStrictEqual } from 'node:util';
import { adam, cosineDecay, decayMask, TrainingStep, type Weights } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { buildNetwork } from './architectures/networks.ts';
import { BatchLoader } from './batch-loader.ts';
import { batchesPerEpoch, type BatchPlan } from './batches.ts';
import { networkWidth, type TrainConfig } from './config.ts';
import { Dataset, fitLabelMeans, toExamples } from './dataset.ts';
import type { FeatureSet } from './features/feature-set.ts';
import { exampleFacts, fitInputs, inputsOf } from './inputs.ts';
import { fitAtOnce, saveFitted } from './kernel-training.ts';
import { knownOf, labelledBy } from './labelled.ts';
import { argmax } from './metrics.ts';
import { isFinished, type BestEpoch, type Checkpoint, type EpochRecord, type RunFolder } from './run.ts';
import { whoSpeaks, type Voices } from './simulated-profiles.ts';
import type { Fold } from './splits/fold.ts';
import { Validator } from './validator.ts';
import { adopt, readStart } from './warm-start.ts';

export interface TrainOptions {
  config: TrainConfig;
  labels: readonly string[];
  /** Of the training part, with all its variants. */
  features: FeatureSet;
  /** Of the validation part, in one version. */
  heldOut: FeatureSet;
  /** Of the first weights, the order of the clips and dropout. Bit for bit the same only with as many `threads`. */
  seed: number;
  /** Must have been claimed; a checkpoint in it is taken up. */
  folder: RunFolder;
  /**
   * A finished training whose weights are the first ones here, where a layer has the same name and size, and whose
   * normalisation is kept where the features are the same.
   */
  startFrom?: RunFolder;
  threads?: number;
  /** Stops after the step under way; the epoch begun is done again on resuming. */
  signal?: AbortSignal;
  onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done of this epoch. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Seconds until the last epoch ends, at the speed so far. */
  readonly secondsLeft: number;
  /** The epoch just ended. */
  readonly record?: EpochRecord;
}

/**
 * Trains one network on one fold: normalise by the training part, then epochs of batches that another thread makes, each
 * epoch ending with the validation part and a checkpoint. What the training gives is said by `finalWeights`; the test
 * part is never seen here.
 *
 * Deterministic: the same fold, configuration, seed, machine and number of threads give the same weights, interrupted
 * or not.
 *
 * Errors: the signal's reason when aborted; `CONFIG_INVALID` when the training part does not fill one batch, a training
 * that may end early has no validation part, every corpus weighs 0, or a weight is given to one that is not there; `RUN_INVALID` when `startFrom` holds no finished training.
 */
export async function train(
  fold: Fold,
  { config, labels, features, heldOut, seed, folder, startFrom, threads, signal, onProgress }: TrainOptions,
): Promise<void> {
  const checkpoint = await folder.checkpoint();
  await folder.trimHistory(checkpoint?.epoch ?? 0);
  if (checkpoint && isFinished(checkpoint, config)) return;
  const validated = fold.validation.filter((clip) => heldOut.has(clip));
  if (config.patience !== undefined && validated.length === 0) {
    throw new MarsError(
      'CONFIG_INVALID',
      `"patience" is ${config.patience}, and fold ${fold.name} has no usable clip that validates: nothing tells when ` +
        'to stop. Let somebody validate, or leave "patience" out.',
    );
  }

  const start = startFrom && (await readStart(startFrom));
  const width = networkWidth(config);
  const network = buildNetwork(config.network, width, labels.length);
  const clips = fold.train.filter((clip) => features.has(clip));
  const examples = toExamples(clips, features, labels);
  if (examples.length < config.batchSize) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The training part of fold ${fold.name} holds ${examples.length} examples ` +
        `(${features.variants.length} versions of each usable clip), and one batch takes ${config.batchSize}. ` +
        'Train on more clips, or in smaller batches.',
    );
  }
  const labelled = labelledBy([...fold.train, ...validated], labels);
  const given =
    start && isDeepStrictEqual(inputsOf(start.config), inputsOf(config)) ? start.normaliser : undefined;
  const facts = exampleFacts(clips, config, features.variants, labelled);
  const normaliser =
    checkpoint?.normaliser ??
    given ??
    (await fitInputs(examples, config, { ...facts, labelCount: labels.length, seed, threads }));
  const data = new Dataset(examples, normaliser, config.frames);
  const takesProfiles = config.simulatedProfiles !== undefined || config.network.kind === 'kernel';
  const labelMeans = takesProfiles ? fitLabelMeans(data, labels.length) : undefined;
  const validator = await Validator.create(network, config, labels, threads);
  const validation = {
    data: new Dataset(toExamples(validated, heldOut, labels), normaliser, config.frames),
    known: knownOf(validated, 1, labelled),
  };
  if (config.network.kind === 'kernel') {
    try {
      const { record, weights } = await fitAtOnce(data, validation, {
        config,
        labels,
        ...facts,
        spoken: whoSpeaks(clips, config.variants),
        validator,
        seed,
        threads,
      });
      await folder.appendHistory(record);
      await saveFitted(folder, { weights, normaliser, labelMeans });
      const { trainLoss: loss, trainAccuracy: accuracy } = record;
      onProgress?.({ epoch: 1, epochs: 1, step: 1, steps: 1, loss, accuracy, secondsLeft: 0, record });
    } finally {
      await validator.dispose();
    }
    return;
  }
  const names = [...labelled.keys()];
  const plan = planBatches(config, seed, data, {
    labelCount: labels.length,
    corpora: clips.flatMap((clip) => features.variants.map(() => names.indexOf(clip.corpus))),
    labelled: [...labelled.values()],
    names,
    ...whoSpeaks(clips, config.variants),
  });

  const trainer = await TrainingStep.create(network, {
    inputShape: [config.batchSize, config.frames, width],
    labels: labels.length,
    masked: [...labelled.values()].some((classes) => classes.length < labels.length),
    optimiser: adam({ weightDecay: config.weightDecay, decayMask: decayMask(network) }),
    maxGradientNorm: config.maxGradientNorm,
    labelSmoothing: config.labelSmoothing,
    averageDecay: config.averageDecay,
    seed,
    threads,
  });
  await using loader = new BatchLoader(plan);
  try {
    if (checkpoint) trainer.restore(checkpoint.state);
    else if (start) adopt(trainer, network, start, config);
    const stepsPerEpoch = batchesPerEpoch(plan);
    const totalSteps = stepsPerEpoch * config.epochs;
    const schedule = cosineDecay(config.learningRate, { warmup: config.warmup });
    const firstEpoch = (checkpoint?.epoch ?? 0) + 1;
    const started = performance.now();
    /** At the speed since this training began or was taken up. */
    const secondsLeft = (epoch: number, step: number) => {
      const done = (epoch - firstEpoch) * stepsPerEpoch + step;
      const left = (config.epochs - epoch + 1) * stepsPerEpoch - step;
      return ((performance.now() - started) / 1000 / done) * left;
    };

    let best = checkpoint?.best;
    for (let epoch = firstEpoch; epoch <= config.epochs; epoch += 1) {
      const epochStarted = performance.now();
      let step = 0;
      let loss = 0;
      let hits = 0;
      let learningRate = 0;
      for await (const batch of loader.epoch(epoch)) {
        signal?.throwIfAborted();
        learningRate = schedule(((epoch - 1) * stepsPerEpoch + step) / totalSteps);
        const result = await trainer.run(batch.x, batch.targets, learningRate, batch.allowed);
        step += 1;
        loss += result.loss;
        hits += countHits(result.logits, batch.labels);
        onProgress?.({
          epoch,
          epochs: config.epochs,
          step,
          steps: stepsPerEpoch,
          loss: loss / step,
          accuracy: hits / (step * config.batchSize),
          secondsLeft: secondsLeft(epoch, step),
        });
      }
      const weights = currentWeights(trainer, config);
      const record: EpochRecord = {
        epoch,
        learningRate,
        trainLoss: loss / step,
        trainAccuracy: hits / (step * config.batchSize),
        ...(await validator.measure(validation.data, validation.known, weights)),
        seconds: (performance.now() - epochStarted) / 1000,
      };
      if (config.patience !== undefined) best = better(best, record, weights);
      const reached: Checkpoint = {
        epoch,
        state: trainer.save(),
        normaliser,
        ...(labelMeans && { labelMeans }),
        ...(best && { best }),
      };
      await folder.appendHistory(record);
      await folder.saveCheckpoint(reached);
      const finished = isFinished(reached, config);
      onProgress?.({
        epoch,
        epochs: config.epochs,
        step,
        steps: stepsPerEpoch,
        loss: record.trainLoss,
        accuracy: record.trainAccuracy,
        secondsLeft: finished ? 0 : secondsLeft(epoch, step),
        record,
      });
      if (finished) break;
    }
  } finally {
    await trainer.dispose();
    await validator.dispose();
  }
}

function currentWeights(trainer: TrainingStep, { averageDecay }: TrainConfig): Weights {
  return {
    parameters: trainer.vector(averageDecay === undefined ? 'parameters' : 'average'),
    buffers: trainer.vector('buffers'),
  };
}

function better(
  best: BestEpoch | undefined,
  { epoch, validationUar }: EpochRecord,
  weights: Weights,
): BestEpoch {
  // Stored as float32, so compared as float32: taken up again, a training must choose as it would have.
  const reached = Math.fround(validationUar!);
  if (best && reached <= best.validationUar) return best;
  const { parameters, buffers } = weights;
  return {
    epoch,
    validationUar: reached,
    weights: { parameters: parameters.slice(), buffers: buffers.slice() },
  };
}

function planBatches(
  { batchSize, mixupAlpha, specAugment, featureNoise, samplingWeights, simulatedProfiles }: TrainConfig,
  seed: number,
  { rows, shape, labels }: Dataset,
  {
    names,
    corpora,
    labelled,
    labelCount,
    ...spoken
  }: { names: readonly string[] } & Pick<BatchPlan, 'corpora' | 'labelled' | 'labelCount'> & Voices,
): BatchPlan {
  const strange = Object.keys(samplingWeights ?? {}).find((name) => !names.includes(name));
  if (strange !== undefined) {
    throw new MarsError(
      'CONFIG_INVALID',
      `"samplingWeights" names ${strange}, and the training part holds ${names.join(', ')}. Correct the name, or leave it out.`,
    );
  }
  const weights = samplingWeights && names.map((name) => samplingWeights[name] ?? 1);
  if (weights && corpora.every((corpus) => weights[corpus] === 0)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `"samplingWeights" gives 0 to ${names.join(', ')}: nothing is left to train on. Give one of them more.`,
    );
  }
  return {
    rows,
    shape,
    labels,
    corpora,
    labelled,
    weights,
    labelCount,
    batchSize,
    mixupAlpha,
    specAugment,
    featureNoise,
    simulatedProfiles: simulatedProfiles && { clips: simulatedProfiles, ...spoken },
    seed,
  };
}

function countHits(logits: Float32Array, labels: readonly number[]): number {
  const width = logits.length / labels.length;
  return labels.filter((label, row) => argmax(logits.subarray(row * width, (row + 1) * width)) === label)
    .length;
}

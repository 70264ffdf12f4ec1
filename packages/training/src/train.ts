import {
  adam,
  cosineDecay,
  createRandom,
  decayMask,
  float32,
  Session,
  TrainingStep,
  vectorSize,
  writeEvaluationGraph,
  type Network,
} from '@mars/autograd';
import { MarsError } from '@mars/core';
import type { TrainConfig } from './config.ts';
import type { Clip } from './corpora/clip.ts';
import { Dataset, fitNormaliser, type Example } from './dataset.ts';
import { buildNetwork } from './architectures/networks.ts';
import { featureWidth } from './features/settings.ts';
import type { FeatureSet } from './features/feature-set.ts';
import { argmax, classificationMetrics } from './metrics.ts';
import type { EpochRecord, RunFolder } from './run.ts';
import type { Fold } from './splits/fold.ts';

export interface TrainOptions {
  config: TrainConfig;
  labels: readonly string[];
  /** Of the training part, with all its variants. */
  features: FeatureSet;
  /** Of the validation part, as recorded. */
  heldOut: FeatureSet;
  /** Of the first weights, the order of the clips and dropout. Bit for bit the same only with as many `threads`. */
  seed: number;
  /** Must have been claimed; a checkpoint in it is taken up. */
  folder: RunFolder;
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
 * Trains one network on one fold: normalise by the training part, then epochs of shuffled batches, each epoch ending
 * with the validation part and a checkpoint. The last epoch's weights are the result; nothing is chosen by looking at
 * validation or test.
 *
 * Deterministic: the same fold, configuration, seed, machine and number of threads give the same weights, interrupted
 * or not.
 *
 * Errors: the signal's reason when aborted; `CONFIG_INVALID` when the training part does not fill one batch.
 */
export async function train(
  fold: Fold,
  { config, labels, features, heldOut, seed, folder, threads, signal, onProgress }: TrainOptions,
): Promise<void> {
  const width = featureWidth(config.features);
  const network = buildNetwork(config.network, width, labels.length);
  const checkpoint = await folder.checkpoint();
  await folder.trimHistory(checkpoint?.epoch ?? 0);
  if (checkpoint?.epoch === config.epochs) return;

  const trainExamples = toExamples(fold.train, features, labels);
  if (trainExamples.length < config.batchSize) {
    throw new MarsError(
      'CONFIG_INVALID',
      `The training part of fold ${fold.name} holds ${trainExamples.length} examples ` +
        `(${features.variants.length} versions of each usable clip), and one batch takes ${config.batchSize}. ` +
        'Train on more clips, or in smaller batches.',
    );
  }
  const normaliser = checkpoint?.normaliser ?? fitNormaliser(trainExamples, width);
  const trainSet = new Dataset(trainExamples, normaliser, config.frames);
  const validationSet = new Dataset(toExamples(fold.validation, heldOut, labels), normaliser, config.frames);

  const trainer = await TrainingStep.create(network, {
    inputShape: [config.batchSize, config.frames, width],
    labels: labels.length,
    optimiser: adam({ weightDecay: config.weightDecay, decayMask: decayMask(network) }),
    maxGradientNorm: config.maxGradientNorm,
    labelSmoothing: config.labelSmoothing,
    seed,
    threads,
  });
  const validator = await Validator.create(network, config, threads);
  try {
    if (checkpoint) trainer.restore(checkpoint.state);
    const stepsPerEpoch = Math.floor(trainSet.size / config.batchSize);
    const totalSteps = stepsPerEpoch * config.epochs;
    const schedule = cosineDecay(config.learningRate, { warmup: config.warmup });
    const random = createRandom(seed).fork('order');
    const firstEpoch = (checkpoint?.epoch ?? 0) + 1;
    const started = performance.now();
    /** At the speed since this training began or was taken up. */
    const secondsLeft = (epoch: number, step: number) => {
      const done = (epoch - firstEpoch) * stepsPerEpoch + step;
      const left = (config.epochs - epoch + 1) * stepsPerEpoch - step;
      return ((performance.now() - started) / 1000 / done) * left;
    };

    for (let epoch = firstEpoch; epoch <= config.epochs; epoch += 1) {
      const epochStarted = performance.now();
      let step = 0;
      let loss = 0;
      let hits = 0;
      let learningRate = 0;
      for (const batch of trainSet.batches(config.batchSize, labels.length, random.fork(epoch))) {
        signal?.throwIfAborted();
        learningRate = schedule(((epoch - 1) * stepsPerEpoch + step) / totalSteps);
        const result = await trainer.run(batch.x, batch.targets, learningRate);
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
      const record: EpochRecord = {
        epoch,
        learningRate,
        trainLoss: loss / step,
        trainAccuracy: hits / (step * config.batchSize),
        ...(await validator.measure(validationSet, labels, trainer)),
        seconds: (performance.now() - epochStarted) / 1000,
      };
      await folder.appendHistory(record);
      await folder.saveCheckpoint({ epoch, state: trainer.save(), normaliser });
      onProgress?.({
        epoch,
        epochs: config.epochs,
        step,
        steps: stepsPerEpoch,
        loss: record.trainLoss,
        accuracy: record.trainAccuracy,
        secondsLeft: secondsLeft(epoch, step),
        record,
      });
    }
  } finally {
    await trainer.dispose();
    await validator.dispose();
  }
}

/** Every variant of every clip that has features. */
function toExamples(clips: readonly Clip[], features: FeatureSet, labels: readonly string[]): Example[] {
  return clips
    .filter((clip) => features.has(clip))
    .flatMap((clip) =>
      features.variants.map((variant) => ({
        features: features.get(clip, variant),
        label: labels.indexOf(clip.emotion),
      })),
    );
}

/** The network as it stands, without dropout, over a data set. */
class Validator {
  readonly #session: Session;
  readonly #hasBuffers: boolean;

  private constructor(session: Session, hasBuffers: boolean) {
    this.#session = session;
    this.#hasBuffers = hasBuffers;
  }

  static async create(
    network: Network,
    { frames, features }: TrainConfig,
    threads?: number,
  ): Promise<Validator> {
    const graph = writeEvaluationGraph(network, ['batch', frames, featureWidth(features)]);
    return new Validator(await Session.create(graph, { threads }), vectorSize(network.buffers) > 0);
  }

  async measure(
    data: Dataset,
    labels: readonly string[],
    trainer: TrainingStep,
  ): Promise<Partial<EpochRecord>> {
    if (data.size === 0) return {};
    const vector = (name: string) => float32(trainer.vector(name), [trainer.vector(name).length]);
    const weights = {
      parameters: vector('parameters'),
      ...(this.#hasBuffers && { buffers: vector('buffers') }),
    };
    const predicted: number[] = [];
    let loss = 0;
    for (let start = 0; start < data.size; start += 64) {
      const indices = Array.from({ length: Math.min(64, data.size - start) }, (_, i) => start + i);
      const batch = data.batch(indices, labels.length);
      const x = float32(batch.x, [indices.length, ...data.shape]);
      const { logits } = await this.#session.run({ ...weights, x });
      for (const [row, label] of batch.labels.entries()) {
        const values = (logits.data as Float32Array).subarray(row * labels.length, (row + 1) * labels.length);
        predicted.push(argmax(values));
        loss += logSumExp(values) - values[label];
      }
    }
    const { accuracy, uar } = classificationMetrics(data.labels, predicted, labels);
    return { validationLoss: loss / data.size, validationAccuracy: accuracy, validationUar: uar };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

function countHits(logits: Float32Array, labels: readonly number[]): number {
  const width = logits.length / labels.length;
  return labels.filter((label, row) => argmax(logits.subarray(row * width, (row + 1) * width)) === label)
    .length;
}

function logSumExp(values: Float32Array): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

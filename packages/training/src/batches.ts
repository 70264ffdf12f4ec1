import { createRandom, type Random } from '@mars/autograd/random';
import { beta } from './mixup.ts';
import { drawOffsets, type OffsetsOf, type SimulatedProfiles } from './simulated-profiles.ts';
import { maskSpectrum, type SpecAugment } from './spec-augment.ts';

/** The examples of a training, in memory that threads can share, and how batches are made of them. Plain data. */
export interface BatchPlan {
  /** (examples, frames, width), normalised and padded. */
  readonly rows: Float32Array;
  readonly shape: readonly [frames: number, width: number];
  /** Class of each example. */
  readonly labels: readonly number[];
  /** Of which corpus each example is: a number from 0. */
  readonly corpora: readonly number[];
  /** Per corpus, the classes that it labels; what it does not label is neither right nor wrong there. */
  readonly labelled: readonly (readonly number[])[];
  /** Per corpus, how often it is drawn, in proportion; absent: every example once per epoch. */
  readonly weights?: readonly number[];
  readonly labelCount: number;
  readonly batchSize: number;
  readonly mixupAlpha?: number;
  readonly specAugment?: SpecAugment;
  /** Standard deviation of the Gaussian noise added to each normalised number. */
  readonly featureNoise?: number;
  /** Each example is seen as a profile of its speaker would have it. */
  readonly simulatedProfiles?: SimulatedProfiles;
  /** Decides the order of the examples and all that is drawn. */
  readonly seed: number;
}

export interface Batch {
  /** (batchSize, frames, width) */
  readonly x: Float32Array<ArrayBuffer>;
  /** (batchSize, labels): one-hot rows, or mixtures. */
  readonly targets: Float32Array<ArrayBuffer>;
  /** (batchSize, labels) of 1 and 0: what each row may be. */
  readonly allowed: Float32Array<ArrayBuffer>;
  /** The class of each row, that of its larger part where two are mixed. */
  readonly labels: readonly number[];
}

/** Full batches per epoch; what is left over waits for another epoch. */
export function batchesPerEpoch({ labels, batchSize }: Pick<BatchPlan, 'labels' | 'batchSize'>): number {
  return Math.floor(labels.length / batchSize);
}

/** The batches of one epoch. The same plan and epoch give the same batches. */
export function* batchesOf(plan: BatchPlan, epoch: number): Generator<Batch> {
  const random = createRandom(plan.seed).fork('order').fork(epoch);
  const offsets =
    plan.simulatedProfiles && drawOffsets(plan, plan.simulatedProfiles, random.fork('profiles'));
  const order = plan.weights
    ? drawWeighted(plan, plan.weights, random)
    : shuffled(plan.labels.length, random);
  for (let batch = 0; batch < batchesPerEpoch(plan); batch += 1) {
    const indices = order.slice(batch * plan.batchSize, (batch + 1) * plan.batchSize);
    yield assemble(plan, indices, random.fork(`batch ${batch}`), offsets);
  }
}

function assemble(
  plan: BatchPlan,
  indices: readonly number[],
  random: Random,
  offsets: OffsetsOf | undefined,
): Batch {
  const { rows, shape, labelCount, mixupAlpha, specAugment, featureNoise } = plan;
  const size = shape[0] * shape[1];
  const x = new Float32Array(indices.length * size);
  const targets = new Float32Array(indices.length * labelCount);
  const allowed = new Float32Array(indices.length * labelCount);
  for (const [row, index] of indices.entries()) {
    x.set(rows.subarray(index * size, (index + 1) * size), row * size);
    targets[row * labelCount + plan.labels[index]] = 1;
    for (const label of plan.labelled[plan.corpora[index]]) allowed[row * labelCount + label] = 1;
  }
  for (let row = 0; row < indices.length; row += 1) {
    const example = x.subarray(row * size, (row + 1) * size);
    if (offsets) subtract(example, offsets(indices[row], random));
    if (specAugment) maskSpectrum(example, shape, specAugment, random);
    if (featureNoise) for (let i = 0; i < size; i += 1) example[i] += featureNoise * random.normal();
  }
  const labels = indices.map((index) => plan.labels[index]);
  const batch = { x, targets, allowed, labels };
  return mixupAlpha ? mixUp(batch, mixupAlpha, random) : batch;
}

/**
 * mixup (Zhang et al. 2018, equation 1): each row with another of the batch, its targets alike, one share for all.
 * A mixture may be whatever either of its parts may be.
 */
function mixUp({ x, targets, allowed, labels }: Batch, alpha: number, random: Random): Batch {
  const drawn = beta(alpha, random);
  const share = Math.max(drawn, 1 - drawn);
  const partners = shuffled(labels.length, random);
  const mix = (values: Float32Array) => {
    const width = values.length / labels.length;
    const mixed = new Float32Array(values.length);
    for (const [row, partner] of partners.entries()) {
      const offset = (partner - row) * width;
      for (let i = row * width; i < (row + 1) * width; i += 1) {
        mixed[i] = share * values[i] + (1 - share) * values[i + offset];
      }
    }
    return mixed;
  };
  return { x: mix(x), targets: mix(targets), allowed: mix(allowed).map(Math.ceil), labels };
}

/** As many examples as there are, each of a corpus drawn by its weight; each corpus goes through all its examples in turn. */
function drawWeighted(plan: BatchPlan, weights: readonly number[], random: Random): number[] {
  const members = weights.map((_, corpus) =>
    plan.corpora.flatMap((of, index) => (of === corpus ? [index] : [])),
  );
  const decks = members.map((): number[] => []);
  const total = weights.reduce((sum, weight, corpus) => sum + (members[corpus].length > 0 ? weight : 0), 0);
  return Array.from(plan.labels, () => {
    let left = random.next() * total;
    let corpus = -1;
    do {
      corpus += 1;
      if (members[corpus].length > 0) left -= weights[corpus];
    } while (left >= 0 && corpus < weights.length - 1);
    if (decks[corpus].length === 0) decks[corpus] = random.shuffle([...members[corpus]]);
    return decks[corpus].pop()!;
  });
}

function subtract(values: Float32Array, offset: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) values[i] -= offset[i];
}

function shuffled(length: number, random: Random): number[] {
  return random.shuffle(Array.from({ length }, (_, index) => index));
}

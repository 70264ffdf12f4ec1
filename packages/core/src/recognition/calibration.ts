import {
  adaptLogits,
  softmaxRows,
  type Adaptation,
  type Embedding,
  type LastLayer,
  type Model,
} from './model.ts';
import { Profile, profileWeight } from './profile.ts';

/** A clip of the person whose voice is learnt. */
export interface HeardClip {
  readonly embedding: Embedding;
  /** Index of the emotion that it is known to hold. */
  readonly label?: number | undefined;
}

/** Pull of the last layer towards its old weights, against the mean cross-entropy of the clips (docs/experiments.md). */
const RIDGE = 1;

/** Steps of Nesterov's method; at this ridge the loss no longer changes in its sixth digit by then. */
const ITERATIONS = 150;

/** Labelled clips, of two emotions at least, below which the last layer is left alone. */
const LEAST_LABELLED = 4;

/**
 * What one speaker's clips have in common, gathered clip by clip: the mean of what each differs by from an average voice
 * (for a labelled clip: from an average voice in that emotion), over the versions of the clip.
 */
export class SpeakerStatistics {
  readonly #sum: Float64Array;
  readonly #labelMeans: Float32Array | null;
  #clips = 0;

  /** @param start a mean over so many clips to begin with */
  constructor(
    width: number,
    {
      labelMeans = null,
      start,
    }: { labelMeans?: Float32Array | null; start?: { mean: Float32Array; clips: number } } = {},
  ) {
    this.#sum = new Float64Array(width);
    this.#labelMeans = labelMeans;
    if (start === undefined) return;
    this.#clips = start.clips;
    for (const [index, value] of start.mean.entries()) this.#sum[index] = start.clips * value;
  }

  get clips(): number {
    return this.#clips;
  }

  get mean(): Float32Array {
    return Float32Array.from(this.#sum, (sum) => (this.#clips === 0 ? 0 : sum / this.#clips));
  }

  /** What is taken off the person's embeddings: the mean, the less of it the fewer the clips. */
  get offset(): Float32Array {
    return this.mean.map((value) => profileWeight(this.#clips) * value);
  }

  add({ embedding: { values, versions, width }, label }: HeardClip): void {
    for (const [index, value] of values.entries()) this.#sum[index % width] += value / versions;
    if (label !== undefined && this.#labelMeans) {
      for (let i = 0; i < width; i++) this.#sum[i] -= this.#labelMeans[label * width + i];
    }
    this.#clips++;
  }
}

/** On how much a verdict's knowledge of the voice rests. */
export interface VoiceExtent {
  /** Clips that the person's profile was learnt from. */
  readonly profileClips: number;
  /** Utterances heard before in the same recording or stream. */
  readonly utterances: number;
}

/** What is known of the one who speaks: by a profile, by what was heard in the same recording, or both. */
export class KnownVoice {
  readonly #profile: Profile | undefined;
  readonly #statistics: SpeakerStatistics;
  #adaptation: Adaptation | undefined;

  constructor(width: number, profile: Profile | undefined) {
    this.#profile = profile;
    this.#statistics = new SpeakerStatistics(width, { start: profile });
    this.#adaptation = profile?.adaptation;
  }

  get adaptation(): Adaptation | undefined {
    return this.#adaptation;
  }

  get extent(): VoiceExtent {
    const profileClips = this.#profile?.clips ?? 0;
    return { profileClips, utterances: this.#statistics.clips - profileClips };
  }

  hear(embedding: Embedding): void {
    this.#statistics.add({ embedding });
    this.#adaptation = { offset: this.#statistics.offset, lastLayer: this.#profile?.lastLayer };
  }
}

/**
 * Learns a person's profile from clips heard by a model with an embedding.
 *
 * The mean is taken off each embedding (speaker normalisation: Busso et al. 2013, "Iterative feature normalization
 * scheme for automatic emotion detection from speech"). From labelled clips of several emotions, the last layer is then
 * fitted anew, by multinomial logistic regression with an L2 penalty on what it changes; labels that no clip has are
 * left out of it.
 */
export async function learnProfile(model: Model, clips: readonly HeardClip[]): Promise<Profile> {
  const { metadata, embeddingSpace } = model;
  const statistics = new SpeakerStatistics(clips[0].embedding.width, { labelMeans: metadata.labelMeans });
  for (const clip of clips) statistics.add(clip);
  const labelled = clips.filter(({ label }) => label !== undefined);
  return new Profile({
    space: embeddingSpace!,
    model: metadata.name,
    clips: clips.length,
    labelled: labelled.length,
    mean: statistics.mean,
    lastLayer: await fitLastLayer(model, labelled, statistics.offset),
  });
}

async function fitLastLayer(
  model: Model,
  clips: readonly HeardClip[],
  offset: Float32Array,
): Promise<Float32Array | undefined> {
  const present = new Set(clips.map(({ label }) => label!));
  if (clips.length < LEAST_LABELLED || present.size < 2) return undefined;
  const layers = await Promise.all(clips.map(({ embedding }) => model.lastLayer(embedding, offset)));
  const { versions } = clips[0].embedding;
  const targets = clips.flatMap(({ label }) => Array<number>(versions).fill(label!));
  const rows = targets.length;
  const layer = {
    hidden: join(layers.map(({ hidden }) => hidden)),
    logits: join(layers.map(({ logits }) => logits)),
  };
  const labels = layer.logits.length / rows;
  for (const index of layer.logits.keys()) if (!present.has(index % labels)) layer.logits[index] = -Infinity;
  return minimise(layer, targets);
}

/** Nesterov's accelerated gradient for a strongly convex loss (Nesterov 2004, "Introductory lectures", 2.2.11). */
function minimise(layer: LastLayer, targets: readonly number[]): Float32Array {
  const rows = targets.length;
  const units = layer.hidden.length / rows;
  const labels = layer.logits.length / rows;
  // The curvature of the mean cross-entropy is at most half the mean squared length of its rows.
  const squares = layer.hidden.reduce((sum, value) => sum + value * value, 0) / rows + 1;
  const smoothness = squares / 2 + 2 * RIDGE;
  const ratio = Math.sqrt(smoothness / (2 * RIDGE));
  const momentum = (ratio - 1) / (ratio + 1);

  let weights = new Float32Array(labels * (units + 1));
  let ahead = weights;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const errors = softmaxRows(adaptLogits(layer, ahead, rows), rows);
    for (const [row, target] of targets.entries()) errors[row * labels + target] -= 1;
    const gradient = ahead.map((weight) => 2 * RIDGE * weight);
    for (const [index, error] of errors.entries()) {
      const row = Math.floor(index / labels);
      const start = (index % labels) * (units + 1);
      const share = error / rows;
      for (let unit = 0; unit < units; unit++)
        gradient[start + unit] += share * layer.hidden[row * units + unit];
      gradient[start + units] += share;
    }
    const next = ahead.map((weight, index) => weight - gradient[index] / smoothness);
    const last = weights;
    ahead = next.map((weight, index) => weight + momentum * (weight - last[index]));
    weights = next;
  }
  return weights;
}

function join(rows: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(rows.reduce((length, row) => length + row.length, 0));
  let end = 0;
  for (const row of rows) {
    joined.set(row, end);
    end += row.length;
  }
  return joined;
}

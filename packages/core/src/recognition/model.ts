import { createSession, Tensor, type InferenceSession } from '#onnxruntime';
import { MarsError } from '../errors.ts';
import { cutGraph } from './graph-cut.ts';
import { parseMetadata, readMetadataProps, type ModelMetadata } from './metadata.ts';

/** What a model makes of one waveform. */
export interface Inference {
  /** Probability of each label, in the order of the metadata. */
  readonly scores: Float32Array;
  /** One weight per step of the waveform, where the model attends; they sum to 1. */
  readonly attention: Float32Array | undefined;
  /** As the model heard it, before any adaptation; undefined where it has none. */
  readonly embedding: Embedding | undefined;
}

/** What the last layers know of a waveform: one row for each version of it (speed) that the model hears. */
export interface Embedding {
  /** (versions, width); over the clips of training each number has mean 0 and standard deviation 1. */
  readonly values: Float32Array;
  readonly versions: number;
  readonly width: number;
}

/** Changes what flows through the last layers: what a profile does. */
export interface Adaptation {
  /** Taken off each row of the embedding, (width). */
  readonly offset: Float32Array;
  /** Weights and biases that are added to those from `hidden` to the logits, (labels, hidden + 1). */
  readonly lastLayer?: Float32Array | undefined;
}

/**
 * What a change of the last layer acts on, and what it changes, for one embedding: (versions, hidden) and (versions, labels).
 * `hidden` is a network's last hidden layer; of a kernel machine it is the vector that the kernels see.
 */
export interface LastLayer {
  readonly hidden: Float32Array;
  readonly logits: Float32Array;
}

/**
 * A model file, opened.
 *
 * Its graph has an input `waveform` float32 (batch, samples), mono at `metadata.sampleRate`, and an output `scores`
 * float32 (batch, labels), which are probabilities; features, normalisation and padding are inside it. It may have the
 * output `attention` (batch, time), whose steps divide the waveform, or the window up to which the graph fills a shorter
 * one (`metadata.windowSec`). If it has `embedding` (batch, versions, width), `hidden` (batch, versions, hidden)
 * and `logits` (batch, versions, labels), it is cut in two at the embedding, so that a person's profile can act there.
 */
export class Model implements AsyncDisposable {
  readonly metadata: ModelMetadata;
  /** Length of an {@link Adaptation}'s arrays; undefined where the model has no embedding. */
  readonly adaptationSize: { readonly offset: number; readonly lastLayer: number } | undefined;
  readonly #body: InferenceSession;
  /** From the embedding on; undefined where the model has none. */
  readonly #head: InferenceSession | undefined;
  readonly #embeddingSpace: (() => string) | undefined;
  #disposal: Promise<void> | undefined;

  private constructor(
    metadata: ModelMetadata,
    body: InferenceSession,
    head?: InferenceSession,
    embeddingSpace?: () => string,
  ) {
    this.metadata = metadata;
    this.#embeddingSpace = embeddingSpace;
    this.#body = body;
    this.#head = head;
    this.adaptationSize = head && {
      offset: lastSize(head, 'input', 'embedding'),
      lastLayer: metadata.labels.length * (lastSize(head, 'output', 'hidden') + 1),
    };
  }

  /**
   * Opens the bytes of a `model.onnx`.
   *
   * @throws MarsError `MODEL_INVALID` when the bytes are no ONNX graph, a metadata entry is missing or wrong, or the
   *   metadata does not fit the graph
   */
  static async open(modelBytes: Uint8Array, { threads = 1 }: { threads?: number } = {}): Promise<Model> {
    const metadata = parseMetadata(readMetadataProps(modelBytes));
    const halves = cutGraph(modelBytes, 'embedding');
    const sessions: InferenceSession[] = [];
    const open = async (bytes: Uint8Array) => {
      const session = await openSession(bytes, metadata, threads);
      sessions.push(session);
      return session;
    };
    try {
      const body = await open(halves?.body ?? modelBytes);
      requireWaveform(metadata, body);
      const labels = metadata.labels.length;
      if (halves === undefined) {
        requireTensor('output', body.outputMetadata, 'scores', [null, labels]);
        return new Model(metadata, body);
      }
      requireTensor('output', body.outputMetadata, 'embedding', [null, 'fixed', 'fixed']);
      const head = await open(halves.head);
      requireTensor('output', head.outputMetadata, 'scores', [null, labels]);
      requireTensor('output', head.outputMetadata, 'hidden', [null, 'fixed', 'fixed']);
      requireTensor('output', head.outputMetadata, 'logits', [null, 'fixed', labels]);
      return new Model(
        metadata,
        body,
        head,
        once(() => fingerprint(halves.body)),
      );
    } catch (error) {
      await Promise.all(sessions.map((session) => session.release()));
      throw error;
    }
  }

  /**
   * Names the space in which the embeddings lie: what was learnt of a person by one model says nothing to another.
   * Undefined where the model has no embedding.
   */
  get embeddingSpace(): string | undefined {
    return this.#embeddingSpace?.();
  }

  /**
   * Scores a waveform at the model's rate.
   *
   * @param adaptation only of a model with an embedding
   * @throws MarsError `MODEL_INVALID` when what comes out is not a number
   */
  async infer(waveform: Float32Array, adaptation?: Adaptation): Promise<Inference> {
    const output = await this.#body.run({ waveform: new Tensor('float32', waveform, [1, waveform.length]) });
    const attention = output.attention && this.#finite(output.attention);
    if (this.#head === undefined) {
      return { scores: this.#finite(output.scores), attention, embedding: undefined };
    }
    const [, versions, width] = output.embedding.dims;
    const embedding = { values: this.#finite(output.embedding), versions, width };
    return { scores: await this.#score(embedding, adaptation), attention, embedding };
  }

  /** What the last layer takes and gives for an embedding, less `offset` (width). Only of a model with an embedding. */
  async lastLayer(embedding: Embedding, offset: Float32Array): Promise<LastLayer> {
    const { hidden, logits } = await this.#runHead(embedding, offset);
    return { hidden: this.#finite(hidden), logits: this.#finite(logits) };
  }

  /** Frees the native memory; the model is of no use afterwards. Calling it again does nothing. */
  dispose(): Promise<void> {
    this.#disposal ??= Promise.all([this.#body.release(), this.#head?.release()]).then(() => undefined);
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #score(embedding: Embedding, adaptation: Adaptation | undefined): Promise<Float32Array> {
    const { scores, hidden, logits } = await this.#runHead(embedding, adaptation?.offset);
    if (adaptation?.lastLayer === undefined) return this.#finite(scores);
    const layer = { hidden: this.#finite(hidden), logits: this.#finite(logits) };
    return meanOfVersions(adaptLogits(layer, adaptation.lastLayer, embedding.versions), embedding.versions);
  }

  #runHead(
    { values, versions, width }: Embedding,
    offset?: Float32Array,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const shifted = offset ? values.map((value, index) => value - offset[index % width]) : values;
    return this.#head!.run({ embedding: new Tensor('float32', shifted, [1, versions, width]) });
  }

  #finite({ data }: { readonly data: unknown }): Float32Array {
    const numbers = data as Float32Array;
    if (numbers.every((number) => Number.isFinite(number))) return numbers;
    throw new MarsError(
      'MODEL_INVALID',
      `The model "${this.metadata.name}" gave scores that are not numbers for a finite waveform. Train or export it again.`,
    );
  }
}

/**
 * The logits (rows, labels) with `change` (labels, hidden + 1) added to the weights and biases of the last layer.
 *
 * @param rows how many rows `hidden` and `logits` have: versions, or versions of several clips
 */
export function adaptLogits({ hidden, logits }: LastLayer, change: Float32Array, rows: number): Float32Array {
  const units = hidden.length / rows;
  const labels = logits.length / rows;
  return logits.map((logit, index) => {
    const row = Math.floor(index / labels);
    const weights = (index % labels) * (units + 1);
    let sum = logit + change[weights + units];
    for (let unit = 0; unit < units; unit++) sum += change[weights + unit] * hidden[row * units + unit];
    return sum;
  });
}

/** Softmax over the labels of each row, in place of the logits. */
export function softmaxRows(logits: Float32Array, rows: number): Float32Array {
  const labels = logits.length / rows;
  for (let start = 0; start < logits.length; start += labels) {
    const row = logits.subarray(start, start + labels);
    const highest = Math.max(...row);
    let total = 0;
    for (let label = 0; label < labels; label++) total += row[label] = Math.exp(row[label] - highest);
    for (let label = 0; label < labels; label++) row[label] /= total;
  }
  return logits;
}

function meanOfVersions(logits: Float32Array, versions: number): Float32Array {
  const probabilities = softmaxRows(logits, versions);
  const labels = logits.length / versions;
  const mean = new Float32Array(labels);
  for (const [index, probability] of probabilities.entries()) mean[index % labels] += probability / versions;
  return mean;
}

async function openSession(
  bytes: Uint8Array,
  { name }: ModelMetadata,
  threads: number,
): Promise<InferenceSession> {
  try {
    return await createSession(bytes, { threads });
  } catch (cause) {
    throw new MarsError(
      'MODEL_INVALID',
      `ONNX Runtime cannot open the model "${name}": ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function lastSize(session: InferenceSession, side: 'input' | 'output', name: string): number {
  const values = side === 'input' ? session.inputMetadata : session.outputMetadata;
  const value = values.find((candidate) => candidate.name === name);
  return value?.isTensor ? Number(value.shape.at(-1)) : 0;
}

function requireWaveform({ name }: ModelMetadata, { inputMetadata }: InferenceSession): void {
  if (inputMetadata.some((input) => input.name === 'mfcc')) {
    throw new MarsError(
      'MODEL_INVALID',
      `The model "${name}" takes MFCCs: it was exported by an older MARS. Export it again ("mars export").`,
    );
  }
  requireTensor('input', inputMetadata, 'waveform', [null, null]);
}

/** A size that must be the graph's: a number; left open in it (null), where a name stands; or whatever it was made for. */
type Size = number | null | 'fixed';

function requireTensor(
  side: 'input' | 'output',
  values: readonly InferenceSession.ValueMetadata[],
  name: string,
  shape: readonly Size[],
): void {
  const value = values.find((candidate) => candidate.name === name);
  const fits =
    value?.isTensor &&
    value.type === 'float32' &&
    value.shape.length === shape.length &&
    value.shape.every(
      (size, axis) => shape[axis] === 'fixed' || typeof size === 'string' || size === shape[axis],
    );
  if (fits) return;
  throw new MarsError(
    'MODEL_INVALID',
    `A model with this metadata has the ${side} ${describe(name, 'float32', shape)}; the graph has ` +
      `${values.map((v) => (v.isTensor ? describe(v.name, v.type, v.shape) : v.name)).join(', ')}. Export the model again.`,
  );
}

function describe(name: string, type: string, shape: readonly (number | string | null)[]): string {
  return `"${name}" ${type} [${shape.map((size) => size ?? 'any').join(', ')}]`;
}

/** Only profiles ask for a fingerprint, and the page's first verdict would wait for it, a tenth of a second or two. */
function once(value: () => string): () => string {
  let known: string | undefined;
  return () => (known ??= value());
}

/** FNV-1a of 32 bits, twice with different beginnings: tells models apart, and is no protection against forgery. */
function fingerprint(bytes: Uint8Array): string {
  return [0x811c9dc5, 0x1b873593]
    .map((basis) => {
      let hash = basis;
      for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
      return (hash >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}

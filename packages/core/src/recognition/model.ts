import { createSession, type InferenceSession } from '#onnxruntime';
import { MarsError } from '../errors.ts';
import { parseMetadata, readMetadataProps, type ModelMetadata } from './metadata.ts';

/** A model file, opened: what it says of itself, and the graph ready to run. */
export interface Model {
  readonly metadata: ModelMetadata;
  readonly session: InferenceSession;
}

/**
 * Opens the bytes of a `model.onnx`.
 *
 * The graph has an input `waveform` float32 (batch, samples), mono at `metadata.sampleRate`, and an output `scores`
 * float32 (batch, labels), which are probabilities; features, normalisation and padding are inside it.
 *
 * @throws MarsError `MODEL_INVALID` when the bytes are no ONNX graph, a metadata entry is missing or wrong, or the
 *   metadata does not fit the graph
 */
export async function openModel(
  modelBytes: Uint8Array,
  { threads = 1 }: { threads?: number } = {},
): Promise<Model> {
  const metadata = parseMetadata(readMetadataProps(modelBytes));
  let session: InferenceSession;
  try {
    session = await createSession(modelBytes, { threads });
  } catch (cause) {
    throw new MarsError(
      'MODEL_INVALID',
      `ONNX Runtime cannot open the model "${metadata.name}": ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  try {
    requireWaveform(metadata, session);
    requireTensor('output', session.outputMetadata, 'scores', [null, metadata.labels.length]);
  } catch (error) {
    await session.release();
    throw error;
  }
  return { metadata, session };
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

function requireTensor(
  side: 'input' | 'output',
  values: readonly InferenceSession.ValueMetadata[],
  name: string,
  shape: readonly (number | null)[],
): void {
  const value = values.find((candidate) => candidate.name === name);
  const fits =
    value?.isTensor &&
    value.type === 'float32' &&
    value.shape.length === shape.length &&
    // A symbolic size (a name) fits any number; a fixed one must be the expected one, and never stand where any is allowed.
    value.shape.every((size, axis) => typeof size === 'string' || size === shape[axis]);
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

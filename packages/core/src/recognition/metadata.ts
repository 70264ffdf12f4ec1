import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { MarsError } from '../errors.ts';
import { decodeFloat16 } from './float16.ts';

/** Fitted on validation speakers: scores become `score ** (1 / temperature)`, confidence below `threshold` is `uncertain`. */
export interface Calibration {
  readonly temperature: number;
  readonly threshold: number;
}

/** Which clips the model has not seen: the test part of this fold of this protocol. */
export interface Split {
  readonly protocol: string;
  readonly fold: string;
  /** Over the names of the test part's takes: other clips, divided by the same rule, are another test part. */
  readonly testHash: string;
}

/** What a model file says of itself, in the `metadata_props` of its ONNX graph. */
export interface ModelMetadata {
  readonly name: string;
  /** In the order of the graph's `scores`. */
  readonly labels: readonly string[];
  /** Hz, of the waveform that the graph takes. */
  readonly sampleRate: number;
  /** Length of the clips that the model was trained on. */
  readonly windowSec: number;
  readonly trainedOn: string;
  readonly licence: string;
  readonly card: string;
  readonly calibration: Calibration | null;
  /**
   * The mean embedding of each label's training clips, (labels, width): what a profile weighs labelled clips against.
   * Only of models with an `embedding`.
   */
  readonly labelMeans: Float32Array | null;
  /** Absent (null): nobody knows what the model was trained on exactly, so a test on its corpus may flatter it. */
  readonly split: Split | null;
}

// Field numbers of onnx.proto: ModelProto.metadata_props, StringStringEntryProto.key and .value.
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/**
 * Reads `metadata_props` from the bytes of an ONNX file: ONNX Runtime's JavaScript interface does not hand them out.
 * Walks over the top-level fields only, so the weights are neither parsed nor copied.
 *
 * @throws MarsError `MODEL_INVALID` when the bytes are not a protobuf message
 */
export function readMetadataProps(modelBytes: Uint8Array): Map<string, string> {
  const props = new Map<string, string>();
  try {
    const model = new BinaryReader(modelBytes);
    while (model.pos < model.len) {
      const [field, wireType] = model.tag();
      if (field !== METADATA_PROPS || wireType !== WireType.LengthDelimited) {
        model.skip(wireType, field);
        continue;
      }
      const entry = new BinaryReader(model.bytes());
      let key = '';
      let value = '';
      while (entry.pos < entry.len) {
        const [entryField, entryWireType] = entry.tag();
        if (entryField === KEY) key = entry.string();
        else if (entryField === VALUE) value = entry.string();
        else entry.skip(entryWireType, entryField);
      }
      props.set(key, value);
    }
  } catch (cause) {
    throw new MarsError(
      'MODEL_INVALID',
      `The ${modelBytes.length} bytes are not an ONNX file. Give a model.onnx that "mars export" wrote.`,
      { cause },
    );
  }
  return props;
}

/**
 * Turns the strings of `metadata_props` into {@link ModelMetadata}.
 *
 * @throws MarsError `MODEL_INVALID` naming the key, what it holds and what was expected
 *
 * @example
 * parseMetadata(readMetadataProps(modelBytes)).labels; // ['neutral', 'calm', …]
 */
export function parseMetadata(props: ReadonlyMap<string, string>): ModelMetadata {
  return {
    name: text(props, 'name'),
    labels: labels(props),
    sampleRate: positive('sampleRate', Number(text(props, 'sampleRate'))),
    windowSec: positive('windowSec', Number(text(props, 'windowSec'))),
    trainedOn: text(props, 'trainedOn'),
    licence: text(props, 'licence'),
    card: text(props, 'card'),
    calibration: props.has('calibration') ? calibration(props) : null,
    labelMeans: props.has('labelMeans') ? labelMeans(props) : null,
    split: props.has('split') ? split(props) : null,
  };
}

function labels(props: ReadonlyMap<string, string>): string[] {
  const value = json(props, 'labels');
  const good =
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((label): label is string => typeof label === 'string' && label !== '') &&
    new Set(value).size === value.length;
  if (!good) throw invalid('labels', value, 'a JSON array of two or more different names');
  return value;
}

function calibration(props: ReadonlyMap<string, string>): Calibration {
  const value = record(props, 'calibration');
  const threshold = value['threshold'];
  if (typeof threshold !== 'number' || !(threshold >= 0 && threshold <= 1)) {
    throw invalid('calibration.threshold', threshold, 'a number from 0 to 1');
  }
  return { temperature: positive('calibration.temperature', value['temperature']), threshold };
}

function labelMeans(props: ReadonlyMap<string, string>): Float32Array {
  const value = text(props, 'labelMeans');
  const count = labels(props).length;
  try {
    const means = decodeFloat16(value);
    if (means.length > 0 && means.length % count === 0 && means.every((mean) => Number.isFinite(mean)))
      return means;
  } catch {
    // Told below, with what else can be wrong.
  }
  throw invalid(
    'labelMeans',
    `${value.slice(0, 12)}…`,
    `base64 of 16-bit floats, as many for each of ${count} labels,`,
  );
}

function split(props: ReadonlyMap<string, string>): Split {
  const { protocol, fold, testHash } = record(props, 'split');
  if (typeof protocol !== 'string' || typeof fold !== 'string' || typeof testHash !== 'string') {
    throw invalid(
      'split',
      { protocol, fold, testHash },
      'the names of a protocol and a fold, and the hash of its test part',
    );
  }
  return { protocol, fold, testHash };
}

function text(props: ReadonlyMap<string, string>, key: string): string {
  const value = props.get(key);
  if (value === undefined || value === '') {
    const present = [...props.keys()].join(', ') || 'none at all';
    throw new MarsError(
      'MODEL_INVALID',
      `The model's metadata has no "${key}" (it has: ${present}). Give a model.onnx that "mars export" wrote.`,
    );
  }
  return value;
}

function json(props: ReadonlyMap<string, string>, key: string): unknown {
  const value = text(props, key);
  try {
    return JSON.parse(value);
  } catch {
    throw invalid(key, value, 'JSON');
  }
}

function record(props: ReadonlyMap<string, string>, key: string): Record<string, unknown> {
  const value = json(props, key);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(key, value, 'a JSON object');
  }
  return value as Record<string, unknown>;
}

function positive(key: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && value < Infinity)) {
    throw invalid(key, value, 'a number above 0');
  }
  return value;
}

function invalid(key: string, value: unknown, expected: string): MarsError {
  return new MarsError(
    'MODEL_INVALID',
    `The model's metadata "${key}" holds ${JSON.stringify(value) ?? 'nothing'}; ${expected} was expected. Export the model again.`,
  );
}

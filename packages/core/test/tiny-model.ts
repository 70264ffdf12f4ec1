import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';

const N_MFCC = 40;
const HIDDEN = 12;

export const TINY_LABELS = ['neutral', 'calm', 'happy', 'sad', 'angry', 'fearful', 'disgust', 'surprised'];

/** The metadata of a complete model file, as `mars export` writes it; entries set to `undefined` are left out. */
export function tinyMetadata(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const complete: Record<string, string | undefined> = {
    name: 'tiny',
    labels: JSON.stringify(TINY_LABELS),
    sampleRate: '22050',
    features: JSON.stringify({ kind: 'mfcc', nMfcc: N_MFCC, nFft: 2048, hopLength: 512, nMels: 128 }),
    windowSec: '4.64',
    trainedOn: 'nothing: fixed random weights',
    licence: 'MIT',
    card: 'A network for tests, of the form of a real one.',
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(complete).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * A real, small model file: MFCCs → normalise → dense, tanh → mean over time → dense → softmax, with fixed random
 * weights. It hears nothing, but every clip has its own scores.
 */
export function tinyModel({
  metadata = tinyMetadata(),
  labels = TINY_LABELS.length,
  inputName = 'mfcc',
}: { metadata?: Record<string, string>; labels?: number; inputName?: string } = {}): Uint8Array {
  const random = generator(7);
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
    metadataProps: Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
    graph: create(GraphProtoSchema, {
      name: 'tiny',
      input: [value(inputName, ['batch', 'frames', N_MFCC])],
      output: [value('scores', ['batch', labels]), value('attention', ['batch', 'frames'])],
      initializer: [
        tensor('scale', [N_MFCC], () => 0.02),
        tensor('hidden', [N_MFCC, HIDDEN], random),
        tensor('head', [HIDDEN, labels], () => 3 * random()),
      ],
      node: [
        node('Mul', [inputName, 'scale'], 'normalised'), // (batch, frames, 40)
        node('MatMul', ['normalised', 'hidden'], 'projected'), // (batch, frames, 12)
        node('Tanh', ['projected'], 'activated'),
        node('ReduceMean', ['activated'], 'pooled', { axes: [1], keepdims: 0 }), // (batch, 12)
        node('MatMul', ['pooled', 'head'], 'logits'), // (batch, labels)
        node('Softmax', ['logits'], 'scores', { axis: -1 }),
        node('ReduceMean', ['activated'], 'energy', { axes: [2], keepdims: 0 }), // (batch, frames)
        node('Softmax', ['energy'], 'attention', { axis: -1 }),
      ],
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

function value(name: string, shape: (number | string)[]) {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  const type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type });
}

function tensor(name: string, dims: number[], fill: () => number) {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: DataType.FLOAT,
    floatData: Array.from({ length: size }, fill),
  });
}

function node(
  opType: string,
  input: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
) {
  const attribute = Object.entries(attributes).map(([name, setting]) =>
    Array.isArray(setting)
      ? create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: setting.map(BigInt) })
      : create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(setting) }),
  );
  return create(NodeProtoSchema, { opType, name: output, input, output: [output], attribute });
}

/** Numbers from -1 to 1, the same at every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

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
import { generator } from './generator.ts';

const BANDS = 24;
const FRAME = 256;
const HIDDEN = 12;
const VERSIONS = 2;

export const TINY_LABELS = ['neutral', 'calm', 'happy', 'sad', 'angry', 'fearful', 'disgust', 'surprised'];

/** The metadata of a complete model file, as `mars export` writes it; entries set to `undefined` are left out. */
export function tinyMetadata(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const complete: Record<string, string | undefined> = {
    name: 'tiny',
    labels: JSON.stringify(TINY_LABELS),
    sampleRate: '22050',
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
 * A real, small model file: waveform → loudness of some bands → dense, tanh → mean over time → two
 * versions (the embedding) → ReLU → dense → softmax → mean over the versions, with fixed random weights. It hears nothing, but every clip has its own scores.
 */
export function tinyModel({
  metadata = tinyMetadata(),
  labels = TINY_LABELS.length,
  inputName = 'waveform',
  embedding = true,
}: {
  metadata?: Record<string, string>;
  labels?: number;
  inputName?: string;
  /** Whether it gives what a profile acts on. */
  embedding?: boolean;
} = {}): Uint8Array {
  const random = generator(7);
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
    metadataProps: Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
    graph: create(GraphProtoSchema, {
      name: 'tiny',
      input: [value(inputName, ['batch', 'samples'])],
      output: [
        value('scores', ['batch', labels]),
        value('attention', ['batch', 'frames']),
        ...(embedding
          ? [
              value('embedding', ['batch', VERSIONS, HIDDEN]),
              value('hidden', ['batch', VERSIONS, HIDDEN]),
              value('logits', ['batch', VERSIONS, labels]),
            ]
          : []),
      ],
      initializer: [
        integers('middle', [1]),
        tensor('waves', [BANDS, 1, FRAME], wave),
        tensor('quietest', [], () => 1e-3),
        tensor('versions', [1, VERSIONS, 1], (index) => 1 + 0.1 * index),
        tensor('projection', [BANDS, HIDDEN], () => 0.3 * random()),
        tensor('head', [HIDDEN, labels], () => 3 * random()),
      ],
      node: [
        node('Unsqueeze', [inputName, 'middle'], 'channel'), // (batch, 1, samples)
        node('Conv', ['channel', 'waves'], 'filtered', {
          strides: [FRAME / 2],
          pads: [FRAME / 2, FRAME / 2],
        }),
        node('Abs', ['filtered'], 'amplitudes'), // (batch, 24, frames)
        node('Add', ['amplitudes', 'quietest'], 'audible'),
        node('Log', ['audible'], 'loudness'),
        node('Transpose', ['loudness'], 'frames', { perm: [0, 2, 1] }), // (batch, frames, 24)
        node('MatMul', ['frames', 'projection'], 'projected'), // (batch, frames, 12)
        node('Tanh', ['projected'], 'activated'),
        node('ReduceMean', ['activated'], 'pooled', { axes: [1], keepdims: 1 }), // (batch, 1, 12)
        node('Mul', ['pooled', 'versions'], 'embedding'), // (batch, 2, 12)
        node('Relu', ['embedding'], 'hidden'), // (batch, 2, 12)
        node('MatMul', ['hidden', 'head'], 'logits'), // (batch, 2, labels)
        node('Softmax', ['logits'], 'each', { axis: -1 }),
        node('ReduceMean', ['each'], 'scores', { axes: [1], keepdims: 0 }), // (batch, labels)
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

/** One sample of the bands' filters: cosines of 1 … 24 periods per frame that swell and fade. */
function wave(index: number): number {
  const turn = (2 * Math.PI * (index % FRAME)) / FRAME;
  return (0.5 - 0.5 * Math.cos(turn)) * Math.cos((Math.floor(index / FRAME) + 1) * turn);
}

function integers(name: string, values: number[]) {
  const [dims, int64Data] = [[BigInt(values.length)], values.map(BigInt)];
  return create(TensorProtoSchema, { name, dims, dataType: DataType.INT64, int64Data });
}

function tensor(name: string, dims: number[], fill: (index: number) => number) {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: DataType.FLOAT,
    floatData: Array.from({ length: size }, (_, index) => fill(index)),
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

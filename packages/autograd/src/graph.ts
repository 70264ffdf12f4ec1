import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import type { Attribute, DataType, Node, Tensor, TypedData } from './tensor.ts';

export interface GraphOptions {
  name?: string;
  /** Written as the model's `metadata_props`. */
  metadata?: Record<string, string>;
}

const OPSET = 17n;
/** The file format's version that goes with opset 17; every ONNX Runtime since 1.12 reads it. */
const IR_VERSION = 8n;

const DATA_TYPES: Record<DataType, TensorProto_DataType> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int64: TensorProto_DataType.INT64,
  int8: TensorProto_DataType.INT8,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};

/**
 * Writes everything that `outputs` depend on as one ONNX model (opset 17, IR 8).
 * Inputs of the model are the `input` tensors found on the way; constants become initialisers.
 *
 * @throws RangeError when two tensors (inputs, named constants, outputs) claim the same name.
 * @example
 * const x = input('x', ['batch', 3]);
 * const bytes = writeGraph({ y: relu(x) });
 */
export function writeGraph(
  outputs: Record<string, Tensor>,
  { name = 'mars', metadata = {} }: GraphOptions = {},
) {
  const names = new Map<Tensor, string>();
  const taken = new Map<string, string>();
  const initializer: TensorProto[] = [];
  const inputs: ValueInfoProto[] = [];
  const node: NodeProto[] = [];

  const claim = (label: string, owner: string) => {
    if (taken.has(label)) {
      throw new RangeError(
        `Two tensors of one graph are named '${label}': ${taken.get(label)} and ${owner}. ` +
          'Make an input once and use it again, or give each its own name.',
      );
    }
    taken.set(label, owner);
  };
  const nameLeaf = (tensor: Tensor) => {
    if (names.has(tensor)) return;
    if (tensor.source.kind === 'input') {
      claim(tensor.source.name, `an input [${tensor.shape.join(', ')}]`);
      names.set(tensor, tensor.source.name);
      inputs.push(valueInfo(tensor.source.name, tensor));
    } else if (tensor.source.kind === 'constant') {
      const label = tensor.source.name ?? `constant_${initializer.length}`;
      claim(label, `a constant [${tensor.shape.join(', ')}]`);
      names.set(tensor, label);
      initializer.push(tensorProto(label, tensor, tensor.source.data));
    }
  };
  // An output's name is that of the very tensor: whoever reads the file can follow it, or cut the graph there.
  for (const [label, tensor] of Object.entries(outputs)) {
    if (tensor.source.kind !== 'node' || tensor.source.node.operator === 'Identity' || names.has(tensor))
      continue;
    claim(label, `an output [${tensor.shape.join(', ')}]`);
    names.set(tensor, label);
  }
  for (const current of topologicalOrder(Object.values(outputs))) {
    // An Identity with several inputs is `withGradient`: only the value itself is wired.
    const wired = current.operator === 'Identity' ? current.inputs.slice(0, 1) : current.inputs;
    wired.forEach(nameLeaf);
    if (current.operator === 'Identity') {
      names.set(current.outputs[0], names.get(wired[0])!);
      continue;
    }
    current.outputs.forEach((output, index) => {
      if (names.has(output)) return;
      const label = `t${node.length}_${index}`;
      claim(label, `what a ${current.operator} gives`);
      names.set(output, label);
    });
    node.push(
      create(NodeProtoSchema, {
        name: `${current.operator}_${node.length}`,
        opType: current.operator,
        input: wired.map((tensor) => names.get(tensor)!),
        output: current.outputs.map((tensor) => names.get(tensor)!),
        attribute: Object.entries(current.attributes).map(([key, value]) => attributeProto(key, value)),
      }),
    );
  }
  const outputInfos = Object.entries(outputs).map(([label, tensor]) => {
    nameLeaf(tensor);
    if (names.get(tensor) === label && tensor.source.kind === 'node') return valueInfo(label, tensor);
    claim(label, `an output [${tensor.shape.join(', ')}]`);
    node.push(
      create(NodeProtoSchema, {
        opType: 'Identity',
        input: [names.get(tensor)!],
        output: [label],
        name: `output_${label}`,
      }),
    );
    return valueInfo(label, tensor);
  });

  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'mars',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: OPSET })],
    graph: create(GraphProtoSchema, { name, node, initializer, input: inputs, output: outputInfos }),
    metadataProps: Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
  return toBinary(ModelProtoSchema, model);
}

/** Every node that the tensors depend on, inputs before outputs. */
function topologicalOrder(tensors: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (tensor: Tensor) => {
    if (tensor.source.kind !== 'node' || seen.has(tensor.source.node)) return;
    seen.add(tensor.source.node);
    stack.push({ node: tensor.source.node, next: 0 });
  };
  for (const tensor of tensors) {
    visit(tensor);
    while (stack.length > 0) {
      const frame = stack[stack.length - 1];
      const wired = frame.node.operator === 'Identity' ? 1 : frame.node.inputs.length;
      if (frame.next < wired) {
        visit(frame.node.inputs[frame.next]);
        frame.next += 1;
      } else {
        stack.pop();
        order.push(frame.node);
      }
    }
  }
  return order;
}

function valueInfo(name: string, tensor: Tensor): ValueInfoProto {
  const dim = tensor.shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: DATA_TYPES[tensor.dataType],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

function tensorProto(name: string, tensor: Tensor, data: TypedData): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: tensor.shape.map((size) => BigInt(size)),
    dataType: DATA_TYPES[tensor.dataType],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
  });
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  const type = AttributeProto_AttributeType;
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: type.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: type.INTS, ints: value.map(BigInt) });
}

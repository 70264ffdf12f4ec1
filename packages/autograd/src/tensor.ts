/**
 * Symbolic tensors. Nothing is computed here: an operation records an ONNX node, `gradient` adds the nodes of
 * the backward pass, `graph.ts` writes what has been recorded as an ONNX model.
 */

/** A size that is known (number) or left open until the graph runs (the name of the axis). */
export type Dimension = number | string;
export type Shape = readonly Dimension[];
export type DataType = 'float32' | 'float16' | 'int64' | 'int8' | 'uint8' | 'bool';
export type TypedData = Float32Array | Float16Array | BigInt64Array | Int8Array | Uint8Array;
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** What the upstream gradients of a node's outputs (undefined = zero) make of the gradients of its inputs. */
export type Backward = (upstream: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];

export interface Node {
  readonly operator: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: Tensor[];
  /** Absent: the node is a dead end for gradients (a comparison, say). */
  readonly backward?: Backward;
}

/** Where a tensor comes from: fed from outside by name, stored in the file, or computed by a node. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: TypedData; readonly name?: string }
  | { readonly kind: 'node'; readonly node: Node };

export interface Tensor {
  readonly shape: Shape;
  readonly dataType: DataType;
  readonly source: Source;
}

/**
 * A value that is fed when the graph runs. Shape: any, with names for open axes.
 *
 * @example
 * const clips = input('clips', ['batch', 'frames', 40]);
 */
export function input(name: string, shape: Shape, dataType: DataType = 'float32'): Tensor {
  return { shape, dataType, source: { kind: 'input', name } };
}

/**
 * A value stored in the graph. `name` is kept in the file where it is given (weights keep their names).
 *
 * @throws RangeError when the values do not fill the shape.
 * @example
 * const identity = constant(Float32Array.of(1, 0, 0, 1), [2, 2]);
 */
export function constant(data: TypedData, shape: readonly number[], name?: string): Tensor {
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected) {
    throw new RangeError(
      `A constant of shape [${shape.join(', ')}] holds ${expected} values; ${data.length} came.`,
    );
  }
  return { shape, dataType: dataTypeOf(data), source: { kind: 'constant', data, name } };
}

function dataTypeOf(data: TypedData): DataType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Uint8Array) return 'uint8';
  return data instanceof Int8Array ? 'int8' : 'float16';
}

const scalars = new Map<number, Tensor>();

/** A float32 constant of shape []. Equal values share one tensor. */
export function scalar(value: number): Tensor {
  let tensor = scalars.get(value);
  if (!tensor) scalars.set(value, (tensor = constant(Float32Array.of(value), [])));
  return tensor;
}

/** An int64 constant of shape [values.length]: axes, sizes and shapes for ONNX operators. */
export function indices(values: readonly number[]): Tensor {
  return constant(BigInt64Array.from(values, BigInt), [values.length]);
}

/** Records one node and returns its outputs, one per shape. */
export function record(
  operator: string,
  inputs: readonly Tensor[],
  shapes: readonly Shape[],
  { attributes = {}, dataType = 'float32', backward }: RecordOptions = {},
): Tensor[] {
  const outputs: Tensor[] = [];
  const node: Node = { operator, inputs, attributes, outputs, backward };
  for (const shape of shapes) outputs.push({ shape, dataType, source: { kind: 'node', node } });
  return outputs;
}

interface RecordOptions {
  attributes?: Record<string, Attribute>;
  dataType?: DataType;
  backward?: Backward;
}

/** The shape, all of whose sizes must be known. */
export function staticShape(tensor: Tensor): number[] {
  return tensor.shape.map((size) => {
    if (typeof size !== 'number') {
      throw new TypeError(
        `[${tensor.shape.join(', ')}] has the open axis '${size}' where known sizes are needed.`,
      );
    }
    return size;
  });
}

/** Number of elements of a tensor of known shape. */
export function sizeOf(tensor: Tensor): number {
  return staticShape(tensor).reduce((product, size) => product * size, 1);
}

/** Size of one axis, which must be known; negative axes count from the end. */
export function axisSize(tensor: Tensor, axis: number): number {
  const size = tensor.shape.at(axis);
  if (typeof size !== 'number') {
    throw new TypeError(`Axis ${axis} of [${tensor.shape.join(', ')}] must be a known size.`);
  }
  return size;
}

import type { Random } from './random.ts';
import { cast, reshape, split, mul } from './operations.ts';
import { constant, type Shape, type Tensor } from './tensor.ts';

/** Draws the first values of a parameter. */
export type Initialiser = (shape: readonly number[], random: Random) => Float32Array;

export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly initialise: Initialiser;
  /** Whether weight decay applies: to matrices, not to biases and normalisation gains. Default true. */
  readonly decay?: boolean;
}

/** Values that are carried along but not trained: running statistics. */
export interface BufferSpec {
  readonly shape: readonly number[];
  readonly value: number;
}

/** What a layer may ask for while it records its forward pass. Names are local to the layer. */
export interface Scope {
  /** Training records batch statistics and dropout; otherwise the graph is the deterministic one that ships. */
  readonly training: boolean;
  readonly parameter: (name: string) => Tensor;
  readonly buffer: (name: string) => Tensor;
  /** The buffer's next value (training only). */
  readonly updateBuffer: (name: string, value: Tensor) => void;
  /** Uniform numbers in [0, 1), drawn anew for every step (training only). */
  readonly uniform: (shape: readonly number[]) => Tensor;
  /** Makes an intermediate result an output of the inference graph. */
  readonly expose: (name: string, tensor: Tensor) => void;
}

export interface Layer {
  readonly parameters?: Readonly<Record<string, ParameterSpec>>;
  readonly buffers?: Readonly<Record<string, BufferSpec>>;
  forward(x: Tensor, scope: Scope): Tensor;
}

/** Layers by name, applied in the order in which they stand. */
export interface Network {
  readonly layers: Readonly<Record<string, Layer>>;
  /** All parameters as `layer.parameter`, in the order of the flat parameter vector. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly buffers: Readonly<Record<string, BufferSpec>>;
}

/**
 * A network from its table of layers.
 *
 * @throws RangeError for a layer's name that is a number (JavaScript would move it to the front) or holds a dot.
 * @example
 * const mlp = network({ hidden: dense({ inFeatures: 40, outFeatures: 64 }), act: activation('relu'), out: dense({ inFeatures: 64, outFeatures: 8 }) });
 */
export function network(layers: Record<string, Layer>): Network {
  const misnamed = Object.keys(layers).find((name) => /^\d+$|\.|^$/.test(name));
  if (misnamed !== undefined) {
    throw new RangeError(`A layer needs a name that is no number and has no dot; '${misnamed}' came.`);
  }
  const collect = <T>(kind: 'parameters' | 'buffers') =>
    Object.fromEntries(
      Object.entries(layers).flatMap(([layer, value]) =>
        Object.entries(value[kind] ?? {}).map(([name, spec]) => [`${layer}.${name}`, spec as T]),
      ),
    );
  return {
    layers,
    parameters: collect<ParameterSpec>('parameters'),
    buffers: collect<BufferSpec>('buffers'),
  };
}

/** Number of values in all parameters (or buffers) together: the length of the flat vector. */
export function vectorSize(specs: Readonly<Record<string, { shape: readonly number[] }>>): number {
  return Object.values(specs).reduce((total, { shape }) => total + volume(shape), 0);
}

/** The flat vector of first parameter values, drawn in the order of the parameters. */
export function initialiseParameters({ parameters }: Network, random: Random): Float32Array {
  return flatten(
    Object.entries(parameters).map(([name, spec]) => spec.initialise(spec.shape, random.fork(name))),
  );
}

/** The flat vector of first buffer values. */
export function initialiseBuffers({ buffers }: Network): Float32Array {
  return flatten(
    Object.values(buffers).map(({ shape, value }) => new Float32Array(volume(shape)).fill(value)),
  );
}

/** 1 where weight decay applies, else 0; one value per parameter value. */
export function decayMask({ parameters }: Network): Float32Array {
  return flatten(
    Object.values(parameters).map(({ shape, decay = true }) =>
      new Float32Array(volume(shape)).fill(Number(decay)),
    ),
  );
}

/** A flat vector taken apart into named tensors that stay connected to it, so gradients reach it as one vector. */
export function unflatten(
  vector: Tensor,
  specs: Readonly<Record<string, { shape: readonly number[] }>>,
): Record<string, Tensor> {
  const entries = Object.entries(specs);
  if (entries.length === 0) return {};
  const pieces = split(
    vector,
    entries.map(([, { shape }]) => volume(shape)),
    0,
  );
  return Object.fromEntries(entries.map(([name, { shape }], index) => [name, reshape(pieces[index], shape)]));
}

/** How the matrices of a file are stored; ONNX Runtime turns them into 32-bit floats when it loads it. */
export type WeightType = 'float32' | 'float16' | 'int8';

/**
 * A flat vector of numbers as named constants: the weights of a file. As 'float16' (11 bits, magnitudes up to 65,504)
 * what has two axes or more takes half the room, as 'int8' (255 levels for each row) a quarter; biases and gains stay whole.
 *
 * @param weightTypeOf the type of each parameter, by its name
 */
export function unflattenConstants(
  vector: Float32Array,
  specs: Readonly<Record<string, { shape: readonly number[] }>>,
  weightTypeOf: (name: string) => WeightType = () => 'float32',
): Record<string, Tensor> {
  if (vector.length !== vectorSize(specs)) {
    throw new RangeError(`The network takes ${vectorSize(specs)} values; a vector of ${vector.length} came.`);
  }
  let offset = 0;
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const values = vector.slice(offset, (offset += volume(shape)));
      const type = shape.length >= 2 ? weightTypeOf(name) : 'float32';
      if (type === 'int8') return [name, byRows(values, shape, name)];
      return [
        name,
        type === 'float16'
          ? cast(constant(Float16Array.from(values), shape, name))
          : constant(values, shape, name),
      ];
    }),
  );
}

/** A matrix as 8-bit integers, of which each row's largest magnitude is 127. */
function byRows(values: Float32Array, shape: readonly number[], name: string): Tensor {
  const [rows] = shape;
  const width = values.length / rows;
  const scale = Float32Array.from({ length: rows }, (_, row) => {
    const ofRow = values.subarray(row * width, (row + 1) * width);
    return ofRow.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127 || 1;
  });
  const integers = Int8Array.from(values, (value, i) => Math.round(value / scale[Math.floor(i / width)]));
  const column = [rows, ...shape.slice(1).map(() => 1)];
  return mul(cast(constant(integers, shape, name)), constant(scale, column, `${name}.scale`));
}

export interface Forward {
  output: Tensor;
  /** Next values of the buffers that a layer updated. */
  buffers: Record<string, Tensor>;
  /** What layers exposed, by the name they gave. */
  exposed: Record<string, Tensor>;
}

export interface ForwardOptions {
  training: boolean;
  parameters: Record<string, Tensor>;
  buffers: Record<string, Tensor>;
  /** Makes an input of uniform random numbers (training). */
  uniform?: (shape: Shape) => Tensor;
}

/** Records the whole forward pass of a network. */
export function forward(
  { layers }: Network,
  x: Tensor,
  { training, parameters, buffers, uniform }: ForwardOptions,
): Forward {
  const result: Forward = { output: x, buffers: { ...buffers }, exposed: {} };
  for (const [layerName, layer] of Object.entries(layers)) {
    result.output = layer.forward(result.output, {
      training,
      parameter: (name) => parameters[`${layerName}.${name}`],
      buffer: (name) => buffers[`${layerName}.${name}`],
      updateBuffer: (name, value) => (result.buffers[`${layerName}.${name}`] = value),
      expose: (name, tensor) => {
        if (name in result.exposed) throw new RangeError(`Two layers expose '${name}'.`);
        result.exposed[name] = tensor;
      },
      uniform: (shape) => {
        if (!uniform) throw new Error(`${layerName} asked for random numbers outside training.`);
        return uniform(shape);
      },
    });
  }
  return result;
}

function volume(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function flatten(pieces: readonly Float32Array[]): Float32Array {
  const vector = new Float32Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    vector.set(piece, offset);
    offset += piece.length;
  }
  return vector;
}

import { writeGraph } from '../src/graph.ts';
import { createRandom } from '../src/random.ts';
import { float32, Session } from '../src/session.ts';
import { input, type Shape, type Tensor } from '../src/tensor.ts';

/** A value for an input, and its shape where the input leaves axes open. */
export interface Feed {
  values: ArrayLike<number>;
  shape: readonly number[];
}

export interface Result {
  shape: readonly number[];
  values: Float32Array;
}

/** Runs a graph in ONNX Runtime, one thread. */
export async function runGraph(
  graph: Uint8Array,
  feeds: Record<string, Feed>,
): Promise<Record<string, Result>> {
  const session = await Session.create(graph, { threads: 1 });
  const results = await runSession(session, feeds);
  await session.dispose();
  return results;
}

export async function runSession(
  session: Session,
  feeds: Record<string, Feed>,
): Promise<Record<string, Result>> {
  const tensors = Object.entries(feeds).map(([name, { values, shape }]) => [
    name,
    float32(Float32Array.from(values), shape),
  ]);
  const outputs = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [
      name,
      { shape: dims, values: data as Float32Array },
    ]),
  );
}

/** What the tensors are worth once their inputs have these values. */
export async function evaluate<Name extends string>(
  outputs: Record<Name, Tensor>,
  feeds: Record<string, Feed> = {},
): Promise<Record<Name, Result>> {
  return await runGraph(writeGraph(outputs), feeds);
}

/** Like `evaluate`, for a single tensor. */
export async function valuesOf(tensor: Tensor, feeds: Record<string, Feed> = {}): Promise<Float32Array> {
  return (await evaluate({ value: tensor }, feeds)).value.values;
}

/** Numbers uniform in [low, high), the same for the same label. */
export function numbers(
  label: string,
  shape: readonly number[],
  [low, high]: readonly [number, number] = [-1, 1],
): Float32Array {
  const random = createRandom(label);
  return Float32Array.from({ length: volume(shape) }, () => random.uniform(low, high));
}

/** Numbers as a feed. */
export function feed(
  label: string,
  shape: readonly number[],
  range: readonly [number, number] = [-1, 1],
): Feed {
  return { values: numbers(label, shape, range), shape };
}

export function volume(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Inputs `x0`, `x1`, … of the given shapes. */
export function inputs(shapes: readonly Shape[]): Tensor[] {
  return shapes.map((shape, index) => input(`x${index}`, shape));
}

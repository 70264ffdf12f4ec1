import { gradient } from '../src/gradient.ts';
import { writeGraph } from '../src/graph.ts';
import { mul, sum } from '../src/operations.ts';
import { Session } from '../src/session.ts';
import { constant, staticShape, type Shape, type Tensor } from '../src/tensor.ts';
import { evaluate, inputs, numbers, runSession, volume, type Feed } from './evaluate.ts';

export interface Gradients {
  /** The shape of f(x) as it was declared while recording, and as ONNX Runtime computed it. */
  shape: { declared: Shape; computed: readonly number[] };
  /** The gradient of Σ weight · f(x) by each input, from `gradient`. */
  symbolic: Float32Array[];
  /** The same from differences of the values of f. */
  numeric: Float64Array[];
}

// Large steps, for float32 leaves no room for small ones; the fourth order keeps the error near 1e-6 all the same.
const STEP = 0.02;
const STENCIL = [
  [-2, 1 / 12],
  [-1, -8 / 12],
  [1, 8 / 12],
  [2, -1 / 12],
] as const;

/**
 * Both gradients of a random weighting of all that `f` gives. Central differences of fourth order; the weighting is
 * added up in float64, so that only the rounding of single values remains.
 */
export async function gradientsOf(
  f: (...x: Tensor[]) => Tensor,
  points: readonly { values: Float32Array; shape: readonly number[] }[],
): Promise<Gradients> {
  const x = inputs(points.map(({ shape }) => shape));
  const y = f(...x);
  const weights = numbers('weights of the outputs', staticShape(y));
  const loss = sum(mul(y, constant(weights, staticShape(y))));
  const names = x.map((_, index) => `x${index}`);
  const feeds = (values: readonly Float32Array[]): Record<string, Feed> =>
    Object.fromEntries(names.map((name, i) => [name, { values: values[i], shape: points[i].shape }]));

  const at = points.map(({ values }) => values);
  const derivatives = Object.fromEntries(gradient(loss, x).map((g, index) => [`by ${names[index]}`, g]));
  const { y: value, ...symbolic } = await evaluate<string>({ ...derivatives, y }, feeds(at));

  const session = await Session.create(writeGraph({ y }), { threads: 1 });
  const valueAt = async (index: number, element: number, value: number) => {
    const moved = at.map((values, i) => (i === index ? values.with(element, value) : values));
    const { values } = (await runSession(session, feeds(moved))).y;
    return weights.reduce((total, weight, i) => total + weight * values[i], 0);
  };
  const numeric: Float64Array[] = [];
  for (const [index, { values, shape }] of points.entries()) {
    numeric.push(new Float64Array(volume(shape)));
    for (const [element, value] of values.entries()) {
      for (const [offset, factor] of STENCIL) {
        const moved = await valueAt(index, element, value + offset * STEP);
        numeric[index][element] += (factor * moved) / STEP;
      }
    }
  }
  await session.dispose();
  const shape = { declared: y.shape, computed: value.shape };
  return { shape, symbolic: names.map((name) => symbolic[`by ${name}`].values), numeric };
}

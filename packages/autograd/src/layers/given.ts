import type { Layer } from '../network.ts';
import { constant, type Tensor } from '../tensor.ts';

/** Values by the local names of a layer's parameters (and buffers). */
export type GivenValues = Readonly<Record<string, Float32Array>>;

/**
 * The layer as it is once it has these weights, and stays: constants of the graph, in training too. It has no gradient,
 * no moments in the optimiser, no dropout, and its statistics do not move. `values` names all its parameters and buffers.
 *
 * @throws RangeError when a value is missing, is of another length or belongs to nothing.
 * @example
 * const stem = frozen(conv2d({ inChannels: 1, outChannels: 32, kernelSize: 3, stride: 2 }), { weight, bias });
 */
export function frozen(layer: Layer, values: GivenValues): Layer {
  const specs = { ...layer.parameters, ...layer.buffers };
  check(values, specs);
  const constants = Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]): [string, Tensor] => [name, constant(values[name], shape)]),
  );
  const value = (name: string) => constants[name];
  return {
    forward: (x, scope) => layer.forward(x, { ...scope, training: false, parameter: value, buffer: value }),
  };
}

/**
 * The layer with these first values instead of drawn ones: one for each of its parameters.
 *
 * @throws RangeError when a value is missing, is of another length or belongs to nothing.
 * @example
 * const pointwise = startingFrom(conv2d({ inChannels: 128, outChannels: 256, kernelSize: 1 }), { weight, bias });
 */
export function startingFrom(layer: Layer, values: GivenValues): Layer {
  const parameters = layer.parameters ?? {};
  check(values, parameters);
  return {
    ...layer,
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, spec]) => [name, { ...spec, initialise: () => values[name] }]),
    ),
  };
}

function check(values: GivenValues, specs: Readonly<Record<string, { shape: readonly number[] }>>): void {
  for (const [name, { shape }] of Object.entries(specs)) {
    const size = shape.reduce((product, length) => product * length, 1);
    if (values[name]?.length !== size) {
      throw new RangeError(
        `'${name}' [${shape.join(', ')}] needs ${size} values; ${values[name]?.length ?? 0} came.`,
      );
    }
  }
  const stranger = Object.keys(values).find((name) => !(name in specs));
  if (stranger !== undefined) {
    throw new RangeError(
      `The layer has no '${stranger}', only ${Object.keys(specs).join(', ') || 'nothing'}.`,
    );
  }
}

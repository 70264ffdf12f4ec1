import { filled, glorotUniform, orthogonalBlocks } from '../initialisers.ts';
import type { Layer } from '../network.ts';
import {
  add,
  columnSum,
  concat,
  gemm,
  mul,
  operator,
  reshape,
  sigmoid,
  split,
  sub,
  tanh,
  transpose,
  withGradient,
  zeros,
} from '../operations.ts';
import { axisSize, indices, scalar, staticShape, type Tensor } from '../tensor.ts';

export interface GruOptions {
  inputSize: number;
  hiddenSize: number;
  bidirectional?: boolean;
}

/**
 * Gated recurrent unit (Cho et al. 2014, in the form of PyTorch and cuDNN: the reset gate acts after the recurrent
 * product): (B, T, inputSize) → (B, T, hiddenSize), or twice as wide when bidirectional.
 * Parameters are named as in PyTorch's `GRU`; their rows hold the gates in ONNX's order update, reset, new.
 */
export function gru({ inputSize, hiddenSize, bidirectional = false }: GruOptions): Layer {
  const directions = bidirectional ? ['', '_reverse'] : [''];
  const gates = 3 * hiddenSize;
  return {
    parameters: Object.fromEntries(
      directions.flatMap((suffix) => [
        [`weight_ih${suffix}`, { shape: [gates, inputSize], initialise: glorotUniform }],
        [`weight_hh${suffix}`, { shape: [gates, hiddenSize], initialise: orthogonalBlocks }],
        [`bias_ih${suffix}`, { shape: [gates], initialise: filled(0), decay: false }],
        [`bias_hh${suffix}`, { shape: [gates], initialise: filled(0), decay: false }],
      ]),
    ),
    forward: (x, { parameter, training }) => {
      const timeMajor = transpose(x, [1, 0, 2]); // (T, B, I)
      const outputs = directions.map((suffix) => {
        const cell: Cell = {
          weightIh: parameter(`weight_ih${suffix}`),
          weightHh: parameter(`weight_hh${suffix}`),
          biasIh: parameter(`bias_ih${suffix}`),
          biasHh: parameter(`bias_hh${suffix}`),
          reverse: suffix !== '',
        };
        return training ? unrolled(timeMajor, cell) : fused(timeMajor, cell);
      });
      return transpose(outputs.length > 1 ? concat(outputs, 2) : outputs[0], [1, 0, 2]);
    },
  };
}

interface Cell {
  weightIh: Tensor; // (3H, I)
  weightHh: Tensor; // (3H, H)
  biasIh: Tensor; // (3H)
  biasHh: Tensor; // (3H)
  reverse: boolean;
}

/** The recurrence over (T, B, I) as ONNX's fused GRU. */
function fused(x: Tensor, { weightIh, weightHh, biasIh, biasHh, reverse }: Cell): Tensor {
  const hiddenSize = axisSize(weightHh, 1);
  const leading = (tensor: Tensor) => reshape(tensor, [1, ...staticShape(tensor)]);
  const inputs = [x, leading(weightIh), leading(weightHh), leading(concat([biasIh, biasHh], 0))];
  const [frames, batch] = x.shape;
  const [sequence] = operator('GRU', inputs, [[frames, 1, batch, hiddenSize]], {
    hidden_size: hiddenSize,
    linear_before_reset: 1,
    direction: reverse ? 'reverse' : 'forward',
  });
  return operator('Squeeze', [sequence, indices([1])], [[frames, batch, hiddenSize]])[0];
}

/**
 * The recurrence step by step (ONNX Runtime's fused GRU keeps no gates and uses one thread), over rows (T·B, …) so
 * that a step is a run of B rows and nothing has to be moved.
 *
 *   z, r = σ(x·W + h₋₁·U), n = tanh(x·Wn + r ⊙ (h₋₁·Un)), h = n + z ⊙ (h₋₁ − n)
 *
 * The products with x are taken for all steps at once; each recurrent product adds its share to them as Gemm's third
 * operand.
 */
function unrolled(x: Tensor, cell: Cell): Tensor {
  const { weightIh, weightHh, biasIh, biasHh } = cell;
  const [frames, batch, inputSize] = staticShape(x);
  const hiddenSize = axisSize(weightHh, 1);
  const parts = [2 * hiddenSize, hiddenSize]; // update and reset gates, new gate
  const [weightIhZr, weightIhN] = split(weightIh, parts, 0);
  const [weightHhZr, weightHhN] = split(weightHh, parts, 0);
  const [biasIhZr, biasIhN] = split(biasIh, parts, 0);
  const [biasHhZr, biasHhN] = split(biasHh, parts, 0);
  const rows = reshape(x, [frames * batch, inputSize]);
  const inputZr = stepsOf(gemm(rows, weightIhZr, { transB: true, bias: add(biasIhZr, biasHhZr) }), batch);
  const inputN = stepsOf(gemm(rows, weightIhN, { transB: true, bias: biasIhN }), batch);

  const steps: Step[] = Array.from({ length: frames });
  let h = zeros([batch, hiddenSize]);
  for (const t of order(frames, cell.reverse)) {
    const zr = sigmoid(gemm(h, weightHhZr, { transB: true, bias: inputZr[t] }));
    const [z, r] = split(zr, [hiddenSize, hiddenSize], 1);
    const hiddenN = gemm(h, weightHhN, { transB: true, bias: biasHhN });
    const n = tanh(add(inputN[t], mul(r, hiddenN)));
    const previous = h;
    h = add(n, mul(z, sub(previous, n)));
    steps[t] = { previous, z, r, n, hiddenN, h };
  }
  const y = reshape(stack(steps.map((step) => step.h)), [frames, batch, hiddenSize]);
  return withGradient(y, [x, weightIh, weightHh, biasIh, biasHh], (g) =>
    backThroughTime(rows, steps, g, cell),
  );
}

/** What one step computed, each (B, H). */
interface Step {
  previous: Tensor;
  z: Tensor;
  r: Tensor;
  n: Tensor;
  /** The recurrent part of n, before the reset gate. */
  hiddenN: Tensor;
  h: Tensor;
}

/**
 * Gradients of x, weightIh, weightHh, biasIh, biasHh.
 *
 * The local derivatives of h by its gates are known for all steps at once, so that only
 *   δh₋₁ = δh ⊙ z + [δh ⊙ ∂z, δh ⊙ ∂r, δh ⊙ ∂n] · weightHh
 * remains to be done step by step. The gradients of the weights are single products over all steps: unrolled by the
 * chain rule they would be one product and one sum per step.
 */
function backThroughTime(
  rows: Tensor,
  steps: readonly Step[],
  g: Tensor,
  { weightIh, weightHh, reverse }: Cell,
) {
  const [frames, batch, hiddenSize] = staticShape(g);
  const all = (key: keyof Step) => stack(steps.map((step) => step[key])); // (T·B, H)
  const [previous, z, r, n, hiddenN] = [all('previous'), all('z'), all('r'), all('n'), all('hiddenN')];
  const one = scalar(1);

  const keep = sub(one, z);
  const byN = mul(keep, sub(one, mul(n, n))); // ∂h / ∂(what tanh takes)
  const byZ = mul(mul(sub(previous, n), z), keep);
  const byHiddenN = mul(byN, r);
  const byR = mul(mul(byHiddenN, hiddenN), sub(one, r));
  const slopes = stepsOf(concat([byZ, byR, byHiddenN], 1), batch); // each (B, 3H)
  const upstream = stepsOf(reshape(g, [frames * batch, hiddenSize]), batch);

  const deltas: Tensor[] = Array.from({ length: frames });
  const gateDeltas: Tensor[] = Array.from({ length: frames });
  let carried: Tensor | undefined;
  for (const t of order(frames, !reverse)) {
    const delta = carried ? add(upstream[t], carried) : upstream[t];
    const gateDelta = mul(concat([delta, delta, delta], 1), slopes[t]);
    carried = gemm(gateDelta, weightHh, { bias: mul(delta, steps[t].z) });
    deltas[t] = delta;
    gateDeltas[t] = gateDelta;
  }

  const hiddenDeltas = stack(gateDeltas); // (T·B, 3H)
  const [deltaZr] = split(hiddenDeltas, [2 * hiddenSize, hiddenSize], 1);
  const inputDeltas = concat([deltaZr, mul(stack(deltas), byN)], 1);
  return [
    reshape(gemm(inputDeltas, weightIh), [frames, batch, axisSize(weightIh, 1)]),
    gemm(inputDeltas, rows, { transA: true }),
    gemm(hiddenDeltas, previous, { transA: true }),
    columnSum(inputDeltas),
    columnSum(hiddenDeltas),
  ];
}

/** (T·B, …) as T pieces (B, …). */
function stepsOf(rows: Tensor, batch: number): Tensor[] {
  return split(
    rows,
    Array.from({ length: axisSize(rows, 0) / batch }, () => batch),
    0,
  );
}

/** T pieces (B, …) as (T·B, …). */
function stack(steps: readonly Tensor[]): Tensor {
  return concat(steps, 0);
}

function order(frames: number, reverse: boolean): number[] {
  return Array.from({ length: frames }, (_, step) => (reverse ? frames - 1 - step : step));
}

import { gradient } from './gradient.ts';
import { writeGraph } from './graph.ts';
import { softmaxCrossEntropy, type CrossEntropyOptions } from './losses.ts';
import {
  forward,
  initialiseBuffers,
  initialiseParameters,
  unflatten,
  vectorSize,
  type Network,
} from './network.ts';
import { add, concat, mul, reshape } from './operations.ts';
import { clipByNorm, type Optimiser } from './optimisers.ts';
import { createRandom } from './random.ts';
import { float32, Session, type SessionOptions } from './session.ts';
import { input, scalar, sizeOf, staticShape, type Tensor } from './tensor.ts';

export interface TrainingOptions extends Omit<CrossEntropyOptions, 'allowed'>, SessionOptions {
  /** Shape of one batch of inputs, for example [64, 200, 40]. */
  inputShape: readonly number[];
  labels: number;
  /** Whether each step says which classes a row may be (false: all of them). */
  masked?: boolean;
  optimiser: Optimiser;
  /** Largest norm of the whole gradient; absent: no clipping. */
  maxGradientNorm?: number;
  /** Share of the old value in the exponential moving average of the weights; absent: no average is kept. */
  averageDecay?: number;
  /**
   * Of the first values and of dropout. The same seed gives the same training bit for bit, on the same machine with as
   * many `threads`: another number of them adds up in another order, which shows in the last digits.
   */
  seed: string | number;
}

/** Everything that a training must remember to go on where it stood: flat vectors by name, and the step count. */
export interface TrainingState {
  step: number;
  vectors: Record<string, Float32Array>;
}

export interface StepResult {
  loss: number;
  /** (batch, labels), row by row; valid until the next step. */
  logits: Float32Array;
}

/**
 * A whole training step (forward, backward, clipping, optimiser, moving average) as one plain ONNX graph.
 * Of the parameters, the optimiser's moments and the buffers two sets of memory exist; each step reads one and
 * writes the other, so nothing is allocated or copied.
 *
 * @example
 * const step = await TrainingStep.create(model, { inputShape: [64, 200, 40], labels: 8, optimiser: adam(), seed: 1 });
 * for (const { x, targets } of batches) console.log((await step.run(x, targets, 1e-3)).loss);
 * const trained = step.vector('parameters');
 * await step.dispose();
 */
export class TrainingStep {
  readonly #session: Session;
  readonly #plan: Plan;
  readonly #options: TrainingOptions;
  readonly #sets: [Vectors, Vectors];
  readonly #loss: ReturnType<typeof float32>;
  readonly #logits: ReturnType<typeof float32>;
  #step = 0;

  private constructor(session: Session, plan: Plan, options: TrainingOptions, network: Network) {
    this.#session = session;
    this.#plan = plan;
    this.#options = options;
    const parameters = initialiseParameters(network, createRandom(options.seed).fork('initialise'));
    const first: Record<string, Float32Array> = { parameters, buffers: initialiseBuffers(network) };
    const memory = (fill: boolean) =>
      Object.fromEntries(
        plan.vectors.map(([name, size]) => {
          const data = new Float32Array(size);
          if (fill && name in first) data.set(first[name]);
          if (fill && name === 'average') data.set(parameters);
          return [name, float32(data, [size])];
        }),
      );
    this.#sets = [memory(true), memory(false)];
    this.#loss = float32(new Float32Array(1), []);
    const shape = [options.inputShape[0], options.labels];
    this.#logits = float32(new Float32Array(shape[0] * shape[1]), shape);
  }

  static async create(network: Network, options: TrainingOptions): Promise<TrainingStep> {
    const plan = planStep(network, options);
    const session = await Session.create(plan.graph, options);
    return new TrainingStep(session, plan, options, network);
  }

  /**
   * One step. `x` is the batch in the shape `inputShape`, `targets` (batch, labels) one distribution per row, `allowed`
   * (batch, labels) of 1 and 0 what each row may be (where `masked`).
   * Random numbers depend on the seed and the number of the step alone, so a resumed training repeats them.
   */
  async run(
    x: Float32Array,
    targets: Float32Array,
    learningRate: number,
    allowed?: Float32Array,
  ): Promise<StepResult> {
    const { inputShape, labels, masked, optimiser, seed } = this.#options;
    const [from, to] = this.#sets;
    const random = createRandom(`${seed}/step ${this.#step}`);
    const feeds: Vectors = {
      ...from,
      x: float32(x, inputShape),
      targets: float32(targets, [inputShape[0], labels]),
      ...(masked && {
        allowed: float32(allowed ?? new Float32Array(targets.length).fill(1), [inputShape[0], labels]),
      }),
    };
    for (const [name, shape] of this.#plan.uniforms) {
      const size = shape.reduce((product, length) => product * length, 1);
      // A loop, since Float32Array.from takes five times as long.
      const values = new Float32Array(size);
      for (let i = 0; i < size; i += 1) values[i] = random.next();
      feeds[name] = float32(values, shape);
    }
    for (const [name, value] of Object.entries(optimiser.scalars(this.#step + 1, learningRate))) {
      feeds[name] = float32(Float32Array.of(value), []);
    }
    const outputs = Object.fromEntries(Object.entries(to).map(([name, tensor]) => [`next_${name}`, tensor]));
    await this.#session.run(feeds, { ...outputs, loss: this.#loss, logits: this.#logits });
    this.#sets.reverse();
    this.#step += 1;
    return { loss: (this.#loss.data as Float32Array)[0], logits: this.#logits.data as Float32Array };
  }

  /** A vector as it stands now: `parameters`, `average`, `buffers` or one of the optimiser's moments; empty where there is none. */
  vector(name: string): Float32Array {
    return (this.#sets[0][name]?.data as Float32Array | undefined) ?? new Float32Array();
  }

  /** A copy of everything that changes. */
  save(): TrainingState {
    const vectors = this.#plan.vectors.map(([name]) => [name, this.vector(name).slice()]);
    return { step: this.#step, vectors: Object.fromEntries(vectors) };
  }

  /** Goes back to a saved state. @throws RangeError when its vectors are not those of this network. */
  restore({ step, vectors }: TrainingState): void {
    for (const [name, size] of this.#plan.vectors) {
      if (vectors[name]?.length !== size) {
        throw new RangeError(
          `The saved '${name}' holds ${vectors[name]?.length ?? 0} values; ${size} are needed.`,
        );
      }
    }
    for (const [name] of this.#plan.vectors) this.vector(name).set(vectors[name]);
    this.#step = step;
  }

  endProfiling(): void {
    this.#session.endProfiling();
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

type Vectors = Record<string, ReturnType<typeof float32>>;

interface Plan {
  graph: Uint8Array;
  /** Name and length of each flat vector that goes in and comes out changed. */
  vectors: [string, number][];
  /** Name and shape of each input of random numbers. */
  uniforms: [string, readonly number[]][];
}

function planStep(network: Network, options: TrainingOptions): Plan {
  const { inputShape, labels, masked, optimiser, maxGradientNorm, averageDecay } = options;
  const size = vectorSize(network.parameters);
  const bufferSize = vectorSize(network.buffers);
  const parameters = input('parameters', [size]);
  const buffers = input('buffers', [bufferSize]);
  const moments = Object.fromEntries(optimiser.moments.map((name) => [name, input(name, [size])]));
  const uniforms: [string, readonly number[]][] = [];

  const pass = forward(network, input('x', inputShape), {
    training: true,
    parameters: unflatten(parameters, network.parameters),
    buffers: unflatten(buffers, network.buffers),
    uniform: (shape) => {
      const tensor = input(`uniform_${uniforms.length}`, shape);
      uniforms.push([`uniform_${uniforms.length}`, staticShape(tensor)]);
      return tensor;
    },
  });
  const rows = [inputShape[0], labels];
  const loss = softmaxCrossEntropy(pass.output, input('targets', rows), {
    ...options,
    ...(masked && { allowed: input('allowed', rows) }),
  });
  const [raw] = gradient(loss, [parameters]);
  const gradients = maxGradientNorm === undefined ? raw : clipByNorm(raw, maxGradientNorm);
  const update = optimiser.update(parameters, gradients, moments);

  const next: Record<string, Tensor> = { parameters: update.parameters, ...update.moments };
  if (averageDecay !== undefined) {
    const average = input('average', [size]);
    next.average = add(mul(average, scalar(averageDecay)), mul(update.parameters, scalar(1 - averageDecay)));
  }
  if (bufferSize > 0) {
    const flat = Object.keys(network.buffers).map((name) =>
      reshape(pass.buffers[name], [sizeOf(pass.buffers[name])]),
    );
    next.buffers = concat(flat, 0);
  }
  const outputs = Object.fromEntries(Object.entries(next).map(([name, tensor]) => [`next_${name}`, tensor]));
  return {
    graph: writeGraph({ ...outputs, loss, logits: pass.output }, { name: 'training step' }),
    vectors: Object.entries(next).map(([name, tensor]) => [name, sizeOf(tensor)]),
    uniforms,
  };
}

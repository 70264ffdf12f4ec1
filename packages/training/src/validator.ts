import {
  float32,
  Session,
  vectorSize,
  writeEvaluationGraph,
  type Network,
  type Weights,
} from '@mars/autograd';
import { networkWidth, type TrainConfig } from './config.ts';
import type { Dataset } from './dataset.ts';
import { argmax, classificationMetrics } from './metrics.ts';
import type { EpochRecord } from './run.ts';

/** The network as it stands, without dropout, over a data set. */
export class Validator {
  readonly #session: Session;
  readonly #labels: readonly string[];
  readonly #hasBuffers: boolean;

  private constructor(session: Session, labels: readonly string[], hasBuffers: boolean) {
    this.#session = session;
    this.#labels = labels;
    this.#hasBuffers = hasBuffers;
  }

  static async create(
    network: Network,
    config: TrainConfig,
    labels: readonly string[],
    threads?: number,
  ): Promise<Validator> {
    const graph = writeEvaluationGraph(network, ['batch', config.frames, networkWidth(config)]);
    const session = await Session.create(graph, { threads });
    return new Validator(session, labels, vectorSize(network.buffers) > 0);
  }

  /** `known`: per example, the classes that it may be. */
  async measure(
    { rows, size, shape: [frames, width], labels }: Dataset,
    known: readonly (readonly number[])[],
    { parameters, buffers }: Weights,
  ): Promise<Partial<EpochRecord>> {
    if (size === 0) return {};
    const weights = {
      parameters: float32(parameters, [parameters.length]),
      ...(this.#hasBuffers && { buffers: float32(buffers, [buffers.length]) }),
    };
    const classes = this.#labels.length;
    const predicted: number[] = [];
    let loss = 0;
    for (let start = 0; start < size; start += 64) {
      const end = Math.min(start + 64, size);
      const batch = rows.slice(start * frames * width, end * frames * width);
      const { logits } = await this.#session.run({
        ...weights,
        x: float32(batch, [end - start, frames, width]),
      });
      for (let index = start; index < end; index += 1) {
        const row = (logits.data as Float32Array).subarray(
          (index - start) * classes,
          (index - start + 1) * classes,
        );
        const values = row.map((value, k) => (known[index].includes(k) ? value : -Infinity));
        predicted.push(argmax(values));
        loss += logSumExp(values) - values[labels[index]];
      }
    }
    const { accuracy, uar } = classificationMetrics(labels, predicted, this.#labels);
    return { validationLoss: loss / size, validationAccuracy: accuracy, validationUar: uar };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

function logSumExp(values: Float32Array): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

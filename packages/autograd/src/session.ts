import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

// Its maker would be sent what runs on which machine, from 1.29 on and unless this is set before the first session
// (https://github.com/microsoft/onnxruntime/pull/27379).
process.env['ORT_DISABLE_TELEMETRY'] = '1';

export interface SessionOptions {
  /** Threads within one operator. Default: all cores. */
  threads?: number;
  /** Writes a profile of each operator's time (`endProfiling` in ONNX Runtime) to files with this prefix. */
  profilePrefix?: string;
}

/**
 * A graph that is ready to run in ONNX Runtime.
 *
 * @example
 * const session = await Session.create(writeGraph({ y: operations.relu(input('x', [3])) }));
 * const { y } = await session.run({ x: float32(Float32Array.of(-1, 0, 1), [3]) });
 * await session.dispose();
 */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async create(graph: Uint8Array, { threads, profilePrefix }: SessionOptions = {}): Promise<Session> {
    const session = await InferenceSession.create(graph, {
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: threads ?? 0,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...(profilePrefix && { enableProfiling: true, profileFilePrefix: profilePrefix }),
    });
    return new Session(session);
  }

  /** Feeds float32 values by name and returns the outputs by name; `into` reuses tensors as the outputs' memory. */
  async run(
    feeds: Record<string, OrtTensor>,
    into?: Record<string, OrtTensor | null>,
  ): Promise<Record<string, OrtTensor>> {
    return into ? await this.#session.run(feeds, into) : await this.#session.run(feeds);
  }

  endProfiling(): void {
    this.#session.endProfiling();
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

/** A float32 tensor over existing memory: no copy is made. */
export function float32(data: Float32Array, shape: readonly number[]): OrtTensor {
  return new OrtTensor('float32', data, shape);
}

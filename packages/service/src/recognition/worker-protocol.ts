import type { ErrorCode } from '@mars/core';
import type { ClassifyOptions, ModelFacts, StreamOptions } from './pool-protocol.ts';

/** Options of a job, with nothing left open. */
export type JobOptions = Omit<ClassifyOptions, 'deadlineMs'> & { readonly maxDurationSec: number };

/** Where a job's bytes are: here, in a file, or in `bytes` messages that follow. */
export type JobSource =
  { readonly pieces: readonly Uint8Array[] } | { readonly path: string } | 'bytes follow';

/** The next samples of a live stream: a question of its own, whose answer are events. */
export interface LivePush {
  readonly id: number;
  readonly stream: number;
  readonly samples: Float32Array | Int16Array;
}

/** What the pool asks of a worker; each `id` gets exactly one answer. */
export type Question =
  | {
      readonly type: 'classify';
      readonly id: number;
      readonly source: JobSource;
      readonly options: JobOptions;
    }
  | { readonly type: 'openStream'; readonly id: number; readonly options: StreamOptions }
  | { readonly type: 'endStream'; readonly id: number; readonly stream: number };

/** What it only tells it. */
export type Notice =
  /** Comes first: the bytes of the model file. The answer is `ready` or `unusable`. */
  | { readonly type: 'open'; readonly model: Uint8Array }
  /** The next bytes of a job; without `bytes` there are no more. */
  | { readonly type: 'bytes'; readonly id: number; readonly bytes?: Uint8Array }
  /** Stop at the next opportunity; the job's answer is an error then. */
  | { readonly type: 'abort'; readonly id: number }
  /** Pushes of any streams. Those that came to nothing are answered by `heard`, which comes last, the others before. */
  | { readonly type: 'push'; readonly pushes: readonly LivePush[] }
  | { readonly type: 'closeStream'; readonly stream: number }
  /** Free what is held, and end. */
  | { readonly type: 'stop' };

/** An error on its way between processes: `code` only of a MarsError. */
export interface SentError {
  readonly message: string;
  readonly code?: ErrorCode;
}

/** What a worker says. */
export type Answer =
  | { readonly type: 'ready'; readonly model: ModelFacts }
  | { readonly type: 'unusable'; readonly error: SentError }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }
  /** All that came with one `push` has been heard; in that of these questions nothing happened. */
  | { readonly type: 'heard'; readonly uneventful: readonly number[] }
  /** A job has used a `bytes` message up, and asks for more. */
  | { readonly type: 'taken'; readonly id: number };

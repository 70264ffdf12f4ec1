import {
  MarsError,
  type ExplainedVerdict,
  type ListeningOptions,
  type LiveEvent,
  type ModelMetadata,
  type Timeline,
  type Verdict,
} from '@mars/core';

/**
 * A recording: its bytes, whole or in pieces, the bytes as they arrive (asked for only as fast as they are decoded), or the
 * path of a file, which the worker reads itself. Of bytes that are there, a copy is handed on.
 */
export type AudioInput =
  Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array> | { readonly path: string };

/** Who speaks. */
export interface VoiceOptions {
  /** A profile as its JSON has it: input from outside, which is checked. */
  readonly profile?: unknown;
  /** One person speaks all the time. Of a timeline or stream only. */
  readonly oneSpeaker?: boolean;
}

export interface ClassifyOptions
  extends VoiceOptions, Pick<ListeningOptions, 'windowSec' | 'hopSec' | 'minSilenceSec'> {
  /** Where in the recording which emotion is, instead of one verdict on the whole (false). Not with `explain`. */
  readonly timeline?: boolean;
  /** So many of the likeliest scores (all of them). */
  readonly top?: number;
  /** What the score rests on (false): of 30 s at most. */
  readonly explain?: boolean;
  /** Where the part begins and ends that is explained (the whole). */
  readonly startSec?: number;
  readonly endSec?: number;
  /** `mix`: the mean of the channels. `split`: a result for each of them, of a two-sided call (mix). */
  readonly channels?: 'mix' | 'split';
  /** Longer recordings are refused (the pool's limit): a small file may decode to hours of silence. */
  readonly maxDurationSec?: number;
  /** From when a worker takes the job until it must have answered (the pool's). Waiting in the queue does not count. */
  readonly deadlineMs?: number;
}

/** What `mars classify --json` prints of a recording, without `file`. */
export type HeardRecording = Verdict | ExplainedVerdict | Timeline;

/** With `channels: 'split'`, a result for each channel in the order of the file. */
export type ClassifyResult = HeardRecording | { readonly channels: readonly HeardRecording[] };

export interface StreamOptions extends VoiceOptions, ListeningOptions {
  /** Hz, of all samples that will be pushed. */
  readonly sampleRate: number;
  /** Between two measurements of an utterance that goes on (1). */
  readonly intervalSec?: number;
}

/** A live session, pinned to one worker; see `LiveStream` of @mars/core. */
export interface PooledStream {
  /**
   * Takes the next samples (full scale is 1, or 32768 of 16 bits). It is settled when they have been heard: awaiting it
   * is what keeps a source from running ahead. The array is free for other use at once.
   *
   * @throws MarsError as `LiveStream.push`; `WORKER_LOST`, `DEADLINE_EXCEEDED`, `SERVICE_STOPPING`
   */
  push(samples: Float32Array | Int16Array): Promise<LiveEvent[]>;
  /** Ends the stream, and with it an utterance that is going on: the last events. */
  end(): Promise<LiveEvent[]>;
  /** Lets go of the stream without its last events. Calling it again, or after `end`, does nothing. */
  close(): void;
  /** Aborts with a MarsError as its reason when the stream is lost: its worker died, or the pool was closed. */
  readonly signal: AbortSignal;
}

/** The plain part of the model's metadata. */
export type ModelFacts = Omit<ModelMetadata, 'labelMeans'>;

/** Totals since the pool was opened, for metrics. */
export interface PoolTotals {
  /** Jobs that came to a result. */
  readonly done: number;
  /** Jobs for which there was no room. */
  readonly refused: number;
  /** Jobs that came to an error, by its code. Aborted ones are in `aborted`. */
  readonly failed: Readonly<Record<string, number>>;
  readonly aborted: number;
  /** Workers that died or hung, and were replaced. */
  readonly replaced: number;
  /** Seconds of audio that came to a result. */
  readonly audioSec: number;
  /** Seconds that jobs spent with a worker. */
  readonly busySec: number;
}

/** Recognisers in workers, one ONNX Runtime session of one thread each; made by `openPool`. */
export interface RecogniserPool extends AsyncDisposable {
  readonly model: ModelFacts;
  /** Workers. */
  readonly size: number;
  /** Jobs that wait for a worker. */
  readonly queued: number;
  /** Jobs that a worker has. */
  readonly running: number;
  /** Live streams that are open. */
  readonly streams: number;
  readonly totals: PoolTotals;
  /**
   * Hears a whole recording.
   *
   * @param signal frees the place in the queue, or the worker; the promise rejects with its reason at once
   * @throws ServiceBusyError when the queue is full; MarsError `AUDIO_TOO_LONG`, `DEADLINE_EXCEEDED`, `WORKER_LOST`,
   *   `SERVICE_STOPPING`, `PROFILE_INVALID`, `CONFIG_INVALID`, and the codes of `decodeAudio`
   */
  classify(audio: AudioInput, options?: ClassifyOptions, signal?: AbortSignal): Promise<ClassifyResult>;
  /**
   * Opens a live stream with the worker that has the fewest.
   *
   * @throws ServiceBusyError when as many are open as may be; `CONFIG_INVALID`, `PROFILE_INVALID`, `SERVICE_STOPPING`
   */
  openStream(options: StreamOptions): Promise<PooledStream>;
  /**
   * Takes nothing more, and ends when the jobs and streams that it has are done, or after `drainMs` (0): what is left
   * then gets `SERVICE_STOPPING`. Calling it again waits for the same end.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

export interface PoolOptions {
  /** Bytes of the model file. */
  readonly model: Uint8Array;
  /** Workers (the machine's cores). */
  readonly size?: number;
  /** Jobs that may wait (4 for each worker). */
  readonly maxQueued?: number;
  /** Live streams that may be open (50 for each worker). */
  readonly maxStreams?: number;
  /** Of each recording (600). */
  readonly maxDurationSec?: number;
  /** Of each job (60,000), and of each push of a stream. */
  readonly deadlineMs?: number;
  /** How long a worker has to answer when it is told to stop (2,000); then it is replaced. */
  readonly graceMs?: number;
  /** What runs in the workers: tests put in others, that die and hang. */
  readonly workerModule?: URL;
}

/** `SERVICE_BUSY`, with an estimate of when there will be room. */
export class ServiceBusyError extends MarsError {
  /** Whole seconds, 1 or more. */
  readonly retryAfterSec: number;

  constructor(message: string, retryAfterSec: number) {
    super('SERVICE_BUSY', message);
    this.retryAfterSec = retryAfterSec;
  }
}

import type {
  ExplainedVerdict,
  LiveEvent,
  MarsError,
  ModelMetadata,
  StreamOptions,
  Timeline,
  Verdict,
} from '@mars/core';

/** Decoded mono samples, `sampleRate` in Hz. */
export interface Pcm {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRate: number;
}

/** A recording: a file as it came, or samples. Samples are copied, never taken away from the caller. */
export type Source = Blob | Pcm;

export interface VoiceSettings {
  /** What `calibrate` returned, for the person who speaks. */
  readonly profile?: unknown;
  /** One person speaks all the time: each utterance helps with those that follow. */
  readonly oneSpeaker?: boolean;
}

/** What the page shows of a recording. */
export interface Analysis {
  readonly durationSec: number;
  /** Of the whole: what `mars classify` says of a recording up to 30 s; of a longer one, its segments' mean. */
  readonly verdict: Verdict;
  /** What `mars classify --timeline` says. */
  readonly timeline: Timeline;
  /** Lowest and highest sample of each bucket of time, alternately: at most 2000 buckets, equally long but the last. */
  readonly peaks: Float32Array;
}

/** Loudness by time and frequency, for a picture. */
export interface Spectrogram {
  readonly columns: number;
  readonly bands: number;
  /** (columns, bands), lowest band first: 0 is 80 dB below the loudest or less, 255 the loudest. */
  readonly levels: Uint8Array<ArrayBuffer>;
  readonly highestHz: number;
  readonly startSec: number;
  readonly endSec: number;
}

export interface Part {
  readonly startSec?: number;
  readonly endSec?: number;
}

export interface Calls {
  /** Told what a clip's verdict is, as soon as it is there: its timeline takes as long again. */
  readonly onVerdict?: (verdict: Verdict) => void;
  readonly onProgress?: (done: number, whole?: number) => void;
  readonly signal?: AbortSignal;
}

/** The plain part of the model's metadata. */
export type ModelFacts = Omit<ModelMetadata, 'labelMeans'>;

export interface EnrolmentSource {
  readonly source: Source;
  readonly emotion?: string;
}

/**
 * Recognition as the page sees it: the library, in a Worker. What goes wrong comes as a {@link MarsError}, what was
 * aborted as the signal's reason.
 */
export interface Engine {
  /** Fetches the model and opens it, once; whatever else is called first does so by itself. */
  load(): Promise<ModelFacts>;
  /** `onProgress` is told seconds done, and about how many there are; `onVerdict` of a clip up to 30 s only. */
  analyse(source: Source, options?: VoiceSettings, calls?: Calls): Promise<Analysis>;
  /** Explains a recording, or a part of it, of at most 30 s. `onProgress` is told runs done, and how many there are. */
  explain(
    source: Source,
    options?: VoiceSettings & Part & { readonly emotion?: string; readonly assumeSpeech?: boolean },
    calls?: Calls,
  ): Promise<ExplainedVerdict>;
  spectrogram(source: Source, part?: Part, calls?: Calls): Promise<Spectrogram>;
  /** Learns a voice; returns the profile as JSON. `onProgress` is told clips heard, and how many there are. */
  calibrate(clips: readonly EnrolmentSource[], onProgress?: Calls['onProgress']): Promise<object>;
  openStream(options: VoiceSettings & StreamSettings): Promise<EngineStream>;
  /** Settles when nothing is being done: what can wait may begin then. */
  idle(): Promise<void>;
}

export type StreamSettings = Pick<StreamOptions, 'sampleRate' | 'intervalSec'>;

/** Speech as it comes; see `LiveStream` of @mars/core. */
export interface EngineStream {
  /** Takes the samples over: the array is of no use afterwards. */
  push(samples: Float32Array<ArrayBuffer>): Promise<LiveEvent[]>;
  /** The last events; the stream is closed then. */
  end(): Promise<LiveEvent[]>;
}

export type EngineError = MarsError;

/** What the page and its Worker say to each other. */
export type Question =
  | { readonly id: number; readonly call: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly abort: true }
  | { readonly isAlive: true };

export type Answer =
  /** To the question whether it is alive, and once it has started. */
  | { readonly isAlive: true }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly progress: readonly [done: number, whole?: number] }
  | { readonly id: number; readonly verdict: Verdict }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly code?: string; readonly message: string };
    };

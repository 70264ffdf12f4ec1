// What the service answers, as its documents (/openapi.json, /asyncapi.json) describe it.

export interface Score {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/** What was heard in a recording, or a part of it. */
export interface Heard {
  /** `uncertain`: below the calibrated threshold; `emotion` still names the best guess. */
  readonly verdict: 'emotion' | 'uncertain' | 'no-speech';
  /** null where nobody speaks. */
  readonly emotion: string | null;
  /** The score of `emotion`. */
  readonly confidence: number;
  /** The highest first; all labels sum to 1. */
  readonly scores: readonly Score[];
  /** What the verdict knew of the voice, where it did. */
  readonly knownVoice?: { readonly profileClips: number; readonly utterances: number };
}

export interface Verdict extends Heard {
  readonly durationSec: number;
  /** With `explain`; null where nobody speaks. */
  readonly explanation?: Explanation | null;
}

/** What a score rests on: by how much it falls without a stretch of time or a band of frequencies. */
export interface Explanation {
  readonly emotion: string;
  readonly score: number;
  readonly stretches: readonly {
    readonly startSec: number;
    readonly endSec: number;
    readonly contribution: number;
  }[];
  readonly bands: readonly {
    readonly lowHz: number;
    readonly highHz: number;
    readonly contribution: number;
  }[];
  readonly attention?: readonly {
    readonly startSec: number;
    readonly endSec: number;
    readonly weight: number;
  }[];
}

/** A stretch of speech with one verdict. */
export interface Segment extends Heard {
  readonly startSec: number;
  readonly endSec: number;
}

/** Where in a recording which emotion is. */
export interface Timeline {
  readonly durationSec: number;
  readonly segments: readonly Segment[];
  readonly summary: TimelineSummary;
}

export interface TimelineSummary {
  readonly speechSec: number;
  readonly shares: readonly { readonly emotion: string; readonly share: number }[];
  readonly uncertainShare: number;
  readonly changes: readonly { readonly atSec: number; readonly from: string; readonly to: string }[];
  readonly strongest: readonly {
    readonly emotion: string;
    readonly startSec: number;
    readonly endSec: number;
    readonly confidence: number;
  }[];
}

/** A result for each channel, in the order of the file. */
export interface Channels<Result = Verdict | Timeline> {
  readonly channels: readonly Result[];
}

/** What is asked about a recording. */
export interface ClassifyOptions {
  /** Where in the recording which emotion is, instead of one verdict on the whole (false). */
  readonly timeline?: boolean;
  /** So many of the likeliest scores (all of them). */
  readonly top?: number;
  /** What the score rests on (false): of 30 s at most. Not with `timeline`. */
  readonly explain?: boolean;
  /** Where the part begins and ends that is explained (the whole). */
  readonly startSec?: number;
  readonly endSec?: number;
  /** Of a timeline: longer utterances are measured in windows. */
  readonly windowSec?: number;
  readonly hopSec?: number;
  readonly minSilenceSec?: number;
  /** Of a timeline: one person speaks, and each utterance tells of the voice (false). */
  readonly oneSpeaker?: boolean;
  /** `split`: a result for each channel, as of the two sides of a call (mix). */
  readonly channels?: 'mix' | 'split';
  /** What "mars calibrate" or the page has learnt of the person who speaks: the parsed file. */
  readonly profile?: object;
}

/** What the model file says of itself. */
export interface Model {
  readonly name: string;
  readonly labels: readonly string[];
  readonly sampleRate: number;
  readonly windowSec: number;
  readonly trainedOn: string;
  readonly licence: string;
  readonly card: string;
}

/** Options of a live session; see `session.update` in /asyncapi.json. */
export interface SessionConfig {
  /** Between two measurements of an utterance that goes on (1); null for none. */
  readonly intervalSec?: number | null;
  readonly minSpeechSec?: number;
  /** Silence that ends an utterance (0.5). */
  readonly minSilenceSec?: number;
  readonly maxUtteranceSec?: number;
  /** One person speaks all the time (false). */
  readonly oneSpeaker?: boolean;
  readonly profile?: object;
}

export type CloseReason = 'client' | 'idle' | 'time_limit' | 'slow_client' | 'busy' | 'shutdown' | 'error';

/** What the service says of a live stream. Times are in milliseconds of the audio that was given to `send`. */
export type ServiceEvent =
  | {
      readonly type: 'session.created';
      readonly session_id: string;
      readonly model: string;
      readonly labels: readonly string[];
    }
  | { readonly type: 'session.updated'; readonly config: Readonly<Record<string, unknown>> }
  | { readonly type: 'utterance.start'; readonly audio_start_ms: number }
  | Measurement
  | { readonly type: 'utterance.end'; readonly audio_start_ms: number; readonly audio_end_ms: number }
  | SessionClosed;

/** A verdict: on an utterance that goes on (`interval`), or on a whole one (`speech_ended`). */
export interface Measurement extends Heard {
  readonly type: 'measurement.result';
  readonly trigger: 'interval' | 'speech_ended';
  readonly audio_start_ms: number;
  readonly audio_end_ms: number;
}

export interface SessionClosed {
  readonly type: 'session.closed';
  readonly reason: CloseReason;
  readonly totals: { readonly audio_ms: number; readonly utterances: number; readonly measurements: number };
}

/** What the client itself says of a stream whose connection was lost. */
export type ConnectionEvent =
  | {
      /** Audio is kept from here on, and an utterance that was going on is over. */
      readonly type: 'stream.interrupted';
      readonly reason: CloseReason | 'connection';
      readonly audio_ms: number;
    }
  | {
      /** A new session goes on at `audio_ms`; of what was said meanwhile, `lost_ms` could not be kept. */
      readonly type: 'stream.resumed';
      readonly audio_ms: number;
      readonly lost_ms: number;
      readonly attempts: number;
    };

export type StreamEvent = ServiceEvent | ConnectionEvent;

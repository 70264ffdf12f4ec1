import { ERROR_CODES, MarsError, Profile, type LiveEvent } from '@mars/core';
import type { StreamLimits } from './limits.ts';
import {
  applied,
  DEFAULT_CONFIG,
  parseClientMessage,
  type CloseReason,
  type ServerMessage,
  type SessionConfig,
} from './messages.ts';

/**
 * What is to be done, in order. `open` replaces a stream that was opened before; the events of `push` go to `heard`,
 * those of `end` to `ended`. When one of these fails, what follows it is dropped, and the error goes to `fail`.
 */
export type Action =
  | { readonly type: 'send'; readonly message: ServerMessage }
  | { readonly type: 'open'; readonly config: SessionConfig }
  | { readonly type: 'push'; readonly samples: Int16Array }
  | { readonly type: 'end' }
  /** Nothing more comes. `code` is WebSocket's (RFC 6455, 7.4.1). */
  | { readonly type: 'close'; readonly code: number };

export interface ProtocolOptions {
  readonly sessionId: string;
  readonly model: { readonly name: string; readonly labels: readonly string[] };
  readonly limits: Pick<StreamLimits, 'maxFrameBytes' | 'idleSec' | 'maxSessionSec' | 'maxAheadSec'>;
}

/** What each way to end is called by WebSocket. */
const CLOSE_CODES: Readonly<Record<CloseReason, number>> = {
  client: 1000,
  idle: 1000,
  time_limit: 1000,
  shutdown: 1001,
  slow_client: 1008,
  error: 1008,
  busy: 1013,
};

const CLOSE_CODES_OF_ERRORS: Readonly<Partial<Record<string, number>>> = {
  MESSAGE_TOO_LARGE: 1009,
  INTERNAL: 1011,
  WORKER_LOST: 1011,
};

/**
 * A session of the live protocol, apart from sockets and clocks: what comes in, what is to be done out. Whatever comes,
 * in any order, is answered by events or by an `error` with a code; every error ends the session; and `session.closed` is
 * sent once and last.
 *
 * The audio is 16-bit little-endian and may be cut anywhere, within a sample too.
 */
export class StreamProtocol {
  readonly #options: ProtocolOptions;
  #state: 'configuring' | 'listening' | 'ending' | 'closed' = 'configuring';
  #config: SessionConfig = DEFAULT_CONFIG;
  #isOpen = false;
  #reason: CloseReason = 'client';
  /** The first byte of a sample whose second has not come. */
  #half: number | undefined;
  #samples = 0;
  #utterances = 0;
  #measurements = 0;

  constructor(options: ProtocolOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Hz, of the audio. */
  get sampleRate(): number {
    return this.#config.sampleRate;
  }

  /** The connection is there. */
  begin(): Action[] {
    const { sessionId, model, limits } = this.#options;
    const { maxFrameBytes, idleSec, maxSessionSec, maxAheadSec } = limits;
    return [
      send({
        type: 'session.created',
        session_id: sessionId,
        model: model.name,
        labels: [...model.labels],
        config: applied(this.#config),
        limits: { maxFrameBytes, idleSec, maxSessionSec, maxAheadSec },
      }),
    ];
  }

  receiveText(text: string): Action[] {
    if (!this.#isReceiving()) return [];
    try {
      const message = parseClientMessage(text);
      return message.type === 'session.close' ? this.stop('client') : this.#update(message.config);
    } catch (error) {
      return this.fail(error);
    }
  }

  /** @param bytes free for other use afterwards */
  receiveAudio(bytes: Uint8Array): Action[] {
    if (!this.#isReceiving()) return [];
    const samples = this.#decode(bytes);
    if (samples.length === 0) return [];
    this.#state = 'listening';
    const opening: Action[] = this.#isOpen ? [] : [{ type: 'open', config: this.#config }];
    this.#isOpen = true;
    return [...opening, { type: 'push', samples }];
  }

  /** What `push` gave. */
  heard(samples: number, events: readonly LiveEvent[]): Action[] {
    if (this.isClosed) return [];
    this.#samples += samples;
    return events.map((event) => this.#send(event));
  }

  /** What `end` gave. */
  ended(events: readonly LiveEvent[]): Action[] {
    if (this.isClosed) return [];
    const last = events.map((event) => this.#send(event));
    return [...last, ...this.#close(this.#reason)];
  }

  /** Ends the session once what was pushed has been heard. */
  stop(reason: CloseReason): Action[] {
    if (!this.#isReceiving()) return [];
    this.#state = 'ending';
    this.#reason = reason;
    const odd = this.#half === undefined ? [] : [this.#error(oddByte())];
    return this.#isOpen ? [...odd, { type: 'end' }] : [...odd, ...this.#close(reason)];
  }

  /** Ends the session at once. */
  cut(reason: CloseReason): Action[] {
    return this.isClosed ? [] : this.#close(reason);
  }

  /** Ends the session at once with an error: one of MARS as it is, another without what it might tell of the inside. */
  fail(error: unknown, reason?: CloseReason): Action[] {
    if (this.isClosed) return [];
    const told = error instanceof MarsError && error.code in ERROR_CODES ? error : fault(error);
    const isBusy = told.code === 'SERVICE_BUSY' || told.code === 'TOO_MANY_SESSIONS';
    return [
      this.#error(told),
      ...this.#close(
        reason ?? (isBusy ? 'busy' : told.code === 'SERVICE_STOPPING' ? 'shutdown' : 'error'),
        CLOSE_CODES_OF_ERRORS[told.code],
      ),
    ];
  }

  /** The client has gone: there is nobody to say anything to. */
  abandon(): void {
    this.#state = 'closed';
  }

  #isReceiving(): boolean {
    return this.#state === 'configuring' || this.#state === 'listening';
  }

  #update(config: SessionConfig): Action[] {
    if (this.#state === 'listening') {
      throw new MarsError(
        'MESSAGE_INVALID',
        'A session.update came after audio; it is expected before. Open another session for other options.',
      );
    }
    // What else the text held beside the profile's own fields goes no further.
    const { profile, ...rest } = config;
    this.#config = profile === undefined ? config : { ...rest, profile: Profile.parse(profile).toJSON() };
    this.#isOpen = true;
    return [
      { type: 'open', config: this.#config },
      send({ type: 'session.updated', config: applied(config) }),
    ];
  }

  #decode(bytes: Uint8Array): Int16Array {
    const carried = this.#half === undefined ? 0 : 1;
    const samples = new Int16Array((bytes.length + carried) >> 1);
    let at = 0;
    if (carried === 1 && bytes.length > 0) {
      samples[0] = this.#half! | (bytes[0] << 8);
      this.#half = undefined;
      at = 1;
    }
    for (let index = at; at + 1 < bytes.length; at += 2, index++) {
      samples[index] = bytes[at] | (bytes[at + 1] << 8);
    }
    if (at < bytes.length) this.#half = bytes[at];
    return samples;
  }

  #send(event: LiveEvent): Action {
    if (event.type === 'utteranceStart') {
      this.#utterances++;
      return send({ type: 'utterance.start', audio_start_ms: milliseconds(event.startSec) });
    }
    const audio_start_ms = milliseconds(event.startSec);
    const audio_end_ms = milliseconds(event.endSec);
    if (event.type === 'utteranceEnd') return send({ type: 'utterance.end', audio_start_ms, audio_end_ms });
    this.#measurements++;
    const { trigger, verdict, emotion, confidence, scores, knownVoice } = event;
    return send({
      type: 'measurement.result',
      trigger: trigger === 'interval' ? 'interval' : 'speech_ended',
      audio_start_ms,
      audio_end_ms,
      verdict,
      emotion,
      confidence,
      scores: [...scores],
      ...(knownVoice && { knownVoice }),
    });
  }

  #error({ code, message }: MarsError): Action {
    return send({ type: 'error', error: { code, message, request_id: this.#options.sessionId } });
  }

  #close(reason: CloseReason, code = CLOSE_CODES[reason]): Action[] {
    this.#state = 'closed';
    const audio_ms = Math.round((1000 * this.#samples) / this.sampleRate);
    const totals = { audio_ms, utterances: this.#utterances, measurements: this.#measurements };
    return [send({ type: 'session.closed', reason, totals }), { type: 'close', code }];
  }
}

function send(message: ServerMessage): Action {
  return { type: 'send', message };
}

function milliseconds(seconds: number): number {
  return Math.round(1000 * seconds);
}

function oddByte(): MarsError {
  return new MarsError(
    'AUDIO_TRUNCATED',
    'The audio ended within a sample: an odd number of bytes came, where each sample has two. The last byte was left out.',
  );
}

function fault(cause: unknown): MarsError {
  return new MarsError('INTERNAL', 'MARS itself failed. Report it with the request_id.', { cause });
}

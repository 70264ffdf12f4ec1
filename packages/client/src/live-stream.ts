import { AudioBuffer, Places } from './audio-buffer.ts';
import { MarsClientError } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import { encodePcm } from './pcm.ts';
import type { CloseReason, ServiceEvent, SessionConfig, StreamEvent } from './results.ts';

/** What is needed of a WebSocket, as browsers, Node and `ws` have it. */
export interface SocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export interface StreamOptions extends SessionConfig {
  /**
   * Whether a connection that was lost is made anew (true): so often in a row (8), the first time after `delayMs` (250),
   * then after twice as long each time, up to 10 s. The first connection is tried once.
   */
  readonly reconnect?: boolean | { readonly attempts?: number; readonly delayMs?: number };
  /** Audio that is kept while there is no connection, or a slow one, in seconds (30): the latest. */
  readonly maxBufferSec?: number;
  /** Ends the stream at once. */
  readonly signal?: AbortSignal;
}

export interface Connecting {
  connect(): SocketLike;
  /** Why a connection could not be made. */
  whyNot(): Promise<MarsClientError>;
}

/** What waits in the socket already: more is kept here, where it can be taken back. */
const MAX_SOCKET_BYTES = 64 * 1024;

/** How often a socket is asked whether it takes more: browsers have no event for it. */
const DRAIN_MS = 20;

/** For the last events, from `close` on. */
const CLOSE_MS = 15_000;

const LONGEST_DELAY_MS = 10_000;

/** Errors after which it is worth trying again. */
const PASSING = [
  'SERVICE_BUSY',
  'TOO_MANY_SESSIONS',
  'SERVICE_STOPPING',
  'WORKER_LOST',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
];

/**
 * A live stream: audio in, events out, in order. Made by `MarsClient.stream`.
 *
 * A connection that is lost, or a session that the service ends (it stops, or the time of a session is over), is followed
 * by another one as soon as there is audio for it. What was said meanwhile is kept and sent then; all times go on counting
 * from the first sample of the stream. `stream.interrupted` and `stream.resumed` tell of it.
 *
 * The iteration ends after `session.closed` with reason `client`; it throws a {@link MarsClientError} when the service
 * refuses what it was sent, or cannot be reached any more. Leaving the loop ends the stream.
 *
 * @example
 * const stream = client.stream();
 * void (async () => {
 *   for await (const samples of microphone) await stream.send(samples, 48_000);
 *   await stream.close();
 * })();
 * for await (const event of stream) {
 *   if (event.type === 'measurement.result') console.log(event.audio_end_ms, event.emotion, event.confidence);
 * }
 */
export class LiveStream implements AsyncIterable<StreamEvent>, AsyncDisposable {
  readonly #connecting: Connecting;
  readonly #config: SessionConfig;
  readonly #attempts: number;
  readonly #delayMs: number;
  readonly #maxBufferSec: number;
  readonly #events = new EventQueue<StreamEvent>(() => this.#end());

  #sampleRate: number | undefined;
  #audio: AudioBuffer | undefined;
  #socket: SocketLike | undefined;
  #places = new Places();
  #isOpen = false;
  #isConfigured = false;
  /** Of this session: why it ends, and the error before. */
  #reason: CloseReason | undefined;
  #error: MarsClientError | undefined;

  #wasOpen = false;
  #interruptedAt: number | undefined;
  #failures = 0;
  #isClosing = false;
  #saidClose = false;
  #isFailing = false;
  #hasEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];
  readonly #listening = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    connecting: Connecting,
    { reconnect = true, maxBufferSec = 30, signal, ...config }: StreamOptions = {},
  ) {
    const { attempts = 8, delayMs = 250 } = typeof reconnect === 'object' ? reconnect : {};
    this.#connecting = connecting;
    this.#config = config;
    this.#attempts = reconnect === false ? 0 : attempts;
    this.#delayMs = delayMs;
    this.#maxBufferSec = maxBufferSec;
    if (signal?.aborted) this.#end(signal.reason);
    else {
      signal?.addEventListener('abort', () => this.#end(signal.reason), { signal: this.#listening.signal });
      this.#connect();
    }
  }

  /**
   * Sends samples, any number of them, all at one rate. Awaiting it keeps a source that is faster than the connection from
   * running ahead; without, only the latest `maxBufferSec` are kept.
   *
   * @param samples mono; full scale is 1, or 32768 of 16 bits
   * @param sampleRate Hz, 8000 to 192000; 16,000 saves bandwidth and loses nothing
   * @throws MarsClientError `AUDIO_NOT_FINITE`; `CONFIG_INVALID` for another rate than before; `STREAM_CLOSED`
   */
  async send(samples: Float32Array | Int16Array, sampleRate: number): Promise<void> {
    if (this.#hasEnded || this.#isClosing) {
      throw new MarsClientError(
        'STREAM_CLOSED',
        'Samples came after the end of the stream. Open another stream.',
      );
    }
    this.#sampleRate ??= sampleRate;
    if (sampleRate !== this.#sampleRate) {
      throw new MarsClientError(
        'CONFIG_INVALID',
        `Samples at ${sampleRate} Hz came, after some at ${this.#sampleRate} Hz. Open another stream for another rate.`,
      );
    }
    this.#audio ??= new AudioBuffer(this.#maxBufferSec * sampleRate);
    this.#audio.append(encodePcm(samples));
    this.#pump();
    while (!this.#hasEnded && this.#audio.samples > sampleRate) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /**
   * Ends the stream when what was sent has been heard; settled after the last event has come, or the stream has failed,
   * which the iteration tells.
   */
  close(): Promise<void> {
    if (!this.#isClosing && !this.#hasEnded) {
      this.#isClosing = true;
      this.#closeTimer = setTimeout(
        () =>
          this.#end(
            new MarsClientError('CONNECTION_FAILED', 'The service did not answer the end of the stream.'),
          ),
        CLOSE_MS,
      );
      this.#pump();
    }
    return this.#ended.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamEvent> {
    return this.#events;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #connect(): void {
    let socket: SocketLike;
    try {
      socket = this.#connecting.connect();
    } catch (cause) {
      return this.#end(
        new MarsClientError('CONFIG_INVALID', 'No address of a service: see baseUrl.', { cause }),
      );
    }
    this.#socket = socket;
    this.#places = new Places();
    this.#isConfigured = false;
    this.#saidClose = false;
    this.#reason = undefined;
    this.#error = undefined;
    socket.binaryType = 'arraybuffer';
    const isCurrent = () => this.#socket === socket;
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (isCurrent()) this.#receive(data);
    };
    socket.onclose = () => {
      if (isCurrent()) this.#disconnected();
    };
    // What went wrong is not told; `onclose` follows.
    socket.onerror = () => undefined;
  }

  #receive(data: unknown): void {
    let message:
      ServiceEvent | { type: 'error'; error: { code: string; message: string; request_id: string } };
    try {
      message = JSON.parse(data as string) as typeof message;
    } catch (cause) {
      return this.#end(
        new MarsClientError('RESPONSE_INVALID', 'What came is no JSON. Is it a MARS service?', { cause }),
      );
    }
    if (message.type === 'session.created') this.#opened();
    if (message.type === 'error') {
      const { code, message: text, request_id: requestId } = message.error;
      this.#error = new MarsClientError(code, text, { requestId });
    } else if (message.type === 'session.closed') {
      this.#reason = message.reason;
      if (message.reason !== 'client') return;
      this.#events.push(message);
      // An error that comes before a farewell is only a remark.
      this.#end();
    } else this.#events.push(this.#placed(message));
  }

  #opened(): void {
    this.#isOpen = true;
    this.#wasOpen = true;
    if (this.#interruptedAt !== undefined) {
      const start = this.#audio?.start ?? 0;
      this.#events.push({
        type: 'stream.resumed',
        audio_ms: this.#ms(start),
        lost_ms: this.#ms(start - this.#interruptedAt),
        attempts: this.#failures + 1,
      });
      this.#interruptedAt = undefined;
    }
    this.#failures = 0;
    // Whoever listens hears first that the session is there.
    queueMicrotask(() => this.#pump());
  }

  /** Sends what waits, as fast as the socket takes it; makes a connection where there is none. */
  #pump(): void {
    if (this.#hasEnded || this.#isFailing) return;
    const audio = this.#audio;
    if (!this.#socket) {
      if (this.#timer !== undefined) return;
      if (this.#isClosing && (audio?.samples ?? 0) === 0) return this.#end();
      return this.#connect();
    }
    if (!this.#isOpen || this.#reason !== undefined || this.#saidClose) return;
    if (audio && audio.samples > 0 && !this.#isConfigured) {
      this.#isConfigured = true;
      this.#say({ type: 'session.update', config: { ...this.#config, sampleRate: this.#sampleRate } });
    }
    while (this.#socket.bufferedAmount < MAX_SOCKET_BYTES) {
      const piece = audio?.take();
      if (!piece) break;
      this.#places.sending(piece.bytes.length / 2, piece.position);
      for (let at = 0; at < piece.bytes.length; at += MAX_SOCKET_BYTES) {
        this.#socket.send(piece.bytes.subarray(at, at + MAX_SOCKET_BYTES));
      }
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (audio && audio.samples > 0) return this.#later(DRAIN_MS);
    if (!this.#isClosing) return;
    this.#saidClose = true;
    this.#say({ type: 'session.close' });
  }

  #disconnected(): void {
    const error = this.#error;
    this.#socket = undefined;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const isPassing = error === undefined || PASSING.includes(error.code);
    if (!this.#wasOpen || !isPassing || this.#attempts === 0) return this.#fail(error);
    if (this.#interruptedAt === undefined) {
      this.#interruptedAt = this.#audio?.start ?? 0;
      const reason = this.#reason ?? 'connection';
      this.#events.push({ type: 'stream.interrupted', reason, audio_ms: this.#ms(this.#interruptedAt) });
    } else if (++this.#failures >= this.#attempts) return this.#fail(error);
    const delayMs = Math.min(LONGEST_DELAY_MS, this.#delayMs * 2 ** this.#failures);
    // Of those who were all cut off at once, not all come back at once.
    this.#later(delayMs * (0.5 + Math.random() / 2));
  }

  #fail(error: MarsClientError | undefined): void {
    if (error) return this.#end(error);
    this.#isFailing = true;
    void this.#askWhy();
  }

  async #askWhy(): Promise<void> {
    this.#end(await this.#connecting.whyNot());
  }

  /** Goes on later: with a connection only if there is something to send. */
  #later(delayMs: number): void {
    if (this.#timer !== undefined || this.#hasEnded) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#socket || this.#isClosing || (this.#audio?.samples ?? 0) > 0) this.#pump();
    }, delayMs);
  }

  /** A message with its times in the stream. */
  #placed(message: ServiceEvent): ServiceEvent {
    if (!('audio_start_ms' in message)) return message;
    const audio_start_ms = this.#inStream(message.audio_start_ms);
    return 'audio_end_ms' in message
      ? { ...message, audio_start_ms, audio_end_ms: this.#inStream(message.audio_end_ms) }
      : { ...message, audio_start_ms };
  }

  #inStream(ms: number): number {
    const perMs = (this.#sampleRate ?? 1000) / 1000;
    return Math.round(this.#places.inStream(ms * perMs) / perMs);
  }

  #ms(samples: number): number {
    return this.#sampleRate === undefined ? 0 : Math.round((1000 * samples) / this.#sampleRate);
  }

  #say(message: object): void {
    this.#socket!.send(JSON.stringify(message));
  }

  #end(error?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#listening.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#closeTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    try {
      socket?.close();
    } catch {
      // One that is being opened may say so: it is of no interest any more.
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#events.end(error);
    this.#ended.resolve();
  }
}

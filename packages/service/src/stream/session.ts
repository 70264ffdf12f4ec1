import { MarsError } from '@mars/core';
import type { PooledStream, RecogniserPool } from '../recognition/pool-protocol.ts';
import type { StreamLimits } from './limits.ts';
import type { CloseReason, ServerMessage, SessionConfig } from './messages.ts';
import type { Action, StreamProtocol } from './protocol.ts';

/** What a session needs of a WebSocket of `ws`. */
export interface Socket {
  readonly bufferedAmount: number;
  send(data: string): void;
  ping(): void;
  pause(): void;
  resume(): void;
  close(code: number): void;
  /** Without the farewells of the protocol. */
  terminate(): void;
}

export interface SessionOptions {
  readonly socket: Socket;
  readonly protocol: StreamProtocol;
  readonly pool: Pick<RecogniserPool, 'openStream'>;
  readonly limits: StreamLimits;
  /** Called with each message that is sent. */
  readonly onMessage?: ((message: ServerMessage) => void) | undefined;
  /** Called once, when the session has let go of everything but its socket. */
  readonly onEnd?: () => void;
  /** A fault of MARS itself, of which the client is only told that there was one. */
  readonly onFault?: (error: unknown) => void;
}

type Received = string | Uint8Array | { readonly stop: CloseReason };

/** What may wait in a session that hears its audio, or holds it back. One message more can be on its way. */
const MAX_QUEUED_BYTES = 256 * 1024;

/** Small messages that wait are heard as one up to this. */
const MAX_JOINED_BYTES = 64 * 1024;

/**
 * Does for one socket what {@link StreamProtocol} says: one message after the other, in order. While audio is heard, or
 * runs ahead of the clock, a bounded part of what follows is kept, and then the socket is not read, so that the sender has
 * to wait. Every end comes within its time, whatever client and pool do.
 */
export class StreamSession {
  readonly #socket: Socket;
  readonly #protocol: StreamProtocol;
  readonly #pool: Pick<RecogniserPool, 'openStream'>;
  readonly #limits: StreamLimits;
  readonly #onMessage: ((message: ServerMessage) => void) | undefined;
  readonly #onEnd: (() => void) | undefined;
  readonly #onFault: ((error: unknown) => void) | undefined;

  #stream: PooledStream | undefined;
  #queue: Received[] = [];
  #queuedBytes = 0;
  #isWorking = false;
  #isPaused = false;
  #isAlive = true;
  #isStopping = false;
  #hasEnded = false;

  /** When the first audio came, and the latest; as `performance.now()` has it. */
  #firstAudioMs: number | undefined;
  #latestAudioMs = performance.now();
  #audioMs = 0;
  /** Ends a wait for the clock early. */
  #wake: (() => void) | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor({ socket, protocol, pool, limits, onMessage, onEnd, onFault }: SessionOptions) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#pool = pool;
    this.#limits = limits;
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#onFault = onFault;
  }

  begin(): void {
    const { maxSessionSec, idleSec, pingSec } = this.#limits;
    this.#after(1000 * maxSessionSec, () => this.stop('time_limit'));
    this.#after(1000 * idleSec, () => this.#checkIdle());
    this.#every(1000 * pingSec, () => this.#checkAlive());
    void this.#perform(this.#protocol.begin());
  }

  /** A message came, text or binary. The bytes are the session's from here on. */
  receive(message: string | Uint8Array): void {
    if (this.#protocol.isClosed || this.#isStopping) return;
    this.#isAlive = true;
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
    this.#work();
  }

  /** A pong came. */
  pong(): void {
    this.#isAlive = true;
  }

  /** Ends the session at once with an error: there is no room for it, or what came breaks WebSocket's own rules. */
  fail(error: MarsError): void {
    void this.#perform(this.#protocol.fail(error));
  }

  /** The connection is no more. */
  gone(): void {
    this.#protocol.abandon();
    this.#end();
  }

  /** Ends the session: what was heard so far is told if it can be told in `drainSec`, what waits is dropped. */
  stop(reason: CloseReason): void {
    if (this.#protocol.isClosed || this.#isStopping) return;
    this.#isStopping = true;
    this.#queue = [{ stop: reason }];
    this.#queuedBytes = 0;
    this.#cutLater(reason);
    this.#wake?.();
    this.#work();
  }

  #cutLater(reason: CloseReason): void {
    this.#after(1000 * this.#limits.drainSec, () => void this.#perform(this.#protocol.cut(reason)));
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    // Everything within is caught: the session ends with an error instead.
    void this.#workOff().finally(() => (this.#isWorking = false));
  }

  async #workOff(): Promise<void> {
    while (this.#queue.length > 0 && !this.#protocol.isClosed) {
      const next = this.#take();
      if (typeof next === 'string') await this.#perform(this.#protocol.receiveText(next));
      else if (next instanceof Uint8Array) await this.#hear(next);
      else await this.#perform(this.#protocol.stop(next.stop));
      if (this.#isPaused && this.#queuedBytes <= MAX_QUEUED_BYTES / 2) this.#resume();
    }
  }

  /** The next message, or the next ones together where they are pieces of audio. */
  #take(): Received {
    const first = this.#queue.shift()!;
    if (typeof first === 'string') this.#queuedBytes -= first.length;
    if (!(first instanceof Uint8Array)) return first;
    let count = 0;
    let length = first.length;
    for (const piece of this.#queue) {
      if (!(piece instanceof Uint8Array) || length + piece.length > MAX_JOINED_BYTES) break;
      length += piece.length;
      count++;
    }
    this.#queuedBytes -= length;
    return count === 0 ? first : Buffer.concat([first, ...(this.#queue.splice(0, count) as Uint8Array[])]);
  }

  /** A second at a time: what one session sends at once must not keep the others of its worker waiting. */
  async #hear(bytes: Uint8Array): Promise<void> {
    const { sampleRate } = this.#protocol;
    for (let at = 0; at < bytes.length && !this.#protocol.isClosed; at += 2 * sampleRate) {
      const piece = bytes.subarray(at, at + 2 * sampleRate);
      this.#latestAudioMs = performance.now();
      this.#firstAudioMs ??= this.#latestAudioMs;
      await this.#untilItsTime();
      if (this.#isStopping) return;
      this.#audioMs += (1000 * piece.length) / 2 / sampleRate;
      await this.#perform(this.#protocol.receiveAudio(piece));
    }
  }

  /** Waits while the audio before runs further ahead of the clock than it may. */
  async #untilItsTime(): Promise<void> {
    const clockMs = performance.now() - this.#firstAudioMs!;
    const waitMs = this.#audioMs - clockMs - 1000 * this.#limits.maxAheadSec;
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#after(waitMs, resolve);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    this.#latestAudioMs = performance.now();
  }

  async #perform(actions: readonly Action[]): Promise<void> {
    try {
      for (const action of actions) {
        if (this.#hasEnded) return;
        // What is only sent is sent in one go: nothing gets behind session.closed.
        const doing = this.#do(action);
        if (doing) await doing;
      }
    } catch (error) {
      if (!(error instanceof MarsError) || error.code === 'INTERNAL') this.#onFault?.(error);
      await this.#perform(this.#protocol.fail(error));
    }
  }

  #do(action: Action): Promise<void> | undefined {
    if (action.type === 'send') this.#send(action.message);
    else if (action.type === 'close') this.#close(action.code);
    else if (action.type === 'open') return this.#open(action.config);
    else if (action.type === 'push') return this.#push(action.samples);
    else return this.#finish();
    return undefined;
  }

  async #open({ intervalSec, profile, ...config }: SessionConfig): Promise<void> {
    this.#stream?.close();
    this.#stream = undefined;
    const stream = await this.#pool.openStream({
      ...config,
      intervalSec: intervalSec ?? Infinity,
      ...(profile !== undefined && { profile }),
    });
    if (this.#hasEnded) return stream.close();
    this.#stream = stream;
    const lost = () => {
      if (this.#stream === stream) void this.#perform(this.#protocol.fail(stream.signal.reason));
    };
    if (stream.signal.aborted) lost();
    else stream.signal.addEventListener('abort', lost, { once: true });
  }

  async #push(samples: Int16Array): Promise<void> {
    const events = await this.#stream!.push(samples);
    await this.#perform(this.#protocol.heard(samples.length, events));
  }

  async #finish(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#cutLater('client');
    }
    const events = await this.#stream!.end();
    await this.#perform(this.#protocol.ended(events));
  }

  #send(message: ServerMessage): void {
    this.#onMessage?.(message);
    this.#socket.send(JSON.stringify(message));
    if (this.#socket.bufferedAmount <= this.#limits.maxBufferedBytes) return;
    const slow = new MarsError(
      'CLIENT_TOO_SLOW',
      `${this.#socket.bufferedAmount} bytes wait to be read by the client, and ${this.#limits.maxBufferedBytes} may. ` +
        'Read the messages as they come.',
    );
    void this.#perform(this.#protocol.fail(slow, 'slow_client'));
  }

  #close(code: number): void {
    this.#end();
    this.#socket.close(code);
    // ws waits half a minute for the other side to close too.
    setTimeout(() => this.#socket.terminate(), 1000 * this.#limits.drainSec).unref();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#wake?.();
    // The farewell of the other side could not be read otherwise.
    this.#resume();
    this.#stream?.close();
    this.#stream = undefined;
    this.#onEnd?.();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Nothing that the client sent meanwhile was read, not even its pong.
    this.#isAlive = true;
    this.#socket.resume();
  }

  #checkIdle(): void {
    const isBusy = this.#isWorking || this.#isPaused;
    const quietMs = isBusy ? 0 : performance.now() - this.#latestAudioMs;
    const leftMs = 1000 * this.#limits.idleSec - quietMs;
    // Timers count whole milliseconds.
    if (leftMs < 1) this.stop('idle');
    else this.#after(leftMs, () => this.#checkIdle());
  }

  #checkAlive(): void {
    if (this.#isPaused) return;
    if (!this.#isAlive) return this.#socket.terminate();
    this.#isAlive = false;
    this.#socket.ping();
  }

  #after(delayMs: number, call: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        call();
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#timers.add(timer);
    return timer;
  }

  #every(delayMs: number, call: () => void): void {
    this.#timers.add(setInterval(call, delayMs));
  }
}

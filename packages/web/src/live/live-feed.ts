import type { LiveEvent } from '@mars/core';

/** What a live stream of the engine is here: `EngineStream` fits. */
export interface EventSource {
  push(samples: Float32Array<ArrayBuffer>): Promise<LiveEvent[]>;
  end(): Promise<LiveEvent[]>;
}

export interface LiveFeedOptions {
  readonly sampleRate: number;
  /** Opens a stream; `intervalSec` is `Infinity` when the machine has no time for looks at what is still being said. */
  readonly open: (options: { sampleRate: number; intervalSec?: number }) => Promise<EventSource>;
  /** In seconds from the first sample that was pushed, whatever happened in between. */
  readonly onEvents: (events: readonly LiveEvent[]) => void;
  /** Sound was not heard: the machine was too slow (`slow`), or what hears it failed and was started again (`restarted`). */
  readonly onGap: (gap: LiveGap) => void;
  /** It cannot go on. */
  readonly onFailure: (error: unknown) => void;
}

export interface LiveGap {
  readonly reason: 'slow' | 'restarted';
  readonly startSec: number;
  readonly endSec: number;
}

/** What is handed over at once; the engine is then asked four times a second, not thirty. */
const PUSH_SEC = 0.25;

/** So far behind, looks at utterances that go on are given up: each utterance is still heard when it ends. */
const LIGHTEN_SEC = 4;

/** No more than this waits: what is said now matters more than what was said then. */
const GIVE_UP_SEC = 12;

/** Silence that ends any utterance. */
const PAUSE_SEC = 1;

/** A failure sooner than this after the last one is not tried again. */
const FAILURES_APART_SEC = 2;

/**
 * Hands sound to a stream that may be slower than the sound comes: one push at a time, in order, and no more than
 * `GIVE_UP_SEC` wait. It knows no microphone and no worker.
 *
 * @example
 * const feed = new LiveFeed({ sampleRate, open: (options) => engine.openStream(options), onEvents, onGap, onFailure });
 * feed.push(block.samples);
 * await feed.end();
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  #waiting: Float32Array[] = [];
  /** Samples that were pushed, that wait, that are in the engine's hands. */
  #came = 0;
  #queued = 0;
  #inFlight = 0;
  #stream: EventSource | undefined;
  /** Of the stream's first sample. */
  #offsetSec = 0;
  #isLight = false;
  /** What was given up since the engine last took something. */
  #dropped: { readonly startSec: number; readonly endSec: number } | undefined;
  #failedAtSec = -Infinity;
  #working: Promise<void> | undefined;
  #isOver = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  /** Of all that was pushed. */
  get durationSec(): number {
    return this.#came / this.#options.sampleRate;
  }

  /** How much of that has not been heard. */
  get behindSec(): number {
    return (this.#queued + this.#inFlight) / this.#options.sampleRate;
  }

  /** Whether utterances are heard only when they have ended, for want of time. */
  get isLight(): boolean {
    return this.#isLight;
  }

  /** Takes samples and returns at once. */
  push(samples: Float32Array): void {
    if (this.#isOver) return;
    const { sampleRate } = this.#options;
    if (this.#queued > GIVE_UP_SEC * sampleRate) this.#drop();
    this.#waiting.push(samples);
    this.#came += samples.length;
    this.#queued += samples.length;
    if (this.#queued >= PUSH_SEC * sampleRate) this.#work();
  }

  /** Hears what waits, and ends the utterance that goes on: a pause, of which the verdicts know nothing. */
  async settle(): Promise<void> {
    await this.#hearRest();
    if (!this.#stream) return;
    const silence = new Float32Array(PAUSE_SEC * this.#options.sampleRate);
    await this.#ask((stream) => stream.push(silence));
    this.#offsetSec -= PAUSE_SEC;
  }

  /** Hears the rest, and nothing more. */
  async end(): Promise<void> {
    await this.#hearRest();
    await this.#close();
    this.#isOver = true;
  }

  async #hearRest(): Promise<void> {
    while (this.#queued > 0 && !this.#isOver) {
      this.#work();
      await this.#working;
    }
  }

  #work(): void {
    this.#working ??= this.#hearAll().finally(() => (this.#working = undefined));
  }

  async #hearAll(): Promise<void> {
    while (this.#queued > 0 && !this.#isOver) {
      await this.#keepUp();
      try {
        this.#stream ??= await this.#open();
      } catch (error) {
        this.#recover(error);
        continue;
      }
      const samples = this.#take();
      await this.#ask((stream) => stream.push(samples));
      this.#inFlight = 0;
    }
  }

  /** Gives up what waits; the stream cannot know of it, so another is opened behind it. */
  #drop(): void {
    const endSec = this.durationSec;
    const startSec = this.#dropped?.startSec ?? endSec - this.#queued / this.#options.sampleRate;
    this.#dropped = { startSec, endSec };
    this.#waiting = [];
    this.#queued = 0;
  }

  async #keepUp(): Promise<void> {
    const dropped = this.#dropped;
    if (dropped) {
      this.#dropped = undefined;
      await this.#close();
      this.#options.onGap({ reason: 'slow', ...dropped });
    }
    if ((dropped || this.behindSec > LIGHTEN_SEC) && !this.#isLight) {
      this.#isLight = true;
      await this.#close();
    }
  }

  #open(): Promise<EventSource> {
    const { sampleRate, open } = this.#options;
    this.#offsetSec = this.durationSec - this.#queued / sampleRate;
    return open({ sampleRate, ...(this.#isLight && { intervalSec: Infinity }) });
  }

  /** Ends the stream; the next push opens another. */
  async #close(): Promise<void> {
    await this.#ask((stream) => stream.end());
    this.#stream = undefined;
  }

  async #ask(question: (stream: EventSource) => Promise<LiveEvent[]>): Promise<void> {
    if (!this.#stream) return;
    const offsetSec = this.#offsetSec;
    try {
      const events = await question(this.#stream);
      this.#options.onEvents(events.map((event) => shift(event, offsetSec)));
    } catch (error) {
      this.#recover(error);
    }
  }

  /** After a failure what the engine had in hand is lost, and another stream is opened: once, not for ever. */
  #recover(error: unknown): void {
    const { sampleRate, onGap, onFailure } = this.#options;
    const endSec = this.durationSec - this.#queued / sampleRate;
    const startSec = endSec - this.#inFlight / sampleRate;
    this.#stream = undefined;
    this.#inFlight = 0;
    if (endSec - this.#failedAtSec < FAILURES_APART_SEC) {
      this.#isOver = true;
      onFailure(error);
      return;
    }
    this.#failedAtSec = endSec;
    onGap({ reason: 'restarted', startSec, endSec });
  }

  /** Up to a second of what waits, as one array. */
  #take(): Float32Array<ArrayBuffer> {
    const atMost = this.#options.sampleRate;
    let count = 0;
    let length = 0;
    while (count < this.#waiting.length && (count === 0 || length + this.#waiting[count].length <= atMost)) {
      length += this.#waiting[count++].length;
    }
    const samples = new Float32Array(length);
    let at = 0;
    for (const piece of this.#waiting.splice(0, count)) {
      samples.set(piece, at);
      at += piece.length;
    }
    this.#queued -= length;
    this.#inFlight = length;
    return samples;
  }
}

function shift<Event extends LiveEvent>(event: Event, offsetSec: number): Event {
  const shifted = { ...event, startSec: event.startSec + offsetSec };
  return 'endSec' in event ? { ...shifted, endSec: event.endSec + offsetSec } : shifted;
}

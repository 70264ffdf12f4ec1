import { MarsError } from '../errors.ts';
import { Listener, type Chunk, type Heard, type Hearing, type ListeningOptions } from './listener.ts';
import { checkSeconds } from './seconds.ts';
import type { Verdict } from './verdict.ts';
import { combineVerdicts } from './windows.ts';

export interface StreamOptions extends ListeningOptions {
  /** Hz, of all samples that will be pushed: whoever changes the rate opens another stream. */
  readonly sampleRate: number;
  /**
   * Between two measurements of an utterance that goes on (1; `Infinity` for none). Emotions do not change faster, and
   * a measurement costs 10 to 20 ms of one core.
   */
  readonly intervalSec?: number;
  /**
   * Audio that may wait to be heard (30) when pushes are not awaited. More is an error, as the memory would grow
   * without end on a machine that is too slow.
   */
  readonly maxPendingSec?: number;
}

/**
 * What happens in a stream, in order of time, in seconds from its first sample. Within an utterance: `utteranceStart`,
 * measurements at intervals, then one of the whole utterance (`speechEnded`), then `utteranceEnd`.
 */
export type LiveEvent =
  | { readonly type: 'utteranceStart'; readonly startSec: number }
  | LiveMeasurement
  | { readonly type: 'utteranceEnd'; readonly startSec: number; readonly endSec: number };

/**
 * The verdict on a part of a stream. `interval`: its latest seconds, at most a window. `speechEnded`: the utterance, in
 * whole; of a long one, the mean over its windows.
 */
export interface LiveMeasurement extends Verdict {
  readonly type: 'measurement';
  readonly trigger: 'interval' | 'speechEnded';
  readonly startSec: number;
  readonly endSec: number;
}

/**
 * Recognises speech as it comes: mono samples in, events out; it knows no microphone. The same samples in any cut give
 * the same events. Pushes are worked off one after the other, and a push is settled when its samples have been heard:
 * awaiting it is what keeps a source from running ahead. Memory does not grow with time.
 *
 * @example
 * const stream = recogniser.stream({ sampleRate: 48_000 });
 * for await (const samples of microphone) {
 *   for (const event of await stream.push(samples)) console.log(event);
 * }
 * console.log(await stream.end());
 */
export class LiveStream {
  readonly sampleRate: number;
  readonly #listener: Listener;
  readonly #threshold: number;
  readonly #maxPendingSec: number;
  #pendingSec = 0;
  /** Fulfilled when all that was pushed has been heard; rejected once hearing has failed. */
  #heard: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** @throws MarsError CONFIG_INVALID naming the option that is out of its range. */
  constructor(hearing: Hearing, { intervalSec = 1, maxPendingSec = 30, ...options }: StreamOptions) {
    checkSeconds('maxPendingSec', maxPendingSec, {
      atLeast: 1,
      because: 'less would refuse ordinary pushes',
    });
    this.sampleRate = options.sampleRate;
    this.#listener = new Listener(hearing, { ...options, intervalSec });
    this.#threshold = hearing.threshold;
    this.#maxPendingSec = maxPendingSec;
  }

  /**
   * Takes the next samples, any number of them; the array is free for other use as soon as `push` returns.
   *
   * @returns the events that they completed
   * @throws MarsError AUDIO_NOT_FINITE, STREAM_OVERFLOW (too much is waiting): the samples count as not pushed, and the
   *   stream goes on without them; STREAM_CLOSED after `end`
   */
  async push(samples: Float32Array): Promise<LiveEvent[]> {
    this.#checkOpen();
    const durationSec = samples.length / this.sampleRate;
    // One push may be as long as it likes: its memory is the caller's already.
    if (this.#pendingSec > 0 && this.#pendingSec + durationSec > this.#maxPendingSec) {
      throw new MarsError(
        'STREAM_OVERFLOW',
        `${this.#pendingSec.toFixed(1)} s of audio are waiting to be heard, and ${durationSec.toFixed(1)} s came; ` +
          `maxPendingSec is ${this.#maxPendingSec}. Await each push before the next, or use a faster machine.`,
      );
    }
    return this.#hear(this.#listener.receive(samples), durationSec);
  }

  /**
   * Ends the stream, and with it an utterance that is going on.
   *
   * @returns the last events
   * @throws MarsError STREAM_CLOSED when it had ended
   */
  async end(): Promise<LiveEvent[]> {
    this.#checkOpen();
    this.#hasEnded = true;
    return this.#hear(this.#listener.end(), 0);
  }

  #hear(chunk: Chunk, durationSec: number): Promise<LiveEvent[]> {
    this.#pendingSec += durationSec;
    const events = this.#heard.then(async () => {
      const heard = await this.#listener.hear(chunk);
      // Whole numbers of samples add up exactly in seconds only to rounding: nothing pending is 0.
      this.#pendingSec = Math.max(0, this.#pendingSec - durationSec);
      if (this.#pendingSec < 1e-6) this.#pendingSec = 0;
      return heard.flatMap((each) => this.#events(each));
    });
    this.#heard = events.then(() => undefined);
    // Each push reports the failure to its own caller; this chain is only there to be waited for.
    this.#heard.catch(() => undefined);
    return events;
  }

  #events(heard: Heard): LiveEvent[] {
    if (heard.type === 'start') return [{ type: 'utteranceStart', startSec: heard.startSec }];
    const { startSec, endSec } = heard;
    if (heard.type === 'interval') {
      return [{ type: 'measurement', trigger: 'interval', startSec, endSec, ...heard.verdict }];
    }
    const verdict = combineVerdicts(
      heard.windows.map((window) => window.verdict),
      heard.windows.map(() => 1),
      { durationSec: endSec - startSec, threshold: this.#threshold },
    );
    return [
      { type: 'measurement', trigger: 'speechEnded', startSec, endSec, ...verdict },
      { type: 'utteranceEnd', startSec, endSec },
    ];
  }

  #checkOpen(): void {
    if (!this.#hasEnded) return;
    throw new MarsError('STREAM_CLOSED', 'Samples came after the end of the stream. Open another stream.');
  }
}

/**
 * The events of frames that come from an iterator: it is asked for the next frame when the last has been heard.
 *
 * @param frames mono samples at `options.sampleRate`, any number in each
 *
 * @example
 * for await (const event of recogniser.listen(microphone, { sampleRate: 48_000 })) {
 *   if (event.type === 'measurement') console.log(event.endSec, event.emotion, event.confidence);
 * }
 */
export async function* listen(
  hearing: Hearing,
  frames: AsyncIterable<Float32Array>,
  options: StreamOptions,
): AsyncGenerator<LiveEvent, void, undefined> {
  const stream = new LiveStream(hearing, options);
  for await (const samples of frames) yield* await stream.push(samples);
  yield* await stream.end();
}

import { ERROR_CODES, MarsError, type ErrorCode } from '@mars/core';
import { decodeInBrowser, isForBrowser } from '../audio/browser-decode.ts';
import { words } from '../strings/en.ts';
import type { Analysis, Answer, Calls, Engine, EngineStream, Question, Source } from './engine.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly calls: Calls;
}

interface Asking extends Calls {
  readonly transfer?: readonly Transferable[];
}

/** A Worker that has something to do is asked so often whether it is alive. */
const PULSE_MS = 5000;

/**
 * So many questions in a row it may leave unanswered: a run of the model holds it, on a slow device for seconds. They are
 * counted, not timed, since a device that slept would find that the time is over.
 */
const SILENT_PULSES = 6;

/** While its script is still being fetched it cannot answer. */
const SILENT_PULSES_AT_FIRST = 36;

/**
 * The {@link Engine} that runs in a Worker. A Worker that dies, with an event or in silence, fails what it was doing, and
 * another one takes its place at the next question.
 *
 * @example
 * const { verdict } = await openEngine().analyse(file);
 */
export function openEngine(
  startWorker: () => Worker = () =>
    new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'recogniser' }),
): Engine {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let lastId = 0;
  let pulse: ReturnType<typeof setInterval> | undefined;
  let hasSpoken = false;
  /** Pulses since it last said anything. */
  let silent = 0;

  function start(): Worker {
    const started = startWorker();
    hasSpoken = false;
    silent = 0;
    started.onmessage = ({ data }: MessageEvent<Answer>) => {
      // What it said before it was given up may still arrive.
      if (started !== worker) return;
      hasSpoken = true;
      silent = 0;
      settle(data);
    };
    started.onerror = (event) => {
      event.preventDefault();
      if (started === worker) replace(event.message || words.engine.noReason);
    };
    started.onmessageerror = () => replace(words.engine.unreadable);
    return started;
  }

  /** Some browsers take a Worker's life, for memory, and tell nobody. */
  function watch(): void {
    pulse ??= setInterval(() => {
      if (pending.size === 0) return rest();
      const most = hasSpoken ? SILENT_PULSES : SILENT_PULSES_AT_FIRST;
      if (silent >= most) return replace(words.engine.silent((most * PULSE_MS) / 1000));
      silent++;
      worker?.postMessage({ isAlive: true } satisfies Question);
    }, PULSE_MS);
  }

  function rest(): void {
    clearInterval(pulse);
    pulse = undefined;
    silent = 0;
  }

  function settle(answer: Answer): void {
    if ('isAlive' in answer) return;
    const asked = pending.get(answer.id);
    if (!asked) return;
    if ('progress' in answer) return asked.calls.onProgress?.(...answer.progress);
    if ('verdict' in answer) return asked.calls.onVerdict?.(answer.verdict);
    pending.delete(answer.id);
    if ('value' in answer) return asked.resolve(answer.value);
    const { name, code, message } = answer.error;
    const isTold = code !== undefined && code in ERROR_CODES;
    const error = isTold ? new MarsError(code as ErrorCode, message) : fault(`${name}: ${message}`);
    asked.reject(error);
    // After a fault of its own, such as memory that ran out, ONNX Runtime may be of no more use; and it does not start a
    // second time where what it is made of could not be fetched.
    if (!isTold || code === 'DOWNLOAD_FAILED') replace(message, error);
  }

  function replace(reason: string, error = fault(reason)): void {
    worker?.terminate();
    worker = undefined;
    rest();
    const lost = [...pending.values()];
    pending.clear();
    for (const { reject } of lost) reject(error);
  }

  function ask<Value>(call: string, args: readonly unknown[], asking: Asking = {}): Promise<Value> {
    const { transfer = [], ...given } = asking;
    const { signal } = given;
    return new Promise<Value>((resolve, reject) => {
      signal?.throwIfAborted();
      worker ??= start();
      const asked = worker;
      const id = ++lastId;
      const abort = () => {
        pending.delete(id);
        asked.postMessage({ id, abort: true } satisfies Question);
        reject(signal!.reason);
      };
      const settled =
        <Of>(how: (of: Of) => void) =>
        (of: Of) => {
          signal?.removeEventListener('abort', abort);
          how(of);
        };
      signal?.addEventListener('abort', abort, { once: true });
      pending.set(id, {
        resolve: settled(resolve as (value: unknown) => void),
        reject: settled(reject),
        calls: given,
      });
      asked.postMessage({ id, call, args } satisfies Question, [...transfer]);
      watch();
    });
  }

  /** What the library does not decode, the browser may; which it can do on the page only, not in a Worker. */
  async function readable(source: Source): Promise<Source> {
    return source instanceof Blob && (await isForBrowser(source)) ? decodeInBrowser(source) : source;
  }

  /** Asks at once: a look into each file beforehand costs as long as the whole reading of a clip. */
  async function hear<Value>(source: Source, question: (source: Source) => Promise<Value>): Promise<Value> {
    try {
      return await question(source);
    } catch (error) {
      if (!(error instanceof MarsError && error.code === 'AUDIO_UNSUPPORTED')) throw error;
      const decoded = await readable(source);
      if (decoded === source) throw error;
      return question(decoded);
    }
  }

  return {
    load: () => ask('load', []),
    analyse: (source, options = {}, given) =>
      hear(source, (heard) => ask<Analysis>('analyse', [heard, options], given)),
    explain: (source, options = {}, given) =>
      hear(source, (heard) => ask('explain', [heard, options], given)),
    spectrogram: (source, part = {}, given) =>
      hear(source, (heard) => ask('spectrogram', [heard, part], given)),
    calibrate: async (clips, onProgress) => {
      const heard = await Promise.all(
        clips.map(async (clip) => ({ ...clip, source: await readable(clip.source) })),
      );
      return ask<object>('calibrate', [heard], { onProgress });
    },
    openStream: async (options) => {
      const stream = ++lastId;
      await ask('openStream', [stream, options]);
      return {
        push: (samples) => ask('push', [stream, samples], { transfer: [samples.buffer] }),
        end: () => ask('end', [stream]),
      } satisfies EngineStream;
    },
    async idle() {
      while (pending.size > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    },
  };
}

function fault(reason: string): MarsError {
  return new MarsError('INTERNAL', words.engine.stopped(reason));
}

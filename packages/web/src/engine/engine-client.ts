import { ERROR_CODES, MarsError, type ErrorCode } from '@mars/core';
import { decodeInBrowser, isForBrowser } from '../audio/browser-decode.ts';
import type { Analysis, Answer, Calls, Engine, EngineStream, Question, Source } from './engine.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly calls: Calls;
}

interface Asking extends Calls {
  readonly transfer?: readonly Transferable[];
}

/**
 * The {@link Engine} that runs in a Worker. A Worker that dies fails what it was doing, and another one takes its place
 * at the next question.
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

  function start(): Worker {
    const started = startWorker();
    started.onmessage = ({ data }: MessageEvent<Answer>) => settle(data);
    started.onerror = (event) => {
      event.preventDefault();
      replace(event.message);
    };
    started.onmessageerror = () => replace('a message that cannot be read');
    return started;
  }

  function settle(answer: Answer): void {
    const asked = pending.get(answer.id);
    if (!asked) return;
    if ('progress' in answer) return asked.calls.onProgress?.(...answer.progress);
    if ('verdict' in answer) return asked.calls.onVerdict?.(answer.verdict);
    pending.delete(answer.id);
    if ('value' in answer) return asked.resolve(answer.value);
    const { name, code, message } = answer.error;
    if (code !== undefined && code in ERROR_CODES)
      return asked.reject(new MarsError(code as ErrorCode, message));
    asked.reject(fault(`${name}: ${message}`));
    // After a fault of its own, such as memory that ran out, ONNX Runtime may be of no more use.
    replace(message);
  }

  function replace(reason: string): void {
    worker?.terminate();
    worker = undefined;
    const lost = [...pending.values()];
    pending.clear();
    for (const { reject } of lost) reject(fault(reason));
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
    });
  }

  /** What the library does not decode, the browser may; which it can do on the page only, not in a Worker. */
  async function readable(source: Source): Promise<Source> {
    return source instanceof Blob && (await isForBrowser(source)) ? decodeInBrowser(source) : source;
  }

  return {
    load: () => ask('load', []),
    analyse: async (source, options = {}, given) =>
      ask<Analysis>('analyse', [await readable(source), options], given),
    explain: async (source, options = {}, given) => ask('explain', [await readable(source), options], given),
    spectrogram: async (source, part = {}, given) =>
      ask('spectrogram', [await readable(source), part], given),
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
  };
}

function fault(reason: string): MarsError {
  return new MarsError(
    'INTERNAL',
    `The recogniser stopped (${reason}). It starts anew by itself: try again, and if it stops again, with a shorter recording.`,
  );
}

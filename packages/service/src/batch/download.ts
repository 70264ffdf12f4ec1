import { setTimeout as sleep } from 'node:timers/promises';
import { MarsError } from '@mars/core';

export interface DownloadOptions {
  /** Bytes; what is larger is given up. */
  readonly maxBytes: number;
  /** Of each attempt, from the request to the last byte (60,000). */
  readonly timeoutMs?: number;
  /** Pauses before further attempts, where another may go better: the network, a server that is busy. */
  readonly retryAfterMs?: readonly number[];
  readonly signal?: AbortSignal;
}

/** Whether it is to be fetched, and not a file's path. */
export function isUrl(file: string): boolean {
  return /^https?:\/\//i.test(file);
}

/**
 * Fetches a recording into memory: it never touches a disk.
 *
 * @throws MarsError `DOWNLOAD_FAILED` saying what came; `AUDIO_TOO_LONG` above `maxBytes`; the signal's reason
 *
 * @example
 * const bytes = await download('https://example.org/a.wav', { maxBytes: 25e6 });
 */
export async function download(
  url: string,
  { maxBytes, timeoutMs = 60_000, retryAfterMs = [500, 2000, 8000], signal }: DownloadOptions,
): Promise<Uint8Array> {
  for (let attempt = 0; ; attempt++) {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await fetchOnce(url, maxBytes, signal ? AbortSignal.any([signal, timeout]) : timeout);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof MarsError && !(error instanceof TransientError)) throw error;
      if (attempt >= retryAfterMs.length) {
        throw error instanceof MarsError ? error : failed(reasonOf(error, timeout, timeoutMs), error);
      }
      await sleep(retryAfterMs[attempt], undefined, { signal });
    }
  }
}

class TransientError extends MarsError {}

async function fetchOnce(url: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal });
  const { status, statusText } = response;
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const message = `The server answered ${status} ${statusText}; a recording was expected. Check the address.`;
    throw status >= 500 || status === 408 || status === 429
      ? new TransientError('DOWNLOAD_FAILED', message)
      : new MarsError('DOWNLOAD_FAILED', message);
  }
  const tooLarge = () =>
    new MarsError(
      'AUDIO_TOO_LONG',
      `The recording has more than ${maxBytes / 1e6} MB, which is the limit. Save it as FLAC or Opus, or raise ` +
        '--max-download.',
    );
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes) {
    await response.body.cancel();
    throw tooLarge();
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    length += piece.length;
    // Leaving the loop ends the request.
    if (length > maxBytes) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

function reasonOf(error: unknown, timeout: AbortSignal, timeoutMs: number): string {
  if (timeout.aborted) return `it took longer than ${timeoutMs / 1000} s`;
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

function failed(reason: string, cause: unknown): MarsError {
  return new MarsError(
    'DOWNLOAD_FAILED',
    `The recording could not be fetched: ${reason}. Check the address.`,
    {
      cause,
    },
  );
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { MarsError } from '@mars/core';

/** What a file must be to be taken. `git-blob` is SHA-1 as git names a blob: over "blob <size>", a zero byte, the content. */
export interface Checksum {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512' | 'git-blob';
  readonly hex: string;
}

export interface DownloadOptions {
  readonly checksum?: Checksum;
  /** Expected size, where the source tells it. */
  readonly sizeBytes?: number;
  /** How often it is tried again without having got further than before (5). */
  readonly retries?: number;
  /** Pause before the first retry; each further one takes twice as long, up to a minute (1). */
  readonly retryDelaySec?: number;
  /** A connection that says nothing for so long is given up (30). */
  readonly stallSec?: number;
  /** Told how much of the file is there; what a broken attempt left counts at once. */
  readonly onProgress?: (doneBytes: number, sizeBytes?: number) => void;
  readonly signal?: AbortSignal;
}

/** A failure that another attempt may mend. */
class Retryable extends Error {
  readonly afterSec: number;

  constructor(message: string, { afterSec = 0, cause }: { afterSec?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.afterSec = afterSec;
  }
}

/**
 * Fetches a URL into `file`. What has come stands in `file.part`, from where a later attempt, or a later call, goes on
 * with an HTTP Range; a server that knows no ranges is asked for everything again. `file` appears only when it is whole
 * and its checksum right.
 *
 * Errors: `DOWNLOAD_FAILED` when the server refuses, when the retries are used up, or when what comes is not what was
 * promised; the signal's reason, with the part kept.
 *
 * @example
 * await downloadFile('https://example.org/a.zip', '/data/a.zip', { checksum: { algorithm: 'md5', hex: '…' } });
 */
export async function downloadFile(url: string, file: string, options: DownloadOptions = {}): Promise<void> {
  const { checksum, sizeBytes, retries = 5, retryDelaySec = 1, signal } = options;
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true });
  let furthest = await sizeOf(part);
  for (let failures = 0; ;) {
    signal?.throwIfAborted();
    try {
      await fetchRest(url, part, options);
      await checkPart(part, checksum, sizeBytes);
      await rename(part, file);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Retryable)) throw error;
      const size = await sizeOf(part);
      failures = size > furthest ? 0 : failures + 1;
      furthest = Math.max(furthest, size);
      if (failures > retries) throw failed(url, `${error.message}, after ${retries} retries`, error);
      const pauseSec = Math.min(60, Math.max(error.afterSec, retryDelaySec * 2 ** Math.max(0, failures - 1)));
      await wait(1000 * pauseSec, undefined, { signal });
    }
  }
}

/** Asks for what the part lacks and appends it. */
async function fetchRest(
  url: string,
  part: string,
  { sizeBytes, stallSec = 30, onProgress, signal }: DownloadOptions,
): Promise<void> {
  let done = await sizeOf(part);
  if (sizeBytes !== undefined && done > sizeBytes) {
    await rm(part);
    done = 0;
  }
  if (done > 0 && done === sizeBytes) return;

  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`silent for ${stallSec} s`)), 1000 * stallSec);
  try {
    const response = await fetch(url, {
      // Compressed on the way, its length would be another.
      headers: { 'accept-encoding': 'identity', ...(done > 0 ? { range: `bytes=${done}-` } : {}) },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    done = await continueAt(url, response, part, done);
    const total = sizeBytes ?? totalOf(response, done);
    onProgress?.(done, total);
    await using handle = await open(part, 'a');
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      await handle.appendFile(chunk);
      done += chunk.length;
      if (total !== undefined && done > total) break;
      onProgress?.(done, total);
    }
    if (total !== undefined && done < total)
      throw new Retryable(`the connection ended at ${done} of ${total} bytes`);
  } catch (error) {
    if (error instanceof Retryable || error instanceof MarsError) throw error;
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall === 'open' || syscall === 'write')
      throw failed(url, `${part} cannot be written (${code})`, error);
    throw new Retryable(`the connection failed (${reasonOf(silence.signal.reason ?? error)})`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    // Ends a connection of which no more is wanted.
    silence.abort();
  }
}

/** Where the answer's bytes belong: after those that are there, or at the start where all is sent again. */
async function continueAt(url: string, response: Response, part: string, done: number): Promise<number> {
  const { status } = response;
  if (status === 206) {
    const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (Number(start) === done) return done;
    await rm(part, { force: true });
    throw new Retryable(`bytes from ${done} on were asked for, and bytes from ${start} on came`);
  }
  if (status === 200) {
    if (done > 0) await truncate(part, 0);
    return 0;
  }
  if (status === 416) {
    await rm(part, { force: true });
    throw new Retryable(`the server has no byte ${done}: the file there is shorter than what is here`);
  }
  if (status === 408 || status === 429 || status >= 500) {
    const afterSec = Number(response.headers.get('retry-after') ?? 0) || 0;
    throw new Retryable(`the server answered ${status}`, { afterSec });
  }
  throw failed(url, `the server answered ${status} ${response.statusText}`);
}

function totalOf(response: Response, done: number): number | undefined {
  const length = response.headers.get('content-length');
  const isCompressed = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
  return length === null || isCompressed ? undefined : done + Number(length);
}

/** A part that is not what was promised is thrown away, so that the next attempt begins anew. */
async function checkPart(part: string, checksum?: Checksum, sizeBytes?: number): Promise<void> {
  const size = await sizeOf(part);
  if (sizeBytes !== undefined && size !== sizeBytes) {
    await rm(part, { force: true });
    throw new Retryable(`${size} bytes came, and ${sizeBytes} were promised`);
  }
  if (checksum === undefined) return;
  const hex = await hashPart(part, checksum.algorithm, size);
  if (hex === checksum.hex.toLowerCase()) return;
  await rm(part, { force: true });
  throw new Retryable(`the ${checksum.algorithm} of what came is ${hex}, and ${checksum.hex} was promised`);
}

async function hashPart(part: string, algorithm: Checksum['algorithm'], size: number): Promise<string> {
  const hash = createHash(algorithm === 'git-blob' ? 'sha1' : algorithm);
  if (algorithm === 'git-blob') hash.update(`blob ${size}\0`);
  await pipeline(createReadStream(part), hash);
  return hash.digest('hex');
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** `fetch` says "fetch failed" and hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${cause.message || (cause as NodeJS.ErrnoException).code}` : message;
}

function failed(url: string, why: string, cause?: unknown): MarsError {
  return new MarsError(
    'DOWNLOAD_FAILED',
    `${basename(new URL(url).pathname)} could not be fetched from ${url}: ${why}. Try again later; what has come is kept.`,
    { cause },
  );
}

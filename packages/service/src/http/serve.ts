import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { MarsError } from '@mars/core';
import { buildApp, type AppOptions } from './app.ts';
import { isLoopback } from './caller.ts';
import { collectLessOften } from './heap.ts';
import { Lifecycle } from './lifecycle.ts';
import { onFreePort, urlOf, type ListenOptions } from './listening.ts';

export interface ServeOptions extends Omit<AppOptions, 'lifecycle' | 'hosts'>, ListenOptions {
  /** Lets anybody ask who can reach it, beyond this machine too (false). */
  readonly withoutKeys?: boolean;
  /** How long requests that were taken may last once it is being stopped (30,000). */
  readonly drainMs?: number;
}

export interface RunningService extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Takes nothing new, and ends when all that was taken is answered. Calling it again waits for the same end. */
  stop(): Promise<void>;
}

/**
 * Serves API and page until it is stopped. The pool is the caller's to close.
 *
 * @throws MarsError `CONFIG_INVALID` where other machines could ask and there is no key; `KEYS_INVALID`; errors of listening
 *
 * @example
 * await using pool = await openPool({ model });
 * await using service = await serve({ pool, port: 0 });
 * await fetch(`${service.url}v1/classify`, { method: 'POST', body: await openAsBlob('clip.wav') });
 */
export async function serve({
  host = '127.0.0.1',
  port,
  tries,
  onTaken,
  withoutKeys = false,
  drainMs = 30_000,
  ...options
}: ServeOptions): Promise<RunningService> {
  const { keys, origins = [] } = options;
  await requireKeys(host, options, withoutKeys);
  collectLessOften();
  const lifecycle = new Lifecycle();
  const hosts =
    keys === undefined && isLoopback(host) ? [...localNames(host), ...origins.map(hostOf)] : undefined;
  const app = await buildApp({ ...options, lifecycle, hosts });
  try {
    await onFreePort({ port, tries, onTaken }, (candidate) => app.listen({ port: candidate, host }));
  } catch (error) {
    await app.close();
    throw error;
  }
  const bound = (app.server.address() as AddressInfo).port;
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      // Until its requests are answered it still says that it is not ready; then its live sessions are told.
      await Promise.race([lifecycle.stop(), setTimeout(drainMs, undefined, { ref: false })]);
      await app.close();
    })());
  return { url: urlOf(host, bound), port: bound, stop, [Symbol.asyncDispose]: stop };
}

async function requireKeys(
  host: string,
  { keys }: Pick<AppOptions, 'keys'>,
  withoutKeys: boolean,
): Promise<void> {
  if (withoutKeys || (keys === undefined && isLoopback(host))) return;
  if (keys !== undefined && (await keys.list()).length > 0) return;
  throw new MarsError(
    'CONFIG_INVALID',
    `Other machines reach ${host}, and ${keys === undefined ? 'no file of keys was named' : `there is no key in ${keys.file}`}. ` +
      '"mars keys create NAME" makes one; with --without-keys anybody may ask.',
  );
}

function localNames(host: string): string[] {
  return [host.includes(':') ? `[${host}]` : host, 'localhost', '127.0.0.1', '[::1]'];
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : origin;
}

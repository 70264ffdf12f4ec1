import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RunningServer extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  readonly port: number;
}

export interface ListenOptions {
  /** Default 127.0.0.1: this machine only, and a secure context, so that pages may use the microphone. */
  readonly host?: string;
  /** Default 8321; 0 for any that is free. */
  readonly port?: number;
  /** How many more ports are tried, one after the other, where one is taken. Default 20. */
  readonly tries?: number;
  readonly onTaken?: (port: number) => void;
}

/**
 * Listens on the port, or on the next one that is free.
 *
 * Errors: those of listening (EADDRINUSE when no port was free, EACCES, EADDRNOTAVAIL …).
 *
 * @example
 * await using server = await listen(staticFiles('dist'), { port: 0 });
 * await fetch(server.url);
 */
export async function listen(
  listener: RequestListener,
  { host = '127.0.0.1', ...options }: ListenOptions = {},
): Promise<RunningServer> {
  const server = createServer(listener);
  await onFreePort(options, async (port) => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: urlOf(host, port),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Does something with a port, or with the next one where it is taken. */
export async function onFreePort(
  { port = 8321, tries = 20, onTaken }: Omit<ListenOptions, 'host'>,
  attempt: (port: number) => Promise<unknown>,
): Promise<void> {
  for (let candidate = port; ; candidate++) {
    try {
      await attempt(candidate);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || candidate === port + tries || candidate >= 65_535) throw error;
      onTaken?.(candidate);
    }
  }
}

export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

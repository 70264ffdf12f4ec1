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
  { host = '127.0.0.1', port = 8321, tries = 20, onTaken }: ListenOptions = {},
): Promise<RunningServer> {
  const server = createServer(listener);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === 0 || port >= 65_535) throw error;
    onTaken?.(port);
    return listen(listener, { host, port: port + 1, tries: tries - 1, onTaken });
  }
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

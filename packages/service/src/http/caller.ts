import { isIP } from 'node:net';
import { MarsError } from '@mars/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyStore } from './keys.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: the id of a key, or an address where no key is asked for. What limits are counted by. */
    caller: string;
    /** The id of the key that came, where one is needed. */
    keyId: string | undefined;
  }
  interface FastifyContextConfig {
    /** Anybody may ask, without a key and without being counted. */
    readonly open?: boolean;
  }
}

export interface CallerOptions {
  /** Without, anybody may ask. */
  readonly keys?: KeyStore | undefined;
  /** Pages from elsewhere that may ask, such as "https://example.org"; "*" for all. */
  readonly origins: readonly string[];
  /**
   * Names under which this machine may be asked, where no key protects it: a page from elsewhere whose name was made to
   * lead here (DNS rebinding) gets nothing. Undefined for any.
   */
  readonly hosts?: readonly string[] | undefined;
}

/** Asks of every request who makes it, before anything of its body is read. */
export function addCallers(app: FastifyInstance, { keys, origins, hosts }: CallerOptions): void {
  app.decorateRequest('caller', '');
  app.decorateRequest('keyId', undefined);
  app.addHook('onRequest', async (request) => {
    request.caller = request.ip;
    requireOrigin(request, origins);
    if (hosts !== undefined && !hosts.includes(nameOf(request.host))) {
      throw new MarsError(
        'ORIGIN_FORBIDDEN',
        `The request is for the host ${JSON.stringify(request.host.slice(0, 100))}, which this is not. Ask for ${hosts[0]}, or let MARS ask for keys.`,
      );
    }
    if (keys === undefined || request.is404 || request.routeOptions.config.open === true) return;
    const key = keyOf(request);
    const known = key === undefined ? undefined : await keys.find(key);
    if (known === undefined) {
      throw new MarsError(
        'UNAUTHORIZED',
        key === undefined
          ? 'No key came. Send one that "mars keys create" has made: Authorization: Bearer mars_…'
          : 'The key is not valid, or no longer. "mars keys list" shows those that are.',
      );
    }
    request.keyId = known.id;
    request.caller = known.id;
  });
}

/** The key of a request: in its Authorization, or, as browsers cannot send that with a WebSocket, among its protocols. */
function keyOf({ headers }: FastifyRequest): string | undefined {
  const { authorization, 'sec-websocket-protocol': protocols } = headers;
  const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const offered = protocols?.split(',').map((protocol) => protocol.trim());
  return bearer ?? offered?.find((protocol) => protocol.startsWith('mars_'));
}

/** What a browser sends of a page from elsewhere is heard only if that page may ask; WebSockets and forms know no CORS. */
function requireOrigin({ headers, host }: FastifyRequest, origins: readonly string[]): void {
  const { origin } = headers;
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new MarsError(
    'ORIGIN_FORBIDDEN',
    `The page ${JSON.stringify(origin.slice(0, 100))} may not ask here. "mars serve --allow-origin" lets it.`,
  );
}

/** A host without its port. */
export function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

/** Whether only this machine can ask at an address that is listened on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

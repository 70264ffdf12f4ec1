import websocket from '@fastify/websocket';
import { MarsError } from '@mars/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { closeRefusedUpgrade } from '../http/refused-upgrade.ts';
import type { RecogniserPool } from '../recognition/pool-protocol.ts';
import { SessionCount, STREAM_LIMITS, type StreamLimits } from './limits.ts';
import type { ServerMessage } from './messages.ts';
import { StreamProtocol } from './protocol.ts';
import { StreamSession, type Socket } from './session.ts';

export interface LiveStreamsOptions {
  readonly pool: Pick<RecogniserPool, 'openStream' | 'model'>;
  readonly limits?: Partial<StreamLimits>;
  /** Whose sessions are counted together (those of an address). */
  readonly clientOf?: (request: FastifyRequest) => string;
  /** Called with each message that is sent, for metrics. */
  readonly onMessage?: (message: ServerMessage) => void;
}

/** The events of a WebSocket of `ws` that a session is told of. */
interface EventSocket extends Socket {
  close(code?: number, reason?: unknown): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: 'error', listener: (error: Error & { readonly code?: string }) => void): void;
  on(event: 'pong' | 'close', listener: () => void): void;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Live sessions, those included that are being closed. */
    liveSessions: { readonly count: number };
  }
}

/**
 * Adds `GET /v1/stream` to a server, and WebSocket to the routes that are added after it. When the server closes, the
 * sessions end with what was heard so far, within `drainSec`.
 *
 * A session for which there is no room is told so with `error` and `session.closed`, not by the status of its upgrade:
 * a script in a browser could not see that.
 *
 * @example
 * await app.register(liveStreams, { pool, limits: { maxSessions: 100 } });
 */
export async function liveStreams(
  app: FastifyInstance,
  { pool, limits: given = {}, clientOf = ({ ip }) => ip, onMessage }: LiveStreamsOptions,
): Promise<void> {
  const limits: StreamLimits = { ...STREAM_LIMITS, ...given };
  const sessions = new Set<StreamSession>();
  const count = new SessionCount(limits);
  app.decorate('liveSessions', {
    get count() {
      return count.total;
    },
  });

  await app.register(websocket, {
    options: { maxPayload: limits.maxFrameBytes, perMessageDeflate: false },
    // What breaks the rules of WebSocket is answered by the session.
    errorHandler: (error, socket) => {
      if (!String((error as { code?: unknown }).code).startsWith('WS_ERR_')) socket.terminate();
    },
    preClose: async () => {
      for (const session of sessions) session.stop('shutdown');
      const latest = performance.now() + 1000 * limits.drainSec + 500;
      while (app.websocketServer.clients.size > 0 && performance.now() < latest) await sleep(20);
      for (const socket of app.websocketServer.clients) socket.terminate();
      app.websocketServer.close();
    },
  });

  // One that is refused before it is a WebSocket: no key, no such address.
  app.addHook('onResponse', async ({ raw }) => closeRefusedUpgrade(raw));

  app.get('/v1/stream', { websocket: true }, (socket: EventSocket, request) => {
    leaveRoomForLastWords(socket);
    const { id } = request;
    const protocol = new StreamProtocol({ sessionId: id, model: pool.model, limits });
    let leave: (() => void) | undefined;
    const session = new StreamSession({
      socket,
      protocol,
      pool,
      limits,
      onMessage,
      onEnd: () => {
        sessions.delete(session);
        leave?.();
      },
      onFault: (error) => request.log.error({ err: error }, 'a live session failed'),
    });
    socket.on('message', (data, isBinary) => session.receive(isBinary ? data : data.toString('utf8')));
    socket.on('pong', () => session.pong());
    socket.on('error', (error) => session.fail(brokenRule(error, limits)));
    socket.on('close', () => session.gone());
    try {
      leave = count.enter(clientOf(request));
    } catch (error) {
      session.fail(error as MarsError);
      return;
    }
    sessions.add(session);
    session.begin();
  });
}

// The routes of the server that are added later can be asked for by WebSocket too: it answers them as it should.
Object.assign(liveStreams, { [Symbol.for('skip-override')]: true });

/** `ws` closes first and then says what was wrong: a moment between lets the session say why. */
function leaveRoomForLastWords(socket: EventSocket): void {
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => queueMicrotask(() => close(code, reason));
}

function brokenRule({ code, message }: { code?: string; message: string }, limits: StreamLimits): MarsError {
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return new MarsError(
      'MESSAGE_TOO_LARGE',
      `A message of more than ${limits.maxFrameBytes} bytes came. Send audio in pieces of about 100 ms.`,
    );
  }
  return new MarsError('MESSAGE_INVALID', `What came is not WebSocket (RFC 6455): ${message}.`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

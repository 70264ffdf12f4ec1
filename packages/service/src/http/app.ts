import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import { MarsError } from '@mars/core';
import fastify, { LogController, type FastifyInstance } from 'fastify';
import { ServiceBusyError, type RecogniserPool } from '../recognition/pool-protocol.ts';
import { liveStreams, type LiveStreamsOptions } from '../stream/live-streams.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { addCallers } from './caller.ts';
import { errorBody, HTTP_STATUS, refuseBroken, tellable } from './errors.ts';
import type { KeyStore } from './keys.ts';
import { Lifecycle } from './lifecycle.ts';
import { ByteBudget, DEFAULT_LIMITS, type Limits } from './limits.ts';
import { logAnswered, logger, type LogOptions } from './logging.ts';
import { createMetrics } from './metrics.ts';
import { observeRequests } from './observation.ts';
import { addPage } from './page.ts';
import { closeRefusedUpgrade } from './refused-upgrade.ts';
import { requestId } from './request-id.ts';
import { addClassify } from './routes/classify.ts';
import { addDocuments } from './routes/documents.ts';
import { addHealth } from './routes/health.ts';
import { addModels } from './routes/models.ts';
import { addSecurityHeaders } from './security.ts';
import { discardRest } from './upload.ts';

export interface AppOptions {
  /** It is the caller's to close, after the app. */
  readonly pool: RecogniserPool;
  /** The built page (none). */
  readonly page?: string | undefined;
  /** Who may ask (anybody). */
  readonly keys?: KeyStore | undefined;
  /** Pages from elsewhere that may ask, such as "https://example.org" (none). */
  readonly origins?: readonly string[];
  /** Names under which this may be asked for (any). */
  readonly hosts?: readonly string[] | undefined;
  readonly limits?: Partial<Limits>;
  readonly streamLimits?: LiveStreamsOptions['limits'];
  /** Whether the address of a caller is what a proxy says of it (false). */
  readonly trustProxy?: boolean;
  readonly log?: LogOptions;
  readonly lifecycle?: Lifecycle;
}

/**
 * The service's HTTP server: the API, its documents, and the page.
 *
 * @example
 * const app = await buildApp({ pool });
 * await app.listen({ port: 8321 });
 */
export async function buildApp({
  pool,
  page,
  keys,
  origins = [],
  hosts,
  limits: given = {},
  streamLimits,
  trustProxy = false,
  log = {},
  lifecycle = new Lifecycle(),
}: AppOptions): Promise<FastifyInstance> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...given };
  const uploads = new ByteBudget(limits.uploadBytesTogether);
  const metrics = createMetrics(pool, uploads);
  const app = fastify({
    logger: logger(log),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestId,
    trustProxy,
    // What was asked is answered before it comes to that (`Lifecycle.stop`); a connection that never asked is no reason to wait.
    forceCloseConnections: true,
    bodyLimit: limits.uploadBytes,
    http: {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.headersMs + limits.uploadMs,
      connectionsCheckingInterval: Math.min(1000, limits.headersMs),
    },
    clientErrorHandler: refuseBroken,
    frameworkErrors: (error, request, reply) => {
      const told = tellable(error);
      reply.statusCode = HTTP_STATUS[told.code];
      void reply.send(errorBody(told, request.id) as never);
      // No hook is asked about these.
      closeRefusedUpgrade(request.raw);
    },
  });
  app.server.maxConnections = limits.connections;
  app.addHook('onClose', async () => metrics[Symbol.dispose]());

  app.setErrorHandler((error, request, reply) => {
    const told = tellable(error);
    request.errorCode = told.code;
    if (HTTP_STATUS[told.code] === 500) request.log.error({ err: error }, 'a request failed');
    if (told.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer realm="MARS"');
    if (HTTP_STATUS[told.code] === 503) {
      reply.header('retry-after', told instanceof ServiceBusyError ? told.retryAfterSec : 1);
    }
    discardRest(request.raw, limits);
    return reply.code(HTTP_STATUS[told.code]).send(errorBody(told, request.id));
  });

  observeRequests(app, (answered, request) => {
    metrics.count(answered);
    logAnswered(request.log, answered, request.keyId);
  });
  app.addHook('onRequest', async ({ id }, reply) => void reply.header('x-request-id', id));
  addSecurityHeaders(app);
  if (origins.length > 0) {
    // Before keys are asked for: a browser asks without one whether it may ask.
    await app.register(cors, {
      origin: origins.includes('*') ? '*' : [...origins],
      methods: ['GET', 'POST'],
      allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
      exposedHeaders: ['x-request-id', 'retry-after'],
      maxAge: 600,
    });
  }
  addCallers(app, { keys, origins, hosts });
  lifecycle.watch(app);
  if (limits.requestsPerMinute > 0) {
    await app.register(rateLimit, {
      max: limits.requestsPerMinute,
      timeWindow: 60_000,
      keyGenerator: ({ caller }) => caller,
      allowList: ({ routeOptions }) => routeOptions.config.open === true,
      errorResponseBuilder: (_, { max, after }) =>
        new MarsError('RATE_LIMITED', `More than ${max} requests came in a minute. Try again in ${after}.`),
    });
  }

  // Bodies are read by the routes that take them, with limits of their own.
  app.removeAllContentTypeParsers();
  await app.register(multipart);
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  await app.register(liveStreams, { pool, limits: streamLimits, clientOf: ({ caller }) => caller });
  addClassify(app, { pool, limits, uploads });
  addModels(app, pool);
  addHealth(app, { lifecycle, metrics });
  addDocuments(app, { version: packageJson.version, limits, streamLimits });
  addPage(app, page);
  return app;
}

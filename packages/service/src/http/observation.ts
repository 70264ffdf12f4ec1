import type { ErrorCode } from '@mars/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the error that the request was answered with. */
    errorCode: ErrorCode | undefined;
  }
}

/** What may be known of a request when it is over: nothing of what was said in it, and no name. */
export interface Answered {
  readonly method: string;
  /** As it is registered, and not as it came; "page" for files of the page, and for what is not there. */
  readonly route: string;
  /** 499 where the caller left before it was answered. */
  readonly status: number;
  readonly seconds: number;
  readonly code: ErrorCode | undefined;
}

/** The methods by which requests are told apart; anything else that a caller writes is "other". */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

/** Tells of every request when it is over, answered or left. Live sessions tell of themselves. */
export function observeRequests(
  app: FastifyInstance,
  observe: (answered: Answered, request: FastifyRequest) => void,
): void {
  app.decorateRequest('errorCode', undefined);
  app.addHook('onRequest', async (request, { raw }) => {
    if (request.headers.upgrade !== undefined) return;
    const began = performance.now();
    raw.once('close', () => {
      const { method, is404, routeOptions, errorCode } = request;
      const status = raw.writableFinished ? raw.statusCode : 499;
      observe(
        {
          method: METHODS.has(method) ? method : 'other',
          route: is404 ? 'page' : (routeOptions.url ?? 'page'),
          status,
          seconds: (performance.now() - began) / 1000,
          code: errorCode ?? (status === 499 ? 'CANCELLED' : undefined),
        },
        request,
      );
    });
  });
}

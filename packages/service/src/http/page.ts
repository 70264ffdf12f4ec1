import { MarsError } from '@mars/core';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { staticFiles } from './static-server.ts';

const METHODS: readonly HTTPMethods[] = ['GET', 'POST'];

/**
 * Answers what no route answers: with the page's files, which have a content policy of their own, or with why there is
 * nothing.
 *
 * @param folder of the built page; without one there is none
 */
export function addPage(app: FastifyInstance, folder: string | undefined): void {
  const files = folder === undefined ? undefined : staticFiles(folder);
  app.setNotFoundHandler(async (request, reply) => {
    const url = request.raw.url?.split('?', 1)[0] ?? '/';
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url }));
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (allowed.length > 0 || !isRead) {
      const allow = allowed.length > 0 ? allowed.join(', ') : 'GET';
      reply.header('allow', allow);
      throw new MarsError('METHOD_NOT_ALLOWED', `${request.method} is not for this address; ${allow} is.`);
    }
    if (files === undefined || url.startsWith('/v1/')) {
      throw new MarsError('NOT_FOUND', 'Nothing is at this address. /docs says what there is.');
    }
    reply.hijack();
    files(request.raw, reply.raw);
    return reply;
  });
}

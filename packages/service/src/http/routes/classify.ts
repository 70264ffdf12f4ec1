import type { ServerResponse } from 'node:http';
import { MarsError } from '@mars/core';
import type { FastifyInstance } from 'fastify';
import type { RecogniserPool } from '../../recognition/pool-protocol.ts';
import type { ByteBudget, Limits } from '../limits.ts';
import { classifyConfig } from '../schemas.ts';
import { receiveUpload } from '../upload.ts';
import { checked, fromQuery } from '../validation.ts';

export interface ClassifyRouteOptions {
  readonly pool: RecogniserPool;
  readonly limits: Limits;
  readonly uploads: ByteBudget;
}

/** `POST /v1/classify`: what `mars classify --json` says of a file, without its name. */
export function addClassify(app: FastifyInstance, { pool, limits, uploads }: ClassifyRouteOptions): void {
  app.post('/v1/classify', async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    // Before the body: what cannot be answered need not be sent.
    const asked = checked(classifyConfig, fromQuery(classifyConfig, query), 'query');
    using upload = await receiveUpload(request, limits, uploads);
    const config = upload.config === undefined ? {} : checked(classifyConfig, upload.config, 'config');
    const options = { maxDurationSec: limits.audioSec, ...asked, ...config };
    return await pool.classify(upload.pieces, options, whenGone(reply.raw));
  });
}

/** Aborts when the caller hangs up before it is answered: nobody waits for the result any more. */
function whenGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (response.writableFinished) return;
    controller.abort(new MarsError('CANCELLED', 'The caller has gone before it was answered.'));
  });
  return controller.signal;
}

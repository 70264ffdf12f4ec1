import type { FastifyInstance } from 'fastify';
import type { RecogniserPool } from '../../recognition/pool-protocol.ts';

/** `GET /v1/models`: what the model file says of itself. */
export function addModels(app: FastifyInstance, { model }: Pick<RecogniserPool, 'model'>): void {
  app.get('/v1/models', async () => ({ models: [model] }));
}

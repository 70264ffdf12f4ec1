import type { FastifyInstance } from 'fastify';
import type { Lifecycle } from '../lifecycle.ts';
import type { Metrics } from '../metrics.ts';

/** What those ask who run the service: `/healthz` restarts it, `/readyz` sends it requests or none, `/metrics` watches. */
export function addHealth(
  app: FastifyInstance,
  { lifecycle, metrics }: { lifecycle: Lifecycle; metrics: Metrics },
): void {
  const open = { config: { open: true } };
  const status = () => ({ status: lifecycle.isStopping ? 'stopping' : 'ok' });
  app.get('/healthz', open, async () => status());
  app.get('/readyz', open, async (_, reply) => reply.code(lifecycle.isStopping ? 503 : 200).send(status()));
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.write()));
}

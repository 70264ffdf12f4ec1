import type { FastifyInstance } from 'fastify';
import { asyncApiDocument } from '../../stream/asyncapi.ts';
import type { StreamLimits } from '../../stream/limits.ts';
import { DOCS_POLICY, docsPage } from '../docs-page.ts';
import type { Limits } from '../limits.ts';
import { openApiDocument } from '../openapi.ts';

/** What the service answers to, for programs and for people. */
export function addDocuments(
  app: FastifyInstance,
  {
    version,
    limits,
    streamLimits,
  }: { version: string; limits: Limits; streamLimits?: Partial<StreamLimits> | undefined },
): void {
  const open = { config: { open: true } };
  const openApi = openApiDocument(version, limits);
  const asyncApi = asyncApiDocument({ version, limits: streamLimits });
  const page = docsPage(openApi, asyncApi, limits);
  app.get('/openapi.json', open, async () => openApi);
  app.get('/asyncapi.json', open, async () => asyncApi);
  app.get('/docs', open, async (_, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', DOCS_POLICY).send(page),
  );
}

import { ERROR_CODES, type ErrorCode } from '@mars/core';
import { z } from 'zod';
import { HTTP_STATUS } from './errors.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { apiSchemas, classifyConfig } from './schemas.ts';

type Json = Record<string, unknown>;

const ref = (kind: 'schemas' | 'responses' | 'headers', name: string): Json => ({
  $ref: `#/components/${kind}/${name}`,
});
const json = (schema: string): Json => ({ 'application/json': { schema: ref('schemas', schema) } });
const answer = (description: string, content: Json): Json => ({
  description,
  headers: { 'X-Request-Id': ref('headers', 'RequestId') },
  content,
});

/** The errors that any request may get, by the name of their answer. */
const COMMON: readonly ErrorCode[] = ['ORIGIN_FORBIDDEN', 'INTERNAL'];
const GUARDED: readonly ErrorCode[] = ['UNAUTHORIZED', 'RATE_LIMITED', 'SERVICE_STOPPING', ...COMMON];
const UPLOADED: readonly ErrorCode[] = [
  ...(Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => code.startsWith('AUDIO_')),
  'CONFIG_INVALID',
  'PROFILE_INVALID',
  'NO_INPUT',
  'REQUEST_INVALID',
  'REQUEST_TIMEOUT',
  'REQUEST_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'SERVICE_BUSY',
  'DEADLINE_EXCEEDED',
  'WORKER_LOST',
];

/** Codes that may be told, under their statuses. */
function errors(codes: readonly ErrorCode[]): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => HTTP_STATUS[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [
      String(status),
      {
        ...answer(each.map((code) => `\`${code}\`: ${ERROR_CODES[code]}`).join('. '), json('Error')),
        headers: {
          'X-Request-Id': ref('headers', 'RequestId'),
          ...((status === 503 || status === 429) && { 'Retry-After': ref('headers', 'RetryAfter') }),
        },
      },
    ]),
  );
}

/** The schemas that validate, as components. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(apiSchemas, {
    uri: (id) => `#/components/schemas/${id}`,
    io: 'input',
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

/** The fields of the config as parameters of a query: all but the profile, which is too long for one. */
function queryParameters(): Json[] {
  const { properties = {} } = z.toJSONSchema(classifyConfig, { io: 'input' });
  return Object.entries(properties)
    .filter(([name]) => name !== 'profile')
    .map(([name, property]) => {
      const { description, ...schema } = property as Json;
      return { name, in: 'query', description, schema };
    });
}

/**
 * What the service answers to, as an OpenAPI 3.1 document, out of the schemas that validate and the table of errors.
 *
 * @param version of MARS
 */
export function openApiDocument(version: string, limits: Limits = DEFAULT_LIMITS): Json {
  const recording = { type: 'string', contentMediaType: 'application/octet-stream' };
  const upload = `At most ${limits.uploadBytes} bytes, and ${limits.audioSec} s of audio.`;
  const text = (type: string): Json => ({ [type]: { schema: { type: 'string' } } });
  return {
    openapi: '3.1.0',
    info: {
      title: 'MARS',
      version,
      summary: 'Says which emotion is in a voice.',
      description:
        'Recordings are held in memory while they are heard, and neither kept nor written to disk. ' +
        'What is said live goes over a WebSocket: /asyncapi.json.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    // A key is asked for where the service is reachable from other machines.
    security: [{ key: [] }, {}],
    paths: {
      '/v1/classify': {
        post: {
          operationId: 'classify',
          summary: 'Says which emotion is in a recording',
          description: `WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus; any rate. ${upload} A parameter of the query may also stand in the form's "config", which outdoes it.`,
          parameters: queryParameters(),
          requestBody: {
            required: true,
            content: {
              'multipart/form-data': {
                schema: {
                  type: 'object',
                  properties: { file: recording, config: ref('schemas', 'ClassifyConfig') },
                  required: ['file'],
                },
                encoding: { config: { contentType: 'application/json' } },
              },
              'audio/*': { schema: recording },
              'application/octet-stream': { schema: recording },
            },
          },
          responses: {
            '200': answer('What was heard', json('ClassifyResult')),
            ...errors([...UPLOADED, ...GUARDED]),
          },
        },
      },
      '/v1/models': {
        get: {
          operationId: 'listModels',
          summary: 'The models that answer here',
          responses: { '200': answer('The models', json('ModelList')), ...errors(GUARDED) },
        },
      },
      '/healthz': {
        get: {
          operationId: 'getHealth',
          summary: 'Whether the service runs at all',
          security: [],
          responses: { '200': answer('It does', json('Health')), ...errors(COMMON) },
        },
      },
      '/readyz': {
        get: {
          operationId: 'getReadiness',
          summary: 'Whether it takes requests: not while it is being stopped',
          security: [],
          responses: {
            '200': answer('It does', json('Health')),
            '503': answer('It is being stopped', json('Health')),
            ...errors(COMMON),
          },
        },
      },
      '/metrics': {
        get: {
          operationId: 'getMetrics',
          summary: 'What goes on, for Prometheus',
          responses: { '200': answer('In its text format', text('text/plain')), ...errors(GUARDED) },
        },
      },
      '/openapi.json': {
        get: {
          operationId: 'getOpenApi',
          summary: 'This document',
          security: [],
          responses: {
            '200': answer('OpenAPI 3.1', { 'application/json': { schema: { type: 'object' } } }),
            ...errors(COMMON),
          },
        },
      },
      '/asyncapi.json': {
        get: {
          operationId: 'getAsyncApi',
          summary: 'What is said on /v1/stream',
          security: [],
          responses: {
            '200': answer('AsyncAPI 3', { 'application/json': { schema: { type: 'object' } } }),
            ...errors(COMMON),
          },
        },
      },
      '/docs': {
        get: {
          operationId: 'getDocs',
          summary: 'All of this for people',
          security: [],
          responses: { '200': answer('A page', text('text/html')), ...errors(COMMON) },
        },
      },
    },
    components: {
      schemas: componentSchemas(),
      headers: {
        RequestId: {
          description: 'The one that the request came with, or a new one; the logs have it too.',
          schema: { type: 'string' },
        },
        RetryAfter: { description: 'Seconds until it is worth asking again.', schema: { type: 'integer' } },
      },
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key that "mars keys create" has made: Authorization: Bearer mars_…',
        },
      },
    },
  };
}

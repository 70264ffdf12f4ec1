import { z } from 'zod';
import { STREAM_LIMITS, type StreamLimits } from './limits.ts';
import {
  ErrorMessage,
  MeasurementResult,
  SessionClose,
  SessionClosed,
  SessionCreated,
  SessionUpdate,
  SessionUpdated,
  UtteranceEnd,
  UtteranceStart,
} from './messages.ts';

const CLIENT_MESSAGES = { SessionUpdate, SessionClose };

const SERVER_MESSAGES = {
  SessionCreated,
  SessionUpdated,
  UtteranceStart,
  MeasurementResult,
  UtteranceEnd,
  ErrorMessage,
  SessionClosed,
};

const DESCRIPTION = `\
Speech in, emotions out, while somebody speaks. The client sends audio in binary messages, 16-bit little-endian and mono, \
about 100 ms in each; they may be cut anywhere. Options come before it in \`session.update\`, which may be left out. All times \
are in milliseconds of audio from the session's first sample.

Whoever uses a key gives it as \`Authorization: Bearer …\`, or, in a browser, as subprotocol: \
\`new WebSocket(url, ['mars.v1', 'mars_…'])\`.

The first message is \`session.created\`, the last always \`session.closed\` with the reason. Every \`error\` ends the session; \
\`session.closed\` follows it. A session for which there is no room gets \`error\` (\`SERVICE_BUSY\` or \`TOO_MANY_SESSIONS\`) \
and \`session.closed\` at once. Audio that comes faster than real time is slowed: the service does not read it until its \
time has come.`;

function limitsText(limits: StreamLimits): string {
  const { maxFrameBytes, maxSessions, maxSessionsPerClient, idleSec, maxSessionSec, maxAheadSec } = limits;
  const inAll = Number.isFinite(maxSessions)
    ? `${maxSessions} sessions in all`
    : 'as many sessions as the workers hold';
  return `\
Limits: ${maxFrameBytes} bytes in a message (\`MESSAGE_TOO_LARGE\`); ${inAll} (\`SERVICE_BUSY\`), ${maxSessionsPerClient} of each \
client (\`TOO_MANY_SESSIONS\`); ${idleSec} s without audio (reason \`idle\`); ${maxSessionSec} s in all (reason \`time_limit\`); \
${maxAheadSec} s of audio ahead of the clock; ${limits.maxBufferedBytes} bytes that the client has not read \
(\`CLIENT_TOO_SLOW\`). A client that does not answer a ping within ${limits.pingSec} s is gone.`;
}

/**
 * The AsyncAPI 3.0 document of `GET /v1/stream`, made of the schemas that check its messages. The service is the
 * application that it describes: what it receives is what clients send.
 */
export function asyncApiDocument({
  version,
  limits = {},
}: {
  readonly version: string;
  readonly limits?: Partial<StreamLimits> | undefined;
}): Record<string, unknown> {
  const all = { ...CLIENT_MESSAGES, ...SERVER_MESSAGES };
  const messages = Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, message(schema)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'MARS live stream',
      version,
      description: `${DESCRIPTION}\n\n${limitsText({ ...STREAM_LIMITS, ...limits })}`,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: {
      stream: {
        address: '/v1/stream',
        description: 'A WebSocket (RFC 6455), a session each.',
        messages: Object.fromEntries(
          ['Audio', ...Object.keys(all)].map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
    },
    operations: {
      receive: operation('receive', 'What clients send', ['Audio', ...Object.keys(CLIENT_MESSAGES)]),
      send: operation('send', 'What they are told', Object.keys(SERVER_MESSAGES)),
    },
    components: {
      messages: {
        Audio: {
          name: 'audio',
          title: 'A binary message',
          summary: '16-bit little-endian mono samples at the rate of the session (16 kHz), cut anywhere',
          contentType: 'application/octet-stream',
          payload: { type: 'string', format: 'binary' },
        },
        ...messages,
      },
    },
  };
}

function message(schema: z.ZodObject<{ type: z.ZodLiteral<string> }>): Record<string, unknown> {
  const { $schema: _, description, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  const name = schema.shape.type.value;
  return { name, title: name, summary: description, contentType: 'application/json', payload };
}

function operation(action: 'send' | 'receive', summary: string, names: readonly string[]) {
  return {
    action,
    summary,
    channel: { $ref: '#/channels/stream' },
    messages: names.map((name) => ({ $ref: `#/channels/stream/messages/${name}` })),
  };
}

import asyncApiSpecs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asyncApiDocument } from './asyncapi.ts';
import { ClientMessage, ServerMessage } from './messages.ts';

const document = asyncApiDocument({ version: '0.1.0' });
const { messages } = document['components'] as {
  messages: Record<string, { name: string; payload: object; summary: string }>;
};

test('is AsyncAPI 3.0, by the schema that its makers publish', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(asyncApiSpecs.schemasWithoutId['3.0.0'] as object);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  const { channels: _, ...broken } = document;
  expect(validate({ ...broken, channels: [] })).toBe(false);
});

test('knows every message that the protocol knows, and every reference leads somewhere', () => {
  const names = [...ClientMessage.options, ...ServerMessage.options].map(({ shape }) => shape.type.value);
  expect(Object.values(messages).map(({ name }) => name)).toEqual(['audio', ...names]);
  expect(Object.values(messages).every(({ summary }) => summary.length > 5)).toBe(true);
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  for (const [, path] of references) {
    const target = path
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
    expect(target, path).toBeDefined();
  }
});

test('says what the limits are', () => {
  const { info } = asyncApiDocument({ version: '1', limits: { idleSec: 7, maxSessions: 40 } }) as {
    info: { description: string };
  };
  expect(info.description).toMatch(/1048576 bytes.* 40 sessions in all .* 20 of each .* 7 s without audio/);
});

describe('its payloads and the schemas that check', () => {
  const ajv = new Ajv({ strict: false });
  const { payload } = messages['SessionUpdate'];
  const validate = ajv.compile(payload);
  const config = fc.record(
    {
      sampleRate: fc.oneof(fc.integer({ min: 0, max: 500_000 }), fc.string()),
      intervalSec: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
      oneSpeaker: fc.oneof(fc.boolean(), fc.nat()),
      profile: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.string()),
      other: fc.nat(),
    },
    { requiredKeys: [] },
  );

  test('agree on what is right', () => {
    fc.assert(
      fc.property(config, (each) => {
        const update = { type: 'session.update', config: each };
        expect(validate(update)).toBe(ClientMessage.safeParse(update).success);
      }),
    );
    expect(validate({ type: 'session.update', config: { sampleRate: 44_100 } })).toBe(true);
  });
});

import { ERROR_CODES, MarsError, SAMPLE_RATE_RANGE } from '@mars/core';
import { z } from 'zod';
import { checked } from '../http/validation.ts';

// What is said on `GET /v1/stream`. The same schemas check what comes and make the AsyncAPI document.

/** Hz, of a session that does not say otherwise. */
export const STREAM_SAMPLE_RATE = 16_000;

const ms = z.int().min(0);
const milliseconds = (of: string) =>
  ms.describe(`${of}, in milliseconds of audio from the session's first sample`);

export const SessionConfig = z.strictObject({
  sampleRate: z
    .int()
    .min(SAMPLE_RATE_RANGE.lowest)
    .max(SAMPLE_RATE_RANGE.highest)
    .default(STREAM_SAMPLE_RATE)
    .describe('Hz, of all audio of the session'),
  intervalSec: z
    .number()
    .min(0.5)
    .max(60)
    .nullable()
    .default(1)
    .describe('Between two measurements of an utterance that goes on; null for none'),
  minSpeechSec: z
    .number()
    .min(0.1)
    .max(5)
    .default(0.25)
    .describe('Speech without a gap that an utterance holds at least'),
  minSilenceSec: z.number().min(0.15).max(5).default(0.5).describe('Silence that ends an utterance'),
  maxUtteranceSec: z.number().min(10).max(600).default(60).describe('The longest utterance'),
  oneSpeaker: z
    .boolean()
    .default(false)
    .describe('One person speaks all the time: each utterance helps with those that follow'),
  profile: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What "mars calibrate" wrote of the person who speaks'),
});

export type SessionConfig = z.infer<typeof SessionConfig>;

/** What a session has as long as it says nothing else. */
export const DEFAULT_CONFIG: SessionConfig = SessionConfig.parse({});

/** A config as it is told back: a profile is personal, and may be long. */
const AppliedConfig = SessionConfig.omit({ profile: true }).extend({
  profile: z.boolean().describe('Whether a profile is used'),
});

export const SessionUpdate = z
  .strictObject({ type: z.literal('session.update'), config: SessionConfig })
  .describe('Options of the session, before its audio. It may be left out.');

export const SessionClose = z
  .strictObject({ type: z.literal('session.close') })
  .describe('No more audio comes. What was sent is heard, and the last events precede session.closed.');

const Limits = z.object({
  maxFrameBytes: z.int().describe('Of one message, binary or text'),
  idleSec: z.number().describe('Without audio'),
  maxSessionSec: z.number().describe('Of the session in all'),
  maxAheadSec: z.number().describe('By which audio may run ahead of the clock before it is slowed'),
});

export const SessionCreated = z
  .object({
    type: z.literal('session.created'),
    session_id: z.string(),
    model: z.string(),
    labels: z.array(z.string()).describe('The emotions that the model knows'),
    config: AppliedConfig,
    limits: Limits,
  })
  .describe('The first message');

export const SessionUpdated = z
  .object({ type: z.literal('session.updated'), config: AppliedConfig })
  .describe('All options as they hold now');

export const UtteranceStart = z
  .object({
    type: z.literal('utterance.start'),
    audio_start_ms: milliseconds('Where somebody began to speak'),
  })
  .describe('Somebody speaks; known a quarter of a second later');

export const MeasurementResult = z
  .object({
    type: z.literal('measurement.result'),
    trigger: z
      .enum(['interval', 'speech_ended'])
      .describe('A look at an utterance that goes on, or the whole utterance'),
    audio_start_ms: milliseconds('Where the measured part begins'),
    audio_end_ms: milliseconds('Where it ends'),
    verdict: z.enum(['emotion', 'uncertain', 'no-speech']),
    emotion: z.string().nullable(),
    confidence: z.number().min(0).max(1),
    scores: z
      .array(z.object({ label: z.string(), score: z.number().min(0).max(1) }))
      .describe('Every label of the model, highest score first; they sum to 1'),
    knownVoice: z
      .object({ profileClips: z.int(), utterances: z.int() })
      .optional()
      .describe('What the verdict knew of the voice, with a profile or oneSpeaker'),
  })
  .describe('A verdict');

export const UtteranceEnd = z
  .object({
    type: z.literal('utterance.end'),
    audio_start_ms: milliseconds('Where the utterance began'),
    audio_end_ms: milliseconds('Where it ended'),
  })
  .describe('The utterance is over; its measurement came before');

export const ErrorMessage = z
  .object({
    type: z.literal('error'),
    error: z.object({ code: z.enum(Object.keys(ERROR_CODES)), message: z.string(), request_id: z.string() }),
  })
  .describe('What went wrong: session.closed follows');

export const CLOSE_REASONS = {
  client: 'session.close came',
  idle: 'no audio came for too long',
  time_limit: 'the session lasted as long as it may',
  slow_client: 'the client did not read',
  busy: 'there is no room for the session; try again later',
  shutdown: 'the service stops',
  error: 'the error that came before',
} as const;

export type CloseReason = keyof typeof CLOSE_REASONS;

export const SessionClosed = z
  .object({
    type: z.literal('session.closed'),
    reason: z.enum(Object.keys(CLOSE_REASONS) as [CloseReason, ...CloseReason[]]).describe(
      Object.entries(CLOSE_REASONS)
        .map(([reason, meaning]) => `${reason}: ${meaning}`)
        .join('. '),
    ),
    totals: z.object({
      audio_ms: ms.describe('Audio that was heard'),
      utterances: z.int().min(0),
      measurements: z.int().min(0),
    }),
  })
  .describe('Always the last message');

export const ClientMessage = z.discriminatedUnion('type', [SessionUpdate, SessionClose]);
export type ClientMessage = z.infer<typeof ClientMessage>;

export const ServerMessage = z.discriminatedUnion('type', [
  SessionCreated,
  SessionUpdated,
  UtteranceStart,
  MeasurementResult,
  UtteranceEnd,
  ErrorMessage,
  SessionClosed,
]);
export type ServerMessage = z.infer<typeof ServerMessage>;

/** A message whose config is still to be looked at: what is wrong there has a code of its own. */
const Envelope = z.discriminatedUnion('type', [
  SessionUpdate.extend({ config: z.record(z.string(), z.unknown()) }),
  SessionClose,
]);

/**
 * Reads a text message of a client.
 *
 * @throws MarsError `MESSAGE_INVALID` for what is no message of the protocol, `CONFIG_INVALID` for a config that is wrong;
 *   both say where, what came and what was expected
 */
export function parseClientMessage(text: string): ClientMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid(`The text ${shorten(text)} is no JSON`);
  }
  const parsed = Envelope.safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw invalid(`The message ${shorten(text)} does not fit: ${[...path, message].join(': ')}`);
  }
  const { data } = parsed;
  return data.type === 'session.close'
    ? data
    : { type: data.type, config: checked(SessionConfig, data.config, 'config') };
}

export function applied({ profile, ...config }: SessionConfig): z.infer<typeof AppliedConfig> {
  return { ...config, profile: profile !== undefined };
}

function invalid(what: string): MarsError {
  return new MarsError(
    'MESSAGE_INVALID',
    `${what}. Expected is audio in binary messages, {"type":"session.update","config":{…}} before it, or {"type":"session.close"}.`,
  );
}

/** Messages from outside are quoted, but not at length. */
function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

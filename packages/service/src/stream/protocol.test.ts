import { MarsError, type LiveEvent } from '@mars/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STREAM_LIMITS } from './limits.ts';
import { ServerMessage, type CloseReason } from './messages.ts';
import { StreamProtocol, type Action } from './protocol.ts';

const MODEL = { name: 'tiny', labels: ['calm', 'angry'] };

function openProtocol(): StreamProtocol {
  return new StreamProtocol({ sessionId: 'request-1', model: MODEL, limits: STREAM_LIMITS });
}

const measurement = (trigger: 'interval' | 'speechEnded', startSec: number, endSec: number): LiveEvent => ({
  type: 'measurement',
  trigger,
  startSec,
  endSec,
  durationSec: endSec - startSec,
  verdict: 'emotion',
  emotion: 'angry',
  confidence: 0.75,
  scores: [
    { label: 'angry', score: 0.75 },
    { label: 'calm', score: 0.25 },
  ],
});

const UTTERANCE: LiveEvent[] = [
  { type: 'utteranceStart', startSec: 0.48 },
  measurement('interval', 0.48, 1.504),
  measurement('speechEnded', 0.48, 2.0004),
  { type: 'utteranceEnd', startSec: 0.48, endSec: 2.0004 },
];

const texts = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.type === 'send' ? [action.message] : []));
const types = (actions: readonly Action[]) =>
  actions.map((action) => (action.type === 'send' ? action.message.type : action.type));
const samplesOf = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.type === 'push' ? [...action.samples] : []));
const update = (config: unknown) => JSON.stringify({ type: 'session.update', config });
const CLOSE = '{"type":"session.close"}';

describe('a session', () => {
  test('from its first message to its last', () => {
    const protocol = openProtocol();
    expect(texts(protocol.begin())).toEqual([
      {
        type: 'session.created',
        session_id: 'request-1',
        model: 'tiny',
        labels: ['calm', 'angry'],
        config: {
          sampleRate: 16_000,
          intervalSec: 1,
          minSpeechSec: 0.25,
          minSilenceSec: 0.5,
          maxUtteranceSec: 60,
          oneSpeaker: false,
          profile: false,
        },
        limits: { maxFrameBytes: 1_048_576, idleSec: 60, maxSessionSec: 3600, maxAheadSec: 10 },
      },
    ]);
    const updated = protocol.receiveText(update({ sampleRate: 8000, intervalSec: null }));
    expect(updated).toEqual([
      { type: 'open', config: expect.objectContaining({ sampleRate: 8000, intervalSec: null }) },
      {
        type: 'send',
        message: {
          type: 'session.updated',
          config: expect.objectContaining({ sampleRate: 8000, intervalSec: null, profile: false }),
        },
      },
    ]);
    expect(types(protocol.receiveAudio(new Uint8Array(1600)))).toEqual(['push']);
    expect(texts(protocol.heard(800, UTTERANCE))).toEqual([
      { type: 'utterance.start', audio_start_ms: 480 },
      {
        type: 'measurement.result',
        trigger: 'interval',
        audio_start_ms: 480,
        audio_end_ms: 1504,
        verdict: 'emotion',
        emotion: 'angry',
        confidence: 0.75,
        scores: [
          { label: 'angry', score: 0.75 },
          { label: 'calm', score: 0.25 },
        ],
      },
      expect.objectContaining({ trigger: 'speech_ended', audio_end_ms: 2000 }),
      { type: 'utterance.end', audio_start_ms: 480, audio_end_ms: 2000 },
    ]);
    expect(protocol.receiveText(CLOSE)).toEqual([{ type: 'end' }]);
    const last = protocol.ended([{ type: 'utteranceStart', startSec: 3 }]);
    expect(texts(last)).toEqual([
      { type: 'utterance.start', audio_start_ms: 3000 },
      {
        type: 'session.closed',
        reason: 'client',
        totals: { audio_ms: 100, utterances: 2, measurements: 2 },
      },
    ]);
    expect(last.at(-1)).toEqual({ type: 'close', code: 1000 });
  });

  test('audio without session.update is 16 kHz, with the defaults', () => {
    const actions = openProtocol().receiveAudio(new Uint8Array(200));
    expect(types(actions)).toEqual(['open', 'push']);
    expect(actions[0]).toMatchObject({ config: { sampleRate: 16_000 } });
  });

  test('options may be changed until audio comes', () => {
    const protocol = openProtocol();
    protocol.receiveText(update({ sampleRate: 8000 }));
    expect(types(protocol.receiveText(update({ sampleRate: 48_000 })))).toEqual(['open', 'session.updated']);
    protocol.receiveAudio(new Uint8Array(2));
    expect(texts(protocol.receiveText(update({})))).toMatchObject([
      { error: { code: 'MESSAGE_INVALID', request_id: 'request-1' } },
      { type: 'session.closed', reason: 'error' },
    ]);
  });

  test('what the verdict knew of the voice', () => {
    const event = { ...measurement('speechEnded', 0, 1), knownVoice: { profileClips: 3, utterances: 2 } };
    expect(texts(openProtocol().heard(1, [event as LiveEvent]))).toMatchObject([
      { knownVoice: { profileClips: 3, utterances: 2 } },
    ]);
  });

  test('a session that is closed before any audio', () => {
    const protocol = openProtocol();
    expect(types(protocol.receiveText(CLOSE))).toEqual(['session.closed', 'close']);
    expect(protocol.receiveText(CLOSE)).toEqual([]);
    expect(protocol.receiveAudio(new Uint8Array(2))).toEqual([]);
  });
});

describe('bytes', () => {
  test('are 16-bit samples, little-endian', () => {
    const bytes = Uint8Array.of(0, 0, 1, 0, 0xff, 0x7f, 0, 0x80, 0xff, 0xff);
    expect(samplesOf(openProtocol().receiveAudio(bytes))).toEqual([0, 1, 32_767, -32_768, -1]);
  });

  test('in any cut give the same samples', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(7), { maxLength: 200 }),
        (bytes, cut) => {
          const protocol = openProtocol();
          const whole = samplesOf(openProtocol().receiveAudio(bytes));
          const found: number[] = [];
          let at = 0;
          for (const length of [...cut, bytes.length]) {
            found.push(...samplesOf(protocol.receiveAudio(bytes.subarray(at, at + length))));
            at = Math.min(bytes.length, at + length);
          }
          expect(found).toEqual(whole);
          const ended = types(protocol.receiveText(CLOSE));
          expect(ended.includes('error')).toBe(bytes.length % 2 === 1);
        },
      ),
    );
  });

  test('an odd number of them is told at the end, after which the session ends as it was asked to', () => {
    const protocol = openProtocol();
    protocol.receiveAudio(new Uint8Array(3));
    expect(texts(protocol.receiveText(CLOSE))).toMatchObject([{ error: { code: 'AUDIO_TRUNCATED' } }]);
    expect(texts(protocol.ended([]))).toMatchObject([{ type: 'session.closed', reason: 'client' }]);
  });
});

test.each([
  ['no JSON', '{', 'MESSAGE_INVALID', /"\{" is no JSON/],
  ['no text', '', 'MESSAGE_INVALID', /is no JSON/],
  ['another JSON', '[1]', 'MESSAGE_INVALID', /does not fit/],
  ['null', 'null', 'MESSAGE_INVALID', /does not fit/],
  ['a type that is none', '{"type":"session.start"}', 'MESSAGE_INVALID', /"session.close"/],
  ['a message of the server', '{"type":"session.closed"}', 'MESSAGE_INVALID', /does not fit/],
  ['a field more', '{"type":"session.close","now":true}', 'MESSAGE_INVALID', /now/],
  ['no config', '{"type":"session.update"}', 'MESSAGE_INVALID', /config/],
  ['a config that is a text', update('fast'), 'MESSAGE_INVALID', /config/],
  [
    'an unknown option',
    update({ samplerate: 8000 }),
    'CONFIG_INVALID',
    /"samplerate"; expected are sampleRate, intervalSec/,
  ],
  ['a rate out of its range', update({ sampleRate: 1 }), 'CONFIG_INVALID', /config.sampleRate: /],
  ['a rate that is no number', update({ sampleRate: '16000' }), 'CONFIG_INVALID', /config.sampleRate: /],
  ['a rate that JSON has no word for', update({ sampleRate: NaN }), 'CONFIG_INVALID', /config.sampleRate: /],
  ['a profile that is a text', update({ profile: 'me' }), 'CONFIG_INVALID', /config.profile: /],
  ['a profile that is none', update({ profile: { format: 'x' } }), 'PROFILE_INVALID', /"format"/],
  [
    'deep JSON',
    update(0).replace('0', '['.repeat(100_000) + ']'.repeat(100_000)),
    'MESSAGE_INVALID',
    /config/,
  ],
  ['a long text', 'x'.repeat(100_000), 'MESSAGE_INVALID', /^.{0,300}$/],
])('a text that is wrong ends the session with a code: %s', (_, text, code, message) => {
  const protocol = openProtocol();
  const actions = protocol.receiveText(text);
  expect(types(actions)).toEqual(['error', 'session.closed', 'close']);
  expect(texts(actions)[0]).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
  expect(protocol.isClosed).toBe(true);
});

test.each([
  [new MarsError('SERVICE_BUSY', 'Later.'), 'busy', 1013, 'Later.'],
  [new MarsError('SERVICE_STOPPING', 'Stops.'), 'shutdown', 1001, 'Stops.'],
  [new MarsError('MESSAGE_TOO_LARGE', 'Long.'), 'error', 1009, 'Long.'],
  [new MarsError('WORKER_LOST', 'Died.'), 'error', 1011, 'Died.'],
  [new TypeError('secret path'), 'error', 1011, 'MARS itself failed. Report it with the request_id.'],
])('a failure: %s', (error, reason, code, message) => {
  const actions = openProtocol().fail(error);
  expect(texts(actions)).toMatchObject([{ error: { message } }, { type: 'session.closed', reason }]);
  expect(actions.at(-1)).toEqual({ type: 'close', code });
});

type Input =
  | { readonly audio: Uint8Array }
  | { readonly text: string }
  | { readonly stop: CloseReason }
  | { readonly cut: CloseReason }
  | { readonly failure: Error };

describe('whatever comes, in any order', () => {
  const good = fc.constantFrom(CLOSE, update({}), update({ sampleRate: 44_100, intervalSec: 2 }));
  const input: fc.Arbitrary<Input> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ audio: fc.uint8Array({ maxLength: 50 }) }) },
    { weight: 1, arbitrary: fc.record({ text: good }) },
    {
      weight: 1,
      arbitrary: fc.record({
        text: fc.oneof(
          fc.json(),
          fc.string(),
          good.map((t) => t.slice(0, -2)),
        ),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ stop: fc.constantFrom<CloseReason>('idle', 'time_limit', 'shutdown') }),
    },
    { weight: 1, arbitrary: fc.record({ cut: fc.constantFrom<CloseReason>('idle', 'time_limit') }) },
    {
      weight: 1,
      arbitrary: fc.record({ failure: fc.constantFrom(new Error('x'), new MarsError('WORKER_LOST', 'x')) }),
    },
  );
  const outcome = fc.oneof(
    fc.constant<LiveEvent[]>([]),
    fc.constant(UTTERANCE),
    fc.constant('fails' as const),
  );

  /** Does what the protocol says with a pool that answers as `outcomes` tell. */
  function run(inputs: readonly Input[], outcomes: readonly (LiveEvent[] | 'fails')[]) {
    const protocol = openProtocol();
    const done: Action[] = [];
    let next = 0;
    const perform = (actions: readonly Action[]): void => {
      for (const action of actions) {
        done.push(action);
        if (action.type === 'send' || action.type === 'close') continue;
        const result = outcomes[next++ % outcomes.length];
        if (result === 'fails') return perform(protocol.fail(new MarsError('WORKER_LOST', 'It died.')));
        if (action.type === 'push') perform(protocol.heard(action.samples.length, result));
        if (action.type === 'end') perform(protocol.ended(result));
      }
    };
    perform(protocol.begin());
    for (const each of inputs) {
      if ('audio' in each) perform(protocol.receiveAudio(each.audio));
      else if ('text' in each) perform(protocol.receiveText(each.text));
      else if ('stop' in each) perform(protocol.stop(each.stop));
      else if ('cut' in each) perform(protocol.cut(each.cut));
      else perform(protocol.fail(each.failure));
    }
    perform(protocol.stop('shutdown'));
    return done;
  }

  test('there are events or an error with a code, and session.closed comes once and last', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 20 }),
        fc.array(outcome, { minLength: 1, maxLength: 20 }),
        (inputs, outcomes) => {
          const actions = run(inputs, outcomes);
          const messages = texts(actions);
          for (const message of messages) expect(ServerMessage.parse(message)).toEqual(message);
          expect(messages[0].type).toBe('session.created');
          expect(messages.filter(({ type }) => type === 'session.closed')).toHaveLength(1);
          expect(messages.at(-1)!.type).toBe('session.closed');
          const work = types(actions.filter(({ type }) => type !== 'send')).join(' ');
          expect(work).toMatch(/^(?:(?:open )+(?:push )*(?:end )?)?close$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

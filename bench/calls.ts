import type { Random } from '@mars/autograd/random';
import type { Container } from './containers.ts';
import { mutate, mutateOrder, noise } from './mutate.ts';
import { frame, OPCODES } from './websocket-frames.ts';

/** One connection of a hostile caller. */
export interface Call {
  readonly kind: 'http' | 'websocket';
  readonly pieces: readonly Uint8Array[];
  /** `end` closes the caller's side when all is sent, `hang up` both, and `wait` neither. */
  readonly ending: 'end' | 'hang up' | 'wait';
}

const BOUNDARY = 'mars';

/** Fields of requests and sessions, right ones and wrong ones. */
const FIELDS = [
  'timeline top explain startSec endSec windowSec hopSec minSilenceSec oneSpeaker channels profile sampleRate',
  'intervalSec minSpeechSec maxUtteranceSec type config __proto__ constructor toString deadlineMs path file',
].flatMap((names) => names.split(' '));

const NUMBERS = [0, 1, -1, 0.5, 3, 60, 1000, 16_000, 48_000, 1e9, 1e308, -1e-9, 2 ** 53];
const TEXTS = [
  '',
  'mix',
  'split',
  'session.update',
  '../../etc/passwd',
  '\0',
  'NaN',
  'x'.repeat(3000),
  '\ud800',
];
const VALUES = [true, false, null, [], [[]], {}, { a: { b: { c: 1 } } }, ...NUMBERS, ...TEXTS];

const TYPES =
  'audio/wav audio/flac audio/ogg application/octet-stream text/plain multipart/form-data */*'.split(' ');
const PATHS = '/v1/models /healthz /readyz /metrics /openapi.json /asyncapi.json /docs / /v1 /% /../x'.split(
  ' ',
);
const METHODS = 'GET POST HEAD OPTIONS PUT DELETE TRACE CONNECT X'.split(' ');
const HEADERS = [
  'content-length: 0',
  'content-length: -1',
  'content-length: 99999999999',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip',
  'content-encoding: gzip',
  'expect: 100-continue',
  'connection: upgrade',
  'upgrade: websocket',
  'authorization: Bearer x',
  'origin: https://example.org',
  'host: example.org',
  'accept: text/html',
  'range: bytes=0-',
  'cookie: a=b',
  'x-forwarded-for: ::1',
  'x-request-id: \x7f',
  `x-long: ${'y'.repeat(9000)}`,
];

export function makeCall(containers: readonly Container[], random: Random): Call {
  const kind = random.integer(5) < 2 ? 'websocket' : 'http';
  const other = pick(containers, random).bytes;
  let bytes = kind === 'http' ? request(containers, random) : session(containers, random);
  // Faults of the meaning get further than faults of the bytes.
  if (random.integer(3) === 0) bytes = mutate(bytes, random, other);
  const way = random.integer(10);
  return {
    kind,
    pieces: cut(bytes, random),
    ending: way === 0 ? 'hang up' : way < (kind === 'http' ? 6 : 3) ? 'end' : 'wait',
  };
}

function request(containers: readonly Container[], random: Random): Uint8Array {
  if (random.integer(4) === 0) {
    const head = [`${pick(METHODS, random)} ${pick(PATHS, random)} HTTP/1.1`, 'host: localhost'];
    return text(`${[...head, ...some(HEADERS, random)].join('\r\n')}\r\n\r\n`);
  }
  const { bytes: whole } = pick(containers, random);
  const recording = random.integer(2) === 0 ? whole : mutate(whole, random, pick(containers, random).bytes);
  const isForm = random.integer(2) === 0;
  const body = isForm ? form(recording, random) : recording;
  const type = isForm ? `multipart/form-data; boundary=${BOUNDARY}` : pick(TYPES, random);
  const isChunked = random.integer(4) === 0;
  const head = [
    `POST /v1/classify${isForm ? '' : query(random)} HTTP/1.1`,
    'host: localhost',
    `content-type: ${type}`,
    isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`,
    ...(random.integer(4) === 0 ? some(HEADERS, random) : []),
  ];
  const sent = isChunked ? chunked(body, random) : body;
  return Buffer.concat([text(`${head.join('\r\n')}\r\n\r\n`), sent]);
}

function form(recording: Uint8Array, random: Random): Uint8Array {
  const part = (head: string, body: Uint8Array) =>
    Buffer.concat([
      text(`--${BOUNDARY}\r\ncontent-disposition: form-data; ${head}\r\n\r\n`),
      body,
      text('\r\n'),
    ]);
  const name = pick(['a.wav', '../../x', 'a"b', '\u{1f600}', ''], random);
  const parts = [part(`name="file"; filename="${name}"`, recording)];
  if (random.integer(3) > 0) parts.push(part('name="config"', text(JSON.stringify(config(random)))));
  const sent =
    random.integer(2) === 0 ? parts : mutateOrder(parts, random, [part('name="x"', noise(20, random))]);
  const last =
    random.integer(4) > 0 ? `--${BOUNDARY}--` : pick([`--${BOUNDARY}--\r\n`, `--${BOUNDARY}`, ''], random);
  return Buffer.concat([...sent, text(last)]);
}

function query(random: Random): string {
  if (random.integer(2) === 0) return '';
  const fields = Object.entries(config(random)).map(
    ([name, value]) => `${name}=${encodeURIComponent(toText(value))}`,
  );
  return `?${fields.join('&')}`;
}

function chunked(body: Uint8Array, random: Random): Uint8Array {
  const pieces = cut(body, random).flatMap((piece) => [
    text(`${piece.length.toString(16)}\r\n`),
    piece,
    text('\r\n'),
  ]);
  return Buffer.concat([...pieces, text('0\r\n\r\n')]);
}

function config(random: Random): Record<string, unknown> {
  const entries = Array.from(
    { length: random.integer(4) },
    () => [pick(FIELDS, random), pick(VALUES, random)] as const,
  );
  return Object.fromEntries(entries);
}

/** The upgrade and then messages: of the protocol, of WebSocket, and others. */
function session(containers: readonly Container[], random: Random): Uint8Array {
  const upgrade = [
    'GET /v1/stream HTTP/1.1',
    'host: localhost',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...(random.integer(10) === 0 ? some(HEADERS, random) : []),
  ];
  const usual = [
    message({ type: 'session.update', config: random.integer(2) === 0 ? {} : config(random) }),
    ...Array.from({ length: random.integer(6) }, () => audio(containers, random)),
    ...(random.integer(4) > 0 ? [message({ type: 'session.close' })] : []),
  ];
  const others = [
    message(config(random)),
    frame(OPCODES.text, noise(random.integer(60), random)),
    frame(OPCODES.text, text('{"type":'), { isLast: false }),
    frame(OPCODES.continuation, text('"session.close"}')),
    frame(OPCODES.ping, noise(random.integer(130), random)),
    frame(OPCODES.pong, noise(3, random)),
    frame(OPCODES.close, random.integer(2) === 0 ? new Uint8Array(0) : noise(2, random)),
    frame(random.integer(16), noise(5, random)),
    frame(OPCODES.binary, noise(3, random), { isMasked: false }),
    frame(OPCODES.binary, noise(1, random), { length: pick([126, 70_000, 2 ** 21, 2 ** 40], random) }),
  ];
  const messages = random.integer(3) === 0 ? usual : mutateOrder(usual, random, others);
  return Buffer.concat([text(`${upgrade.join('\r\n')}\r\n\r\n`), ...messages]);
}

function message(value: unknown): Uint8Array {
  return frame(OPCODES.text, text(JSON.stringify(value)));
}

/** What may be sound: of a recording, noise, or loud; an odd number of bytes as often as an even one. */
function audio(containers: readonly Container[], random: Random): Uint8Array {
  const length = Math.floor(10 ** random.uniform(0, 4.6));
  const way = random.integer(3);
  if (way === 0) return frame(OPCODES.binary, noise(length % 5000, random));
  if (way === 1) return frame(OPCODES.binary, new Uint8Array(length).fill(random.integer(256)));
  return frame(OPCODES.binary, pick(containers, random).bytes.subarray(0, length));
}

/** In a few pieces of any lengths. */
function cut(bytes: Uint8Array, random: Random): Uint8Array[] {
  const places = Array.from({ length: random.integer(4) }, () => random.integer(bytes.length + 1));
  const ends = [...places.sort((a, b) => a - b), bytes.length];
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

function some(values: readonly string[], random: Random): string[] {
  return Array.from({ length: random.integer(3) }, () => pick(values, random));
}

function pick<Value>(values: readonly Value[], random: Random): Value {
  return values[random.integer(values.length)];
}

function text(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value));
}

function toText(value: unknown): string {
  const written = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return written.toWellFormed();
}

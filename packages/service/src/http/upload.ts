import type { IncomingMessage } from 'node:http';
import { MarsError } from '@mars/core';
import type { FastifyRequest } from 'fastify';
import type { ByteBudget, Limits } from './limits.ts';
import { Pieces } from './pieces.ts';
import { parsedJson } from './validation.ts';

/** A recording that has arrived, and what is asked about it. It takes its share of the memory until it is disposed of. */
export interface Upload extends Disposable {
  /** The recording's bytes, which nobody has joined. */
  readonly pieces: readonly Uint8Array[];
  /** Of the form's part "config"; not checked. */
  readonly config: unknown;
}

type UploadLimits = Pick<Limits, 'uploadBytes' | 'uploadMs' | 'silenceMs'>;

/** What comes with a recording in a form: boundaries, headers of parts, and the config with its profile. */
const FORM_BYTES = 1_000_000;

/**
 * Reads the recording in the body of a request: of a form the part "file", otherwise the body. It is limited while it
 * arrives, whatever its headers promise, and is never written to disk.
 *
 * @throws MarsError `REQUEST_TOO_LARGE`, `REQUEST_TIMEOUT`, `REQUEST_INVALID`, `MEDIA_TYPE_UNSUPPORTED`, `SERVICE_BUSY`
 *   when the budget is used up, `CANCELLED` when the caller has gone
 */
export async function receiveUpload(
  request: FastifyRequest,
  limits: UploadLimits,
  budget: ByteBudget,
): Promise<Upload> {
  const isForm = requireRecording(request);
  const most = limits.uploadBytes + (isForm ? FORM_BYTES : 0);
  const arrival = new Arrival(request.raw, { ...limits, uploadBytes: most }, budget);
  try {
    const { pieces, config } = await arrival.read(() =>
      isForm ? readForm(request, limits) : readBody(request.raw),
    );
    return { pieces, config, [Symbol.dispose]: () => arrival.release() };
  } catch (error) {
    arrival.release();
    throw error;
  }
}

/** Whether the body is a form; neither is it refused. */
function requireRecording({ headers }: FastifyRequest): boolean {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  if (encoding !== 'identity') {
    throw new MarsError(
      'MEDIA_TYPE_UNSUPPORTED',
      `The body is compressed (${encoding.slice(0, 50)}). Send the recording as it is; FLAC and Opus are small by themselves.`,
    );
  }
  if (/^multipart\/form-data *;/i.test(type)) return true;
  if (type === '' || /^(?:audio\/.+|(?:video|application)\/ogg|application\/octet-stream)/i.test(type))
    return false;
  throw new MarsError(
    'MEDIA_TYPE_UNSUPPORTED',
    `The body is of type ${JSON.stringify(type.slice(0, 100))}; a form (multipart/form-data) with a part "file", or the bytes ` +
      'of a recording (audio/wav, audio/flac, audio/mpeg, audio/ogg or application/octet-stream) were expected.',
  );
}

interface Body {
  readonly pieces: readonly Uint8Array[];
  readonly config: unknown;
}

/** The body's pieces are handed out by `data`, as they come: whoever iterates over a request destroys it on leaving. */
function readBody(raw: IncomingMessage): Promise<Body> {
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    raw.on('data', (piece: Buffer) => pieces.add(piece));
    raw.once('end', () => resolve({ pieces: pieces.end(), config: undefined }));
    raw.once('error', reject);
  });
}

async function readForm(request: FastifyRequest, { uploadBytes }: UploadLimits): Promise<Body> {
  let file: readonly Uint8Array[] | undefined;
  let config: unknown;
  const parts = request.parts({
    limits: { fileSize: Infinity, files: 1, fields: 1, parts: 3, fieldSize: FORM_BYTES, headerPairs: 20 },
  });
  for await (const part of unbroken(parts)) {
    if (part.type === 'file') {
      // The name that the file has elsewhere is of no interest, and is not kept.
      if (part.fieldname !== 'file') throw unexpectedPart(part.fieldname);
      const pieces = new Pieces();
      let size = 0;
      for await (const piece of unbroken(part.file as AsyncIterable<Buffer>)) {
        size += piece.length;
        if (size > uploadBytes) throw tooLarge(uploadBytes);
        pieces.add(piece);
      }
      file = pieces.end();
    } else {
      if (part.fieldname !== 'config') throw unexpectedPart(part.fieldname);
      if (part.valueTruncated) throw tooLarge(FORM_BYTES);
      config = typeof part.value === 'string' ? parsedJson(part.value, 'The part "config"') : part.value;
    }
  }
  if (file === undefined) {
    throw new MarsError(
      'NO_INPUT',
      'The form has no file in a part named "file"; a recording was expected in it.',
    );
  }
  return { pieces: file, config };
}

/** What the parser of forms finds wrong, as an error that may be told. */
async function* unbroken<Piece>(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece, void, undefined> {
  try {
    yield* pieces;
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    if (code !== undefined) throw cause;
    throw new MarsError('REQUEST_INVALID', `The form cannot be read: ${message}.`, { cause });
  }
}

function unexpectedPart(name: string | undefined): MarsError {
  const found = name === undefined ? 'without a name' : JSON.stringify(name.slice(0, 50));
  return new MarsError(
    'REQUEST_INVALID',
    `The form has a part ${found}; "file", with the recording, and "config", a text of JSON, were expected.`,
  );
}

function tooLarge(most: number): MarsError {
  return new MarsError(
    'REQUEST_TOO_LARGE',
    `The upload is larger than ${most} bytes, which is the limit. Cut the recording, or save it as FLAC or Opus.`,
  );
}

/** Watches a body while somebody reads it: how large it is, how fast, and whether its sender is still there. */
class Arrival {
  readonly #raw: IncomingMessage;
  readonly #limits: UploadLimits;
  readonly #budget: ByteBudget;
  #held = 0;

  constructor(raw: IncomingMessage, limits: UploadLimits, budget: ByteBudget) {
    this.#raw = raw;
    this.#limits = limits;
    this.#budget = budget;
  }

  release(): void {
    this.#budget.giveBack(this.#held);
    this.#held = 0;
  }

  async read(body: () => Promise<Body>): Promise<Body> {
    const raw = this.#raw;
    const { uploadBytes, uploadMs, silenceMs } = this.#limits;
    const { promise: failure, reject: fail } = Promise.withResolvers<never>();
    const late = (what: string) => () => fail(new MarsError('REQUEST_TIMEOUT', `${what} Send it again.`));
    const silence = setTimeout(late(`No byte of the body came for ${silenceMs / 1000} s.`), silenceMs);
    const whole = setTimeout(late(`The body had not arrived within ${uploadMs / 1000} s.`), uploadMs);
    let size = 0;
    const count = (piece: Buffer): void => {
      silence.refresh();
      size += piece.length;
      try {
        if (size > uploadBytes) throw tooLarge(uploadBytes);
        this.#budget.take(piece.length);
        this.#held += piece.length;
      } catch (error) {
        fail(error);
      }
    };
    const gone = (): void => {
      if (!raw.complete)
        fail(new MarsError('CANCELLED', 'The caller has gone before all of the body had come.'));
    };
    const declared = Number(raw.headers['content-length'] ?? 0);
    try {
      if (declared > uploadBytes) throw tooLarge(uploadBytes);
      raw.on('data', count);
      raw.once('close', gone);
      raw.once('error', gone);
      return await Promise.race([body(), failure]);
    } finally {
      clearTimeout(silence);
      clearTimeout(whole);
      raw.off('data', count);
      raw.off('close', gone);
    }
  }
}

/**
 * Throws away what still comes of the body of a request that was refused, for a moment, so that the caller gets to read
 * the refusal: a connection that is closed on bytes unread takes what was answered with it. Then it is closed.
 */
export function discardRest(raw: IncomingMessage, { lingerMs }: Pick<Limits, 'lingerMs'>): void {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.removeAllListeners('data');
  raw.resume();
  const { socket } = raw;
  const timer = setTimeout(() => raw.complete || socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
}

import { MarsError } from '../errors.ts';

/**
 * Where a recording's bytes come from: all of them at once, a browser's `File` or what Node's `fs.openAsBlob` gives, or
 * a stream of pieces of any sizes. A stream may write into the memory of a piece again when the next one is asked for.
 */
export type AudioSource = Uint8Array | Blob | AsyncIterable<Uint8Array>;

/** Bytes taken from a Blob at a time. */
const SLICE_BYTES = 1 << 20;

/** Reads a source from front to back through a window that holds no more of it than somebody asked to see. */
export class ByteReader {
  /** Bytes of the whole source; of a stream that is known when it has ended. */
  size: number | undefined;
  /** Offset of the window in the source. */
  position = 0;
  readonly #source: AudioSource;
  #bytes: Uint8Array;
  #start = 0;
  #end: number;
  /** Whether `#bytes` is memory of our own, and not a piece of the source. */
  #isOwn = false;
  /** What is still to come; `undefined` at the end. */
  #pieces: AsyncIterator<Uint8Array> | undefined;

  constructor(source: AudioSource) {
    this.#source = source;
    const isWhole = source instanceof Uint8Array;
    this.#bytes = isWhole ? source : new Uint8Array(0);
    this.#end = this.#bytes.length;
    if (isWhole) {
      this.size = source.length;
    } else if (source instanceof Blob) {
      this.size = source.size;
      this.#pieces = slices(source);
    } else if (typeof source?.[Symbol.asyncIterator] === 'function') {
      this.#pieces = source[Symbol.asyncIterator]();
    } else {
      throw new MarsError(
        'CONFIG_INVALID',
        `The source of a recording is a ${typeof source}; a Uint8Array, a Blob or an async iterable of Uint8Array was ` +
          'expected. Read the file first, or hand in fs.openAsBlob(path).',
      );
    }
  }

  /**
   * Makes the window at least `length` bytes long, or as long as there are bytes to the end, and returns it. The bytes
   * stay as they are up to the next call.
   *
   * @throws MarsError FILE_UNREADABLE, FILE_NOT_FOUND if the source fails; a MarsError of the source's own as it is
   */
  async fill(length: number): Promise<Uint8Array> {
    while (this.#end - this.#start < length && this.#pieces) {
      const held = this.#end - this.#start;
      if (held > 0) this.#own(length);
      const piece = await this.#pull(this.#pieces);
      if (!piece) break;
      if (held === 0) {
        this.#bytes = piece;
        this.#start = 0;
        this.#isOwn = false;
      } else {
        this.#own(held + piece.length);
        this.#bytes.set(piece, this.#end);
      }
      this.#end = this.#start + held + piece.length;
    }
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Moves the window's front on by `length` bytes, which must be in it. */
  advance(length: number): void {
    this.#start += length;
    this.position += length;
  }

  /** Passes over `length` bytes, or over all there are. */
  async skip(length: number): Promise<void> {
    let left = length;
    for (;;) {
      const window = await this.fill(1);
      const step = Math.min(left, window.length);
      if (step === 0) return;
      this.advance(step);
      left -= step;
    }
  }

  /** The last `length` bytes of the source, or all of a shorter one; `undefined` for a stream, which has no way to them. */
  async tail(length: number): Promise<Uint8Array | undefined> {
    const source = this.#source;
    if (source instanceof Uint8Array) return source.subarray(-length);
    if (!(source instanceof Blob)) return undefined;
    const start = Math.max(0, source.size - length);
    return readSlice(source, start, source.size);
  }

  /** Lets go of the source, at its end or before. */
  async close(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = undefined;
    await pieces?.return?.();
  }

  async #pull(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
    let next;
    try {
      next = await pieces.next();
    } catch (error) {
      this.#pieces = undefined;
      throw sourceError(error, this.position + this.#end - this.#start);
    }
    if (next.done) {
      this.#pieces = undefined;
      this.size = this.position + this.#end - this.#start;
      return undefined;
    }
    if (next.value instanceof Uint8Array) return next.value;
    throw new MarsError(
      'CONFIG_INVALID',
      `The stream of a recording gave a ${typeof next.value}; pieces of Uint8Array were expected. Open it without an encoding.`,
    );
  }

  /** Puts the window into memory of our own that has room for `capacity` bytes from its front. */
  #own(capacity: number): void {
    const held = this.#end - this.#start;
    if (this.#isOwn && this.#bytes.length >= capacity) {
      if (this.#bytes.length - this.#start >= capacity) return;
      this.#bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const bytes = new Uint8Array(Math.max(capacity, 2 * held));
      bytes.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = bytes;
      this.#isOwn = true;
    }
    this.#start = 0;
    this.#end = held;
  }
}

async function* slices(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < blob.size; start += SLICE_BYTES) {
    yield readSlice(blob, start, start + SLICE_BYTES);
  }
}

async function readSlice(blob: Blob, start: number, end: number): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.slice(start, end).arrayBuffer());
  } catch (error) {
    throw sourceError(error, start);
  }
}

function sourceError(cause: unknown, offset: number): MarsError {
  if (cause instanceof MarsError) return cause;
  const { name, message } = cause instanceof Error ? cause : { name: '', message: String(cause) };
  // What a Blob's file throws: https://w3c.github.io/FileAPI/#dfn-error-codes
  return new MarsError(
    name === 'NotFoundError' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
    `The recording could not be read on at byte ${offset} (${message}). ` +
      'If it was changed, moved or removed meanwhile, try again when it is complete.',
    { cause },
  );
}

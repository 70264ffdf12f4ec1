/**
 * Bytes that come piece by piece, for one reader. Each piece is reported when it has been used up and the next is asked
 * for, so that no more than a few wait.
 */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #onTaken: () => void;
  readonly #pieces: (Uint8Array | undefined)[] = [];
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  /** The next piece; `undefined` after the last. */
  push(piece: Uint8Array | undefined): void {
    this.#pieces.push(piece);
    this.#wake?.();
  }

  /** Ends the bytes where they are. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    while (!this.#isClosed) {
      if (this.#pieces.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const piece = this.#pieces.shift();
      if (piece === undefined) return;
      yield piece;
      this.#onTaken();
    }
  }
}

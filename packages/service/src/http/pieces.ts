/** Pieces of at least so many bytes are kept as they are. */
const LARGE = 4096;

/** Smaller ones are put together into blocks of so many. */
const BLOCK = 16_384;

/**
 * What came of a body, in few pieces. Large ones are kept and not joined: a copy of all would be more to clear away than
 * all else that an upload leaves behind. Small ones are copied: who sends byte by byte would have each byte kept as an
 * object, which takes a hundred times as much memory as its byte.
 */
export class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #block: Uint8Array | undefined;
  #used = 0;

  add(piece: Uint8Array): void {
    if (piece.length >= LARGE) {
      this.#endBlock();
      this.#pieces.push(piece);
      return;
    }
    if (this.#used + piece.length > BLOCK) this.#endBlock();
    this.#block ??= new Uint8Array(BLOCK);
    this.#block.set(piece, this.#used);
    this.#used += piece.length;
  }

  /** All that was added, in its order. */
  end(): readonly Uint8Array[] {
    this.#endBlock();
    return this.#pieces;
  }

  #endBlock(): void {
    if (!this.#block) return;
    // A copy of what is used: a block may hold but one byte.
    this.#pieces.push(this.#block.slice(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }
}

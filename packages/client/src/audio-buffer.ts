/** Audio that waits to be sent: a bounded part of it, the latest. Positions count samples since the stream began. */
export class AudioBuffer {
  readonly #maxSamples: number;
  #pieces: { readonly bytes: Uint8Array<ArrayBuffer>; readonly position: number }[] = [];
  #samples = 0;
  #end = 0;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  /** Samples that wait. */
  get samples(): number {
    return this.#samples;
  }

  /** Of the next sample that comes. */
  get end(): number {
    return this.#end;
  }

  /** Of the next sample that goes. */
  get start(): number {
    return this.#pieces[0]?.position ?? this.#end;
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0) return;
    this.#pieces.push({ bytes, position: this.#end });
    this.#samples += bytes.length / 2;
    this.#end += bytes.length / 2;
    while (this.#samples > this.#maxSamples && this.#pieces.length > 1) this.take();
  }

  take(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly position: number } | undefined {
    const piece = this.#pieces.shift();
    if (piece) this.#samples -= piece.bytes.length / 2;
    return piece;
  }
}

/** Where the audio of a session lies in the stream, of which it may lack some. In samples. */
export class Places {
  readonly #jumps: { readonly sent: number; readonly offset: number }[] = [];
  #sent = 0;

  /** Says that the next `samples` of the session are those from `position` on. */
  sending(samples: number, position: number): void {
    const offset = position - this.#sent;
    if (this.#jumps.at(-1)?.offset !== offset) this.#jumps.push({ sent: this.#sent, offset });
    this.#sent += samples;
  }

  /** The place in the stream of a place in the session. */
  inStream(sample: number): number {
    const jump = this.#jumps.findLast(({ sent }) => sent <= sample) ?? this.#jumps[0];
    return sample + (jump?.offset ?? 0);
  }
}

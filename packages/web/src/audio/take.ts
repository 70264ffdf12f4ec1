import { encodeWav } from '@mars/core';

/** Kept in pieces of this length, so that a long recording never has to be copied to grow. */
const PIECE_SEC = 10;

/**
 * Samples that are kept while they come, up to a limit.
 *
 * @example
 * const take = new Take(48_000, { maxSec: 600 });
 * take.push(block.samples);
 * const file = new File([take.toWav()], 'recording.wav', { type: 'audio/wav' });
 */
export class Take {
  readonly sampleRate: number;
  readonly #maxLength: number;
  readonly #pieces: Float32Array[] = [];
  #length = 0;

  constructor(sampleRate: number, { maxSec }: { maxSec: number }) {
    this.sampleRate = sampleRate;
    this.#maxLength = Math.floor(maxSec * sampleRate);
  }

  get durationSec(): number {
    return this.#length / this.sampleRate;
  }

  get isFull(): boolean {
    return this.#length === this.#maxLength;
  }

  /** Keeps what there is room for. */
  push(samples: Float32Array): void {
    let rest = samples.subarray(0, this.#maxLength - this.#length);
    const pieceLength = PIECE_SEC * this.sampleRate;
    while (rest.length > 0) {
      const filled = this.#length % pieceLength;
      if (filled === 0) this.#pieces.push(new Float32Array(pieceLength));
      const part = rest.subarray(0, pieceLength - filled);
      this.#pieces.at(-1)!.set(part, filled);
      this.#length += part.length;
      rest = rest.subarray(part.length);
    }
  }

  samples(): Float32Array {
    const all = new Float32Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      const part = piece.subarray(0, this.#length - at);
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** A 16-bit WAV file. */
  toWav(): Uint8Array<ArrayBuffer> {
    return encodeWav({ samples: this.samples(), sampleRate: this.sampleRate });
  }
}

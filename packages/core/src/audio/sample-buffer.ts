/**
 * The latest samples of a signal that has no end: they are appended at one side and discarded at the other, and keep
 * the numbers that they have in the whole signal.
 *
 * @example
 * const buffer = new SampleBuffer();
 * buffer.append(Float32Array.of(1, 2, 3, 4));
 * buffer.discardBefore(2);
 * buffer.slice(2, 4); // [3, 4]
 */
export class SampleBuffer {
  #data = new Float32Array(1 << 12);
  /** Number, in the signal, of the sample `data[0]`. */
  #first = 0;
  #length = 0;

  /** How many samples the signal has so far. */
  get end(): number {
    return this.#first + this.#length;
  }

  append(samples: Float32Array): void {
    const length = this.#length + samples.length;
    if (length > this.#data.length) {
      // Doubled, so that a long utterance is not copied at every frame of it.
      const grown = new Float32Array(Math.max(length, 2 * this.#data.length));
      grown.set(this.#data.subarray(0, this.#length));
      this.#data = grown;
    }
    this.#data.set(samples, this.#length);
    this.#length = length;
  }

  /** A copy of the samples from number `start` up to, not including, number `end`; all of them must be there. */
  slice(start: number, end: number): Float32Array {
    if (start < this.#first || end > this.end || start > end) {
      throw new RangeError(`samples ${start} to ${end} of a buffer that holds ${this.#first} to ${this.end}`);
    }
    return this.#data.slice(start - this.#first, end - this.#first);
  }

  discardBefore(start: number): void {
    const gone = Math.min(start, this.end) - this.#first;
    // Moving the rest costs as much as the rest is long: that is worth it once as much again has gone.
    if (gone <= 0 || gone < this.#length / 2) return;
    this.#data.copyWithin(0, gone, this.#length);
    this.#first += gone;
    this.#length -= gone;
  }
}

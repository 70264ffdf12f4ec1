/** As many as a picture of a wave has columns on a wide screen. */
export const MOST_BUCKETS = 2000;

/** A bucket at the start: 1 ms, finer than any picture of a clip of a second. */
const FIRST_BUCKET_SEC = 0.001;

/**
 * The lowest and the highest sample of equal stretches of a recording whose length is not known beforehand: whenever
 * there are more than {@link MOST_BUCKETS}, each two become one.
 *
 * @example
 * const meter = new PeakMeter(16_000);
 * for await (const block of reader.blocks()) meter.read(block);
 * meter.peaks(); // [min, max, min, max, …]
 */
export class PeakMeter {
  readonly #ranges = new Float32Array(2 * MOST_BUCKETS);
  #buckets = 0;
  #bucketLength: number;
  /** Samples in the last bucket. */
  #filled = 0;

  constructor(sampleRate: number) {
    this.#bucketLength = Math.max(1, Math.round(FIRST_BUCKET_SEC * sampleRate));
  }

  read(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i++) {
      if (this.#filled === this.#bucketLength || this.#buckets === 0) this.#begin();
      const sample = samples[i];
      const at = 2 * (this.#buckets - 1);
      if (sample < this.#ranges[at]) this.#ranges[at] = sample;
      if (sample > this.#ranges[at + 1]) this.#ranges[at + 1] = sample;
      this.#filled++;
    }
  }

  peaks(): Float32Array {
    return this.#ranges.slice(0, 2 * this.#buckets);
  }

  #begin(): void {
    if (this.#buckets === MOST_BUCKETS) this.#halve();
    const at = 2 * this.#buckets;
    this.#ranges[at] = Infinity;
    this.#ranges[at + 1] = -Infinity;
    this.#buckets++;
    this.#filled = 0;
  }

  #halve(): void {
    const ranges = this.#ranges;
    this.#buckets = MOST_BUCKETS / 2;
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      ranges[2 * bucket] = Math.min(ranges[4 * bucket], ranges[4 * bucket + 2]);
      ranges[2 * bucket + 1] = Math.max(ranges[4 * bucket + 1], ranges[4 * bucket + 3]);
    }
    this.#bucketLength *= 2;
  }
}

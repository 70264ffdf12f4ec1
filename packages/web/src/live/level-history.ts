/**
 * The peaks of the latest blocks of sound, for a strip that rolls: as many as fit, however long it goes on.
 *
 * @example
 * const levels = new LevelHistory({ blockSec: 0.032, spanSec: 60 });
 * levels.push(block.peak);
 * levels.forEach(nowSec - 20, (peak, startSec) => drawBar(peak, startSec));
 */
export class LevelHistory {
  readonly blockSec: number;
  readonly #peaks: Float32Array;
  #count = 0;

  constructor({ blockSec, spanSec }: { blockSec: number; spanSec: number }) {
    this.blockSec = blockSec;
    this.#peaks = new Float32Array(Math.ceil(spanSec / blockSec));
  }

  /** Of all blocks that came. */
  get endSec(): number {
    return this.#count * this.blockSec;
  }

  push(peak: number): void {
    this.#peaks[this.#count++ % this.#peaks.length] = peak;
  }

  /** The blocks that begin at `fromSec` or later and are still held, the oldest first. */
  forEach(fromSec: number, see: (peak: number, startSec: number) => void): void {
    const oldest = Math.max(0, this.#count - this.#peaks.length, Math.ceil(fromSec / this.blockSec));
    for (let block = oldest; block < this.#count; block++) {
      see(this.#peaks[block % this.#peaks.length], block * this.blockSec);
    }
  }
}

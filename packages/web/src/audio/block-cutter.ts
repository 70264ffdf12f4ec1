/** A stretch of sound from the microphone, and how loud it is. */
export interface SoundBlock {
  /** Mono. The receiver may keep it. */
  readonly samples: Float32Array;
  /** Largest absolute sample, 0 to 1 where nothing is clipped. */
  readonly peak: number;
  /** Root mean square. */
  readonly rms: number;
}

/** Blocks last 32 ms or a little less: 30 messages a second and not 375, and a level that moves at once. */
const BLOCK_SEC = 0.032;

/**
 * Gathers the 128 samples that an audio worklet gets at a time into blocks. Channels are averaged: what one of a pair of
 * microphones hears is then never lost.
 *
 * @example
 * const cutter = new BlockCutter(48_000);
 * for (const block of cutter.add([left, right])) port.postMessage(block);
 */
export class BlockCutter {
  readonly blockSize: number;
  #samples: Float32Array;
  #filled = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.blockSize = Math.max(1, Math.floor(sampleRate * BLOCK_SEC));
    this.#samples = new Float32Array(this.blockSize);
  }

  /** @param channels of equal length; none where nothing is connected */
  add(channels: readonly Float32Array[]): SoundBlock[] {
    const length = channels[0]?.length ?? 0;
    const blocks: SoundBlock[] = [];
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.#samples[this.#filled++] = sum / channels.length;
      if (this.#filled === this.blockSize) blocks.push(this.#take());
    }
    return blocks;
  }

  #take(): SoundBlock {
    const samples = this.#samples;
    this.#samples = new Float32Array(this.blockSize);
    this.#filled = 0;
    let peak = 0;
    let power = 0;
    for (const sample of samples) {
      peak = Math.max(peak, Math.abs(sample));
      power += sample ** 2;
    }
    return { samples, peak, rms: Math.sqrt(power / samples.length) };
  }
}

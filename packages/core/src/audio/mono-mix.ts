/** Gathers decoded blocks of several channels as one mono signal: the mean of the channels. */
export class MonoMix {
  private readonly blocks: Float32Array[] = [];
  length = 0;

  /** Adds the first `count` samples of every channel. */
  add(channels: readonly Float32Array[], count: number): void {
    if (channels.length === 0 || count <= 0) return;
    const block = channels[0].slice(0, count);
    if (channels.length > 1) {
      for (let i = 0; i < block.length; i++) {
        let sum = 0;
        for (const channel of channels) sum += channel[i];
        block[i] = sum / channels.length;
      }
    }
    this.blocks.push(block);
    this.length += block.length;
  }

  /** The whole signal, or its first `limit` samples. The blocks are given up on the way, so this works once. */
  take(limit = this.length): Float32Array {
    const samples = new Float32Array(Math.min(limit, this.length));
    let written = 0;
    for (let block = this.blocks.shift(); block; block = this.blocks.shift()) {
      samples.set(block.subarray(0, samples.length - written), written);
      written = Math.min(samples.length, written + block.length);
    }
    this.length = 0;
    return samples;
  }
}

import { BlockCutter } from './block-cutter.ts';

// TypeScript's library of the page does not know the scope of worklets.
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => Processor): void;
declare const AudioWorkletProcessor: new () => { readonly port: MessagePort };

interface Processor {
  process(inputs: readonly (readonly Float32Array[])[]): boolean;
}

/** Posts what the microphone hears as a `SoundBlock`; it lives until the page takes it away with a message. */
class Capture extends AudioWorkletProcessor implements Processor {
  readonly #cutter = new BlockCutter(sampleRate);
  #isOver = false;

  constructor() {
    super();
    this.port.onmessage = () => (this.#isOver = true);
  }

  process([channels]: readonly (readonly Float32Array[])[]): boolean {
    for (const block of this.#cutter.add(channels ?? [])) {
      this.port.postMessage(block, [block.samples.buffer]);
    }
    return !this.#isOver;
  }
}

registerProcessor('capture', Capture);

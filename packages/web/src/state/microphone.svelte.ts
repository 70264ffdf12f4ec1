import type { SoundBlock } from '../audio/block-cutter.ts';
import { LevelWatch, meterShare, type LevelAdvice } from '../audio/level.ts';
import { Microphone, type Processing } from '../audio/microphone.ts';
import { problemOf, type MicrophoneProblem } from '../audio/microphone-problem.ts';

export interface Device {
  readonly deviceId: string;
  readonly label: string;
}

/** Chromium's second names for devices of the list: the system's choice is an entry of its own here. */
const ALIASES = new Set(['', 'default', 'communications']);

/** Whose name only those may read who were allowed to listen. */
const devices = $state<{ list: readonly Device[]; chosen: string | undefined }>({
  list: [],
  chosen: undefined,
});

async function findDevices(): Promise<void> {
  const all = await navigator.mediaDevices.enumerateDevices();
  devices.list = all
    .filter(({ kind, deviceId }) => kind === 'audioinput' && !ALIASES.has(deviceId))
    .map(({ deviceId, label }) => ({ deviceId, label }));
}

const followDevices = (): void => void findDevices();

export type MicrophoneState = 'off' | 'asking' | 'on' | 'paused';

/** One use of the microphone, as a panel shows it. Which device is used is the same for all of them. */
export class MicrophoneUse {
  #state = $state<MicrophoneState>('off');
  #problem = $state<MicrophoneProblem>();
  #level = $state(0);
  #advice = $state<LevelAdvice>('good');
  #processing = $state.raw<readonly Processing[]>([]);
  #microphone: Microphone | undefined;
  #opening: AbortController | undefined;
  #watch = new LevelWatch();
  readonly #onBlock: (block: SoundBlock) => void;
  readonly #onLost: () => void;

  /** @param onLost the microphone went away, and `problem` says why */
  constructor({ onBlock, onLost }: { onBlock: (block: SoundBlock) => void; onLost: () => void }) {
    this.#onBlock = onBlock;
    this.#onLost = onLost;
  }

  get state(): MicrophoneState {
    return this.#state;
  }

  get problem(): MicrophoneProblem | undefined {
    return this.#problem;
  }

  /** Of a meter, 0 to 1. */
  get level(): number {
    return this.#level;
  }

  get advice(): LevelAdvice {
    return this.#advice;
  }

  /** What the browser does to the sound although it was asked not to. */
  get processing(): readonly Processing[] {
    return this.#processing;
  }

  get devices(): readonly Device[] {
    return devices.list;
  }

  get chosen(): string | undefined {
    return devices.chosen;
  }

  /** Hz; only while it is open. */
  get sampleRate(): number {
    return this.#microphone!.sampleRate;
  }

  /** Opens it, from within a click; says whether that went well, else `problem` says why not. */
  async open(): Promise<boolean> {
    this.close();
    this.#problem = undefined;
    this.#state = 'asking';
    const opening = (this.#opening = new AbortController());
    const options = {
      deviceId: devices.chosen,
      signal: opening.signal,
      onBlock: (block: SoundBlock) => this.#hear(block),
      onLost: (problem: MicrophoneProblem) => this.#lose(problem),
    };
    try {
      const microphone = await Microphone.open(options);
      if (opening.signal.aborted) {
        microphone.close();
        return false;
      }
      this.#microphone = microphone;
      this.#begin();
      return true;
    } catch (error) {
      if (!opening.signal.aborted) this.#fail(problemOf(error));
      return false;
    }
  }

  /** Releases the device, and keeps the rate for `resume`. */
  pause(): void {
    this.#microphone?.pause();
    this.#level = 0;
    if (this.#microphone) this.#state = 'paused';
  }

  /** Takes the device again; says whether that went well. */
  async resume(): Promise<boolean> {
    const microphone = this.#microphone;
    if (!microphone) return this.open();
    this.#problem = undefined;
    this.#state = 'asking';
    try {
      await microphone.resume(devices.chosen);
      if (microphone !== this.#microphone) return false;
      this.#begin();
      return true;
    } catch (error) {
      if (microphone !== this.#microphone) return false;
      this.#fail(problemOf(error));
      this.#state = 'paused';
      return false;
    }
  }

  /** Chooses a device, and goes on with it where one is in use. */
  async choose(deviceId: string | undefined): Promise<void> {
    devices.chosen = deviceId;
    if (this.#state === 'on' && !(await this.resume())) this.#onLost();
  }

  close(): void {
    this.#opening?.abort();
    this.#microphone?.close();
    this.#microphone = undefined;
    this.#state = 'off';
    this.#level = 0;
    navigator.mediaDevices?.removeEventListener('devicechange', followDevices);
  }

  #begin(): void {
    this.#state = 'on';
    this.#watch = new LevelWatch();
    this.#advice = 'good';
    this.#processing = this.#microphone!.processing;
    navigator.mediaDevices.addEventListener('devicechange', followDevices);
    followDevices();
  }

  #hear(block: SoundBlock): void {
    if (this.#state !== 'on') return;
    this.#level = meterShare(block.peak);
    this.#advice = this.#watch.add(block.peak, block.samples.length / this.sampleRate);
    this.#onBlock(block);
  }

  #lose(problem: MicrophoneProblem): void {
    this.#fail(problem);
    this.#state = 'paused';
    this.#onLost();
  }

  #fail(problem: MicrophoneProblem): void {
    this.#problem = problem;
    this.#state = 'off';
    this.#level = 0;
    // The device that was chosen is no longer there: the next try takes whichever there is.
    if (problem === 'gone' || problem === 'unplugged') devices.chosen = undefined;
    if (navigator.mediaDevices) followDevices();
  }
}

import { Take } from '../audio/take.ts';
import { MicrophoneUse } from './microphone.svelte.ts';

export type RecorderState = 'idle' | 'asking' | 'recording' | 'paused' | 'done';

/** Records one clip at a time, as a WAV file at the microphone's own rate. */
export class Recorder {
  readonly microphone = new MicrophoneUse({
    onBlock: ({ samples }) => this.#keep(samples),
    onLost: () => this.stop(),
  });
  readonly maxSec: number;
  readonly #onDone: (file: File) => void;
  #state = $state<RecorderState>('idle');
  #durationSec = $state(0);
  #attempt = 0;
  #take: Take | undefined;

  /** @param onDone gets each clip; one that holds nothing is not told */
  constructor({ maxSec, onDone }: { maxSec: number; onDone: (file: File) => void }) {
    this.maxSec = maxSec;
    this.#onDone = onDone;
  }

  get state(): RecorderState {
    return this.#state;
  }

  get durationSec(): number {
    return this.#durationSec;
  }

  /** Begins anew, from within a click. */
  async start(): Promise<void> {
    this.#take = undefined;
    this.#durationSec = 0;
    this.#state = 'asking';
    const attempt = ++this.#attempt;
    const isOpen = await this.microphone.open();
    // Cancelled meanwhile, or begun anew.
    if (attempt !== this.#attempt || this.#state !== 'asking') return;
    this.#state = isOpen ? 'recording' : 'idle';
  }

  pause(): void {
    if (this.#state !== 'recording') return;
    this.microphone.pause();
    this.#state = 'paused';
  }

  async resume(): Promise<void> {
    if (await this.microphone.resume()) this.#state = 'recording';
  }

  /** Ends the recording and releases the microphone. */
  stop(): void {
    const take = this.#take;
    this.#take = undefined;
    this.microphone.close();
    this.#state = take ? 'done' : 'idle';
    if (take) this.#onDone(asFile(take));
  }

  /** Ends it, and keeps nothing. */
  discard(): void {
    this.#take = undefined;
    this.microphone.close();
    this.#state = 'idle';
    this.#durationSec = 0;
  }

  #keep(samples: Float32Array): void {
    // What comes in the moment before the state is set counts: the first word may be in it.
    if (this.#state !== 'recording' && this.#state !== 'asking') return;
    this.#take ??= new Take(this.microphone.sampleRate, { maxSec: this.maxSec });
    this.#take.push(samples);
    this.#durationSec = this.#take.durationSec;
    if (this.#take.isFull) this.stop();
  }
}

/** A file called by the moment, such as "recording 2026-11-23 14.05.09.wav". */
export function asFile(take: Take, name = 'recording'): File {
  const now = new Date();
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.');
  return new File([take.toWav()], `${name} ${day} ${time}.wav`, { type: 'audio/wav' });
}

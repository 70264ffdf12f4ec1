import { Recording } from '../audio/recording.ts';
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
  #recording: Recording | undefined;

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
    this.#recording = undefined;
    this.#durationSec = 0;
    this.#state = 'asking';
    const isOpen = await this.microphone.open();
    // Cancelled meanwhile, or refused.
    if (this.#state !== 'asking') return;
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
    const recording = this.#recording;
    this.#recording = undefined;
    this.microphone.close();
    this.#state = recording ? 'done' : 'idle';
    if (recording) this.#onDone(asFile(recording));
  }

  #keep(samples: Float32Array): void {
    // What comes in the moment before the state is set counts: the first word may be in it.
    if (this.#state !== 'recording' && this.#state !== 'asking') return;
    this.#recording ??= new Recording(this.microphone.sampleRate, { maxSec: this.maxSec });
    this.#recording.push(samples);
    this.#durationSec = this.#recording.durationSec;
    if (this.#recording.isFull) this.stop();
  }
}

/** A file called by the moment, such as "recording 2026-11-23 14.05.09.wav". */
export function asFile(recording: Recording, name = 'recording'): File {
  const now = new Date();
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.');
  return new File([recording.toWav()], `${name} ${day} ${time}.wav`, { type: 'audio/wav' });
}

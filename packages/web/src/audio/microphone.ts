import type { SoundBlock } from './block-cutter.ts';
// What follows the "?" is for Vite, and makes an address the default export.
// oxlint-disable-next-line import/default
import captureWorklet from './capture.worklet.ts?worker&url';
import { MicrophoneError, problemOf, type MicrophoneProblem } from './microphone-problem.ts';

/** What a browser does to a voice for telephony: it changes just what an emotion is heard by. */
const PROCESSING = ['echoCancellation', 'noiseSuppression', 'autoGainControl'] as const;

export type Processing = (typeof PROCESSING)[number];

/** So long a microphone that is open may send nothing. */
const STALL_MS = 3000;

export interface MicrophoneOptions {
  /** Undefined: the one that the system or the person prefers. */
  readonly deviceId?: string | undefined;
  readonly onBlock: (block: SoundBlock) => void;
  /** It went away, or sends nothing; it is closed then. */
  readonly onLost: (problem: MicrophoneProblem) => void;
  /** Cancels an opening for which permission is still being asked. */
  readonly signal?: AbortSignal;
}

/**
 * A microphone that is being listened to. It is opened within a click, because browsers ask then, and it is released,
 * with the browser's sign of it, by `pause` and `close` and when the page goes away. All of its blocks have the rate of
 * one audio context, whichever device they come from.
 *
 * @example
 * const microphone = await Microphone.open({ onBlock: ({ samples }) => recording.push(samples), onLost: tell });
 */
export class Microphone {
  readonly #context: AudioContext;
  readonly #options: MicrophoneOptions;
  #stream: MediaStream | undefined;
  #source: MediaStreamAudioSourceNode | undefined;
  #node: AudioWorkletNode | undefined;
  #lastBlockMs = 0;
  #watch: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  private constructor(context: AudioContext, options: MicrophoneOptions) {
    this.#context = context;
    this.#options = options;
    addEventListener('pagehide', this.#release);
  }

  /** @throws MicrophoneError; the signal's reason when it aborts */
  static async open(options: MicrophoneOptions): Promise<Microphone> {
    if (!isSecureContext) throw new MicrophoneError('insecure');
    if (!navigator.mediaDevices?.getUserMedia || typeof AudioWorkletNode === 'undefined') {
      throw new MicrophoneError('unsupported');
    }
    // Made before anything is waited for: later it would no longer count as within the click. No rate is asked for:
    // Firefox refuses to connect a microphone of another.
    const microphone = new Microphone(new AudioContext({ latencyHint: 'interactive' }), options);
    try {
      await microphone.resume(options.deviceId);
      return microphone;
    } catch (error) {
      microphone.close();
      throw error;
    }
  }

  /** Hz. */
  get sampleRate(): number {
    return this.#context.sampleRate;
  }

  /** The device in use, where the browser says so. */
  get deviceId(): string | undefined {
    return this.#track?.getSettings().deviceId;
  }

  /** What the browser does to the sound although it was asked not to. */
  get processing(): Processing[] {
    const settings = this.#track?.getSettings();
    return PROCESSING.filter((name) => Boolean(settings?.[name]));
  }

  /** Releases the device; `resume` takes it again. */
  pause(): void {
    clearInterval(this.#watch);
    this.#node?.port.postMessage('end');
    this.#source?.disconnect();
    this.#node?.disconnect();
    if (this.#node) this.#node.port.onmessage = null;
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#stream = this.#source = this.#node = undefined;
  }

  /**
   * Takes the device, or another one, and listens.
   *
   * @throws MicrophoneError; it can be tried again
   */
  async resume(deviceId?: string): Promise<void> {
    this.pause();
    try {
      await this.#connect(deviceId);
    } catch (error) {
      this.pause();
      this.#options.signal?.throwIfAborted();
      throw error instanceof MicrophoneError
        ? error
        : new MicrophoneError(problemOf(error), { cause: error });
    }
  }

  /** Releases all; of no use afterwards. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    removeEventListener('pagehide', this.#release);
    this.pause();
    void this.#context.close();
  }

  /** A page that is left may come back as it was, but must not listen meanwhile. */
  readonly #release = (): void => this.#lose('released');

  get #track(): MediaStreamTrack | undefined {
    return this.#stream?.getAudioTracks()[0];
  }

  async #connect(deviceId: string | undefined): Promise<void> {
    void this.#context.resume();
    const wanted = {
      ...Object.fromEntries(PROCESSING.map((name) => [name, false])),
      ...(deviceId !== undefined && { deviceId: { exact: deviceId } }),
    };
    const loading = this.#context.audioWorklet.addModule(captureWorklet);
    loading.catch(() => undefined);
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    this.#stream = stream;
    // The answer may come when nobody waits for it any more.
    if (this.#isClosed) throw new MicrophoneError('failed');
    this.#options.signal?.throwIfAborted();
    this.#track!.onended = () => this.#lose('unplugged');
    await loading;
    this.#source = this.#context.createMediaStreamSource(stream);
    this.#node = new AudioWorkletNode(this.#context, 'capture');
    this.#node.port.onmessage = ({ data }: MessageEvent<SoundBlock>) => {
      this.#lastBlockMs = performance.now();
      this.#options.onBlock(data);
    };
    // Silence is what it puts out; a node that leads nowhere is not run by every browser.
    this.#source.connect(this.#node).connect(this.#context.destination);
    this.#lastBlockMs = performance.now();
    this.#watch = setInterval(() => {
      if (performance.now() - this.#lastBlockMs > STALL_MS) this.#lose('stalled');
    }, STALL_MS / 3);
  }

  #lose(problem: MicrophoneProblem): void {
    this.pause();
    this.#options.onLost(problem);
  }
}

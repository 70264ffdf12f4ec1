import { createSession, readAsset, Tensor, type InferenceSession } from '#onnxruntime';
import { MarsError } from '../errors.ts';

/** Hz. */
export const VAD_SAMPLE_RATE = 16_000;

/** Samples of a frame: 32 ms. */
export const VAD_FRAME = 512;

/** Samples of the frame before that a frame is heard with. */
const CONTEXT = 64;

/** Frames that the network hears in one run: 16 s. A longer run needs more memory and is no faster. */
const RUN = 512;

/** h and c of an LSTM of 128 units. */
const STATE_SHAPE = [2, 1, 128];

/** The loudest sample whose spectrum stays a float32, by a wide margin. */
const LARGEST_SAMPLE = 1e10;

/**
 * Says, 32 ms by 32 ms, how likely somebody is speaking. Holds native memory until `dispose`.
 *
 * Source: Silero VAD, version 6, https://github.com/snakers4/silero-vad (assets/NOTICE), whose probabilities these are
 * to 0.001.
 *
 * @example
 * await using detector = await VoiceActivityDetector.open();
 * const recording = detector.stream();
 * const probabilities = await recording.process(samples); // mono at 16 kHz: one for each 512
 */
export class VoiceActivityDetector implements AsyncDisposable {
  readonly #session: InferenceSession;
  #disposal: Promise<void> | undefined;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** Opens the network that MARS brings along. `threads` are ONNX Runtime's: more than one gain nothing here. */
  static async open({ threads = 1 }: { threads?: number } = {}): Promise<VoiceActivityDetector> {
    const graph = await readAsset(new URL('../../assets/silero-vad.onnx', import.meta.url));
    return new VoiceActivityDetector(await createSession(graph, { threads }));
  }

  /** Begins a recording; any number of them can be under way. */
  stream(): VoiceActivityStream {
    return new VoiceActivityStream(this.#session);
  }

  /** Frees the native memory; detector and streams are of no use afterwards. Calling it again does nothing. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#session.release();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/**
 * One recording on its way through a `VoiceActivityDetector`. The probabilities that `process` and finally `flush` give
 * are, put together, those of the whole recording, whatever the cut.
 */
export class VoiceActivityStream {
  readonly #session: InferenceSession;
  /** The end of the last complete frame, and the samples since. */
  #pending = new Float32Array(CONTEXT);
  #state = silence();
  /** Settles when everything handed in so far has been heard. */
  #heard: Promise<unknown> = Promise.resolve();

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * Takes the next samples, any number of them, mono at 16 kHz. The array is free for other use at once, and the next
   * one may come before the promise is settled.
   *
   * @returns the probability of speech, 0 to 1, of each frame that became complete
   * @throws MarsError `AUDIO_NOT_FINITE` for NaN, infinite or absurdly large samples; none of the call's count then
   */
  async process(samples: Float32Array): Promise<Float32Array> {
    requireFinite(samples);
    const joined = new Float32Array(this.#pending.length + samples.length);
    joined.set(this.#pending);
    joined.set(samples, this.#pending.length);
    const complete = joined.length - CONTEXT - ((joined.length - CONTEXT) % VAD_FRAME);
    this.#pending = joined.slice(complete);
    return this.#inTurn(() => this.#hear(joined.subarray(0, CONTEXT + complete)));
  }

  /**
   * Ends the recording: returns the probability of the last, incomplete frame, filled up with zeros, or nothing where
   * there is none. The stream is then ready for another recording.
   */
  async flush(): Promise<Float32Array> {
    const rest = this.#pending;
    this.#pending = new Float32Array(CONTEXT);
    const frame = new Float32Array(rest.length > CONTEXT ? CONTEXT + VAD_FRAME : CONTEXT);
    frame.set(rest);
    return this.#inTurn(async () => {
      const probabilities = await this.#hear(frame);
      this.#state = silence();
      return probabilities;
    });
  }

  /** A frame is heard with the state that the frame before left behind. */
  #inTurn(hear: () => Promise<Float32Array>): Promise<Float32Array> {
    const turn = this.#heard.then(hear);
    this.#heard = turn.catch(() => undefined);
    return turn;
  }

  /** Hears whole frames, which stand behind their context. */
  async #hear(samples: Float32Array): Promise<Float32Array> {
    const frames = (samples.length - CONTEXT) / VAD_FRAME;
    const probabilities = new Float32Array(frames);
    for (let frame = 0; frame < frames; frame += RUN) {
      const start = frame * VAD_FRAME;
      const run = samples.subarray(start, start + RUN * VAD_FRAME + CONTEXT);
      const outputs = await this.#session.run({
        samples: new Tensor('float32', run, [run.length]),
        state: new Tensor('float32', this.#state, STATE_SHAPE),
      });
      probabilities.set(outputs.probabilities.data as Float32Array, frame);
      this.#state = outputs.nextState.data as Float32Array;
    }
    return probabilities;
  }
}

/** The state before the first frame. */
function silence(): Float32Array {
  return new Float32Array(STATE_SHAPE.reduce((product, size) => product * size));
}

function requireFinite(samples: Float32Array): void {
  // Counted by index: this runs over every sample, and for … of takes four times as long.
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]) <= LARGEST_SAMPLE) continue;
    throw new MarsError(
      'AUDIO_NOT_FINITE',
      `Sample ${i} is ${samples[i]}; numbers from -1 to 1 were expected. Record or export it again.`,
    );
  }
}

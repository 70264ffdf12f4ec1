import { MarsError } from '../errors.ts';
import { checkSeconds } from './seconds.ts';

/** What makes an utterance out of the speech probabilities of frames. */
export interface UtteranceOptions {
  /** Speech probability at which speech begins (0.5, the detector's own operating point). */
  readonly onThreshold?: number;
  /**
   * Speech probability below which it ends (0.35). Lower than `onThreshold`, so that the weak end of a word does not
   * flicker.
   */
  readonly offThreshold?: number;
  /**
   * Speech without a gap that an utterance holds at least (0.25). A click, a cough or a bark is shorter, however often it
   * comes; "no" is not.
   */
  readonly minSpeechSec?: number;
  /**
   * Silence that ends an utterance (0.5). Actors pause for up to half a second within a sentence: of 80 stitched RAVDESS
   * clips, 71 were found in one piece and to 0.3 s with 0.4, 73 with 0.5. It is also how long after the last word a
   * live stream can give its verdict, and what is closer together is one utterance.
   */
  readonly minSilenceSec?: number;
  /**
   * What is added before the first frame of speech (0.03, a frame), which is often only half there. Nothing is added
   * after the last: the detector goes on hearing speech for 0.1 s after it.
   */
  readonly leadSec?: number;
  /**
   * The longest utterance (60). From half of it on, a breath of 0.15 s ends the utterance; at it, the utterance is cut
   * in the middle of the speech, and the next begins there. Babble without end thus still gives a verdict a minute.
   */
  readonly maxUtteranceSec?: number;
}

/** In frames; `end` is the first frame that no longer belongs to the utterance. */
export type UtteranceBoundary =
  { readonly type: 'start'; readonly frame: number } | { readonly type: 'end'; readonly frame: number };

/** A pause that a speaker makes to breathe: longer than the closure of a "p" or "t", shorter than between sentences. */
const BREATH_SEC = 0.15;

/** The model hears nothing in less. */
const LEAST_SPEECH_SEC = 0.1;

/**
 * Finds utterances in the speech probabilities of frames, one frame at a time: a pure state machine. A boundary is
 * reported as soon as it is certain, so a start lies at least `minSpeechSec` in the past, and an end `minSilenceSec`.
 *
 * @example
 * const segmenter = new UtteranceSegmenter({ frameSec: 0.032, minSilenceSec: 0.5 });
 * for (const probability of probabilities) {
 *   const boundary = segmenter.step(probability);
 *   if (boundary?.type === 'end') console.log('an utterance ended before frame', boundary.frame);
 * }
 */
export class UtteranceSegmenter {
  readonly #onThreshold: number;
  readonly #offThreshold: number;
  readonly #minSpeech: number;
  readonly #minSilence: number;
  readonly #breath: number;
  readonly #lead: number;
  readonly #longest: number;

  /** Frames stepped over so far. */
  #frames = 0;
  #isSpeech = false;
  /** Where the utterance begins that is running, or may be; `undefined` in silence. */
  #start: number | undefined;
  #isRunning = false;
  /** Speech without a gap, in frames, up to the latest. */
  #run = 0;
  #lastSpeech = 0;
  #previousEnd = 0;

  /**
   * @param options `frameSec` is the length of the frames whose probabilities come
   * @throws MarsError CONFIG_INVALID
   */
  constructor({
    frameSec,
    onThreshold = 0.5,
    offThreshold = 0.35,
    minSpeechSec = 0.25,
    minSilenceSec = 0.5,
    leadSec = 0.03,
    maxUtteranceSec = 60,
  }: UtteranceOptions & { readonly frameSec: number }) {
    checkThresholds(onThreshold, offThreshold);
    checkSeconds('minSpeechSec', minSpeechSec, {
      atLeast: LEAST_SPEECH_SEC,
      because: 'in less there is no emotion to hear',
    });
    checkSeconds('minSilenceSec', minSilenceSec, {
      atLeast: BREATH_SEC,
      because: 'shorter silences lie within words',
    });
    checkSeconds('leadSec', leadSec, {
      atLeast: 0,
      atMost: 1,
      because: 'more than a second before an utterance is not its beginning',
    });
    checkSeconds('maxUtteranceSec', maxUtteranceSec, {
      atLeast: Math.max(1, 2 * minSpeechSec, 2 * minSilenceSec),
      because: 'half of it must hold the shortest speech and silence',
    });
    const frames = (seconds: number): number => Math.round(seconds / frameSec);
    this.#onThreshold = onThreshold;
    this.#offThreshold = offThreshold;
    this.#minSpeech = frames(minSpeechSec);
    this.#minSilence = frames(minSilenceSec);
    this.#breath = Math.min(frames(BREATH_SEC), this.#minSilence);
    this.#lead = frames(leadSec);
    this.#longest = frames(maxUtteranceSec);
  }

  /** Whether an utterance has been reported to start, and not yet to end. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether the latest frame is speech. */
  get isSpeech(): boolean {
    return this.#isSpeech;
  }

  /** No boundary that is still to come lies before this frame, except the start that was reported last. */
  get earliest(): number {
    return this.#start ?? Math.max(this.#previousEnd, this.#frames - this.#lead);
  }

  /** Takes the speech probability of the next frame; returns the boundary that it makes certain. */
  step(probability: number): UtteranceBoundary | undefined {
    const frame = this.#frames++;
    this.#isSpeech = probability >= (this.#isSpeech ? this.#offThreshold : this.#onThreshold);
    return this.#isSpeech ? this.#hearSpeech(frame) : this.#hearSilence(frame);
  }

  /** Ends the recording: an utterance that is running ends with it. */
  finish(): UtteranceBoundary | undefined {
    if (!this.#isRunning) return undefined;
    return this.#end(this.#lastSpeech + 1);
  }

  #hearSpeech(frame: number): UtteranceBoundary | undefined {
    this.#start ??= Math.max(this.#previousEnd, frame - this.#lead);
    this.#lastSpeech = frame;
    this.#run++;
    if (!this.#isRunning) {
      if (this.#run < this.#minSpeech) return undefined;
      this.#isRunning = true;
      return { type: 'start', frame: this.#start };
    }
    return frame + 1 - this.#start >= this.#longest ? this.#end(frame + 1) : undefined;
  }

  #hearSilence(frame: number): UtteranceBoundary | undefined {
    this.#run = 0;
    if (this.#start === undefined) return undefined;
    const isLong = frame + 1 - this.#start >= this.#longest / 2;
    const enough = isLong ? this.#breath : this.#minSilence;
    if (frame - this.#lastSpeech < enough) return undefined;
    if (this.#isRunning) return this.#end(this.#lastSpeech + 1);
    this.#forget();
    return undefined;
  }

  #end(frame: number): UtteranceBoundary {
    this.#previousEnd = frame;
    this.#forget();
    return { type: 'end', frame };
  }

  #forget(): void {
    this.#start = undefined;
    this.#isRunning = false;
    this.#run = 0;
  }
}

function checkThresholds(on: number, off: number): void {
  if (on > 0 && on < 1 && off > 0 && off <= on) return;
  throw new MarsError(
    'CONFIG_INVALID',
    `onThreshold is ${on} and offThreshold ${off}; probabilities between 0 and 1 are expected, off not above on.`,
  );
}

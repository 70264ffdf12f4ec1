import { Resampler } from '../audio/resample.ts';
import { SampleBuffer } from '../audio/sample-buffer.ts';
import { VAD_FRAME, VAD_SAMPLE_RATE, type VoiceActivityStream } from '../audio/voice-activity.ts';
import { checkSamples } from '../features/frames.ts';
import { checkSeconds } from './seconds.ts';
import { UtteranceSegmenter, type UtteranceBoundary, type UtteranceOptions } from './utterances.ts';
import { MIN_CERTAIN_SEC, uncertain, type Verdict } from './verdict.ts';
import { isMeasuredWhole, windowSpans, type Measured, type Span, type WindowSize } from './windows.ts';

/**
 * All that listening needs to know of a recogniser. `measure` may remember: it is called for one part of the recording
 * after the other, so a closure that is made for each recording can gather the statistics of its speaker. Whatever
 * else its verdicts hold comes out in events and segments.
 */
export interface Hearing {
  /** A `VoiceActivityDetector`, or another one of the same frames. */
  readonly detector: { stream(): Pick<VoiceActivityStream, 'process' | 'flush'> };
  /** Hz, of the waveforms that `measure` takes. */
  readonly sampleRate: number;
  /** The length of what the model was trained on: the default of `windowSec`. */
  readonly windowSec: number;
  /** Confidence below which a verdict is `uncertain`. */
  readonly threshold: number;
  measure(waveform: Float32Array, context: MeasureContext): Promise<Verdict>;
}

export interface MeasureContext {
  /** `interval`: a look at an utterance that goes on. `speechEnded`: an utterance, or a window of a long one. */
  readonly trigger: 'interval' | 'speechEnded';
}

export interface ListeningOptions extends UtteranceOptions {
  /** Length of the windows in which utterances longer than 1.5 of them are measured (the model's: what it knows). */
  readonly windowSec?: number;
  /** From window to window (half a window): every moment but the ends is then heard twice, which steadies the verdict. */
  readonly hopSec?: number;
  /**
   * What a measurement hears beyond its span on both sides (0.25), as far as it has been recorded. A model that was
   * trained on clips with a little silence around the speech misjudges what begins and ends abruptly: of 240 clips of
   * actors it had not heard, models/transfer got 62 % right when they were cut to their speech, 70 % with 0.2 s around
   * it, and 70 % whole.
   */
  readonly marginSec?: number;
  /**
   * Speech shorter than this is measured, but always `uncertain` (0.5): a word or less is far from the sentences that
   * models learn from and are calibrated on, so their confidence means nothing there.
   */
  readonly minCertainSec?: number;
}

/** What a listener heard: the beginning of an utterance, a look at one that goes on, or a whole one. */
export type Heard =
  | { readonly type: 'start'; readonly startSec: number }
  | ({ readonly type: 'interval' } & Measured)
  | {
      readonly type: 'utterance';
      readonly startSec: number;
      readonly endSec: number;
      /** The utterance itself, or its windows when it is long. */
      readonly windows: readonly Measured[];
    };

/** Samples that came, at the rates of the detector and of the model. */
export interface Chunk {
  readonly forDetector: Float32Array;
  readonly forModel: Float32Array;
  readonly isLast: boolean;
}

/**
 * Listens to one recording: samples in, utterances and measurements out. What it does depends on the samples alone and
 * not on their cut, since it goes by frames of 32 ms; and it keeps no more of them than two windows, or a pause.
 *
 * A measurement is exactly what the model says of the samples at its own rate, from `startSec - marginSec` to
 * `endSec + marginSec` as far as they had come: `interval` measurements end with the latest.
 */
export class Listener {
  readonly hopSec: number;
  readonly #hearing: Hearing;
  readonly #size: WindowSize;
  /** Samples at the model's rate. */
  readonly #margin: number;
  readonly #minCertainSec: number;
  readonly #intervalSec: number;
  readonly #toDetector: Resampler;
  /** `undefined` where the model and the detector hear at the same rate. */
  readonly #toModel: Resampler | undefined;
  readonly #voiceActivity: Pick<VoiceActivityStream, 'process' | 'flush'>;
  readonly #segmenter: UtteranceSegmenter;

  readonly #waveform = new SampleBuffer();
  /** Probabilities of frames whose samples have not all come at the model's rate. */
  #ahead: number[] = [];
  /** Frames that the segmenter has seen. */
  #frames = 0;
  #utterance: { readonly start: number; readonly windows: Measured[]; nextIntervalSec: number } | undefined;

  /**
   * @param sampleRate Hz, of the samples that will come
   * @param intervalSec between two looks at an utterance that goes on; `Infinity` for none
   * @throws MarsError CONFIG_INVALID
   */
  constructor(
    hearing: Hearing,
    { sampleRate, intervalSec, ...options }: ListeningOptions & { sampleRate: number; intervalSec: number },
  ) {
    const { windowSec = hearing.windowSec, marginSec = 0.25, minCertainSec = MIN_CERTAIN_SEC } = options;
    checkSeconds('windowSec', windowSec, { atLeast: 0.5, atMost: 60, because: 'a window holds a few words' });
    const { hopSec = windowSec / 2 } = options;
    checkSeconds('hopSec', hopSec, {
      atLeast: 0.1,
      atMost: windowSec,
      because: 'windows follow each other without a gap',
    });
    checkSeconds('marginSec', marginSec, {
      atLeast: 0,
      atMost: 1,
      because: 'more than a second would hear the neighbours',
    });
    checkSeconds('minCertainSec', minCertainSec, { atLeast: 0, because: 'it is a duration' });
    checkSeconds('intervalSec', intervalSec, {
      atLeast: 0.1,
      because: 'less brings no news, only work; Infinity stands for no measurements at intervals',
    });
    this.#hearing = hearing;
    this.#size = {
      window: Math.round(windowSec * hearing.sampleRate),
      hop: Math.round(hopSec * hearing.sampleRate),
    };
    this.hopSec = hopSec;
    this.#margin = Math.round(marginSec * hearing.sampleRate);
    this.#minCertainSec = minCertainSec;
    this.#intervalSec = intervalSec;
    this.#toDetector = new Resampler(sampleRate, VAD_SAMPLE_RATE);
    if (hearing.sampleRate !== VAD_SAMPLE_RATE) this.#toModel = new Resampler(sampleRate, hearing.sampleRate);
    this.#voiceActivity = hearing.detector.stream();
    this.#segmenter = new UtteranceSegmenter({ ...options, frameSec: VAD_FRAME / VAD_SAMPLE_RATE });
  }

  /**
   * Takes samples at once, so that the caller may overwrite them; what it returns is for {@link hear}, in order.
   *
   * @throws MarsError AUDIO_NOT_FINITE; the samples are then as if they had not come
   */
  receive(samples: Float32Array): Chunk {
    if (samples.length > 0) checkSamples(samples);
    const forDetector = this.#toDetector.process(samples);
    return { forDetector, forModel: this.#toModel?.process(samples) ?? forDetector, isLast: false };
  }

  /** Ends the recording: what the resamplers still held. */
  end(): Chunk {
    const forDetector = this.#toDetector.flush();
    return { forDetector, forModel: this.#toModel?.flush() ?? forDetector, isLast: true };
  }

  /** Hears one chunk after the other; a call must have ended before the next begins. */
  async hear({ forDetector, forModel, isLast }: Chunk): Promise<Heard[]> {
    this.#waveform.append(forModel);
    this.#ahead.push(...(await this.#voiceActivity.process(forDetector)));
    if (isLast) this.#ahead.push(...(await this.#voiceActivity.flush()));

    const heard: Heard[] = [];
    // The two resamplers do not lag alike: a frame is heard when its samples are there at both rates.
    const isComplete = (): boolean => isLast || this.#firstSample(this.#frames + 1) <= this.#waveform.end;
    let next = 0;
    for (; next < this.#ahead.length && isComplete(); next++) {
      await this.#hearFrame(this.#ahead[next], heard);
    }
    this.#ahead = this.#ahead.slice(next);
    if (isLast) await this.#hearBoundary(this.#segmenter.finish(), heard);
    return heard;
  }

  async #hearFrame(probability: number, heard: Heard[]): Promise<void> {
    this.#frames++;
    await this.#hearBoundary(this.#segmenter.step(probability), heard);
    // A window or a look never reaches beyond the latest speech: it then lies within the utterance, wherever that ends.
    if (this.#segmenter.isRunning && this.#segmenter.isSpeech) await this.#measureSpoken(heard);
    this.#discard();
  }

  async #hearBoundary(boundary: UtteranceBoundary | undefined, heard: Heard[]): Promise<void> {
    if (boundary === undefined) return;
    const sample = this.#sampleAt(boundary.frame);
    if (boundary.type === 'start') {
      const startSec = this.#seconds(sample);
      this.#utterance = { start: sample, windows: [], nextIntervalSec: startSec + this.#intervalSec };
      heard.push({ type: 'start', startSec });
      return;
    }
    const { start, windows } = this.#utterance!;
    for (const span of windowSpans({ start, end: sample }, this.#size).slice(windows.length)) {
      windows.push(await this.#measure(span, 'speechEnded'));
    }
    this.#utterance = undefined;
    heard.push({ type: 'utterance', startSec: this.#seconds(start), endSec: this.#seconds(sample), windows });
  }

  /** The windows of a long utterance as soon as they are spoken, and the look that is due. */
  async #measureSpoken(heard: Heard[]): Promise<void> {
    const utterance = this.#utterance!;
    const { start, windows } = utterance;
    const { window, hop } = this.#size;
    const end = this.#sampleAt(this.#frames);
    if (!isMeasuredWhole({ start, end }, this.#size)) {
      for (let from = start + windows.length * hop; from + window + this.#margin <= end; from += hop) {
        windows.push(await this.#measure({ start: from, end: from + window }, 'speechEnded'));
      }
    }
    const endSec = this.#seconds(end);
    if (endSec < utterance.nextIntervalSec) return;
    while (utterance.nextIntervalSec <= endSec) utterance.nextIntervalSec += this.#intervalSec;
    const look = await this.#measure({ start: Math.max(start, end - window), end }, 'interval');
    heard.push({ type: 'interval', ...look });
  }

  async #measure({ start, end }: Span, trigger: MeasureContext['trigger']): Promise<Measured> {
    const waveform = this.#waveform.slice(
      Math.max(0, start - this.#margin),
      Math.min(end + this.#margin, this.#sampleAt(this.#frames)),
    );
    const measured = await this.#hearing.measure(waveform, { trigger });
    const [startSec, endSec] = [this.#seconds(start), this.#seconds(end)];
    const durationSec = endSec - startSec;
    const verdict = { ...measured, durationSec };
    return { startSec, endSec, verdict: durationSec < this.#minCertainSec ? uncertain(verdict) : verdict };
  }

  /** Forgets what no measurement that is still to come can need. */
  #discard(): void {
    let needed = this.#sampleAt(this.#segmenter.earliest);
    if (this.#utterance) {
      // The last window ends with the utterance and begins after the latest that was measured did.
      const { start, windows } = this.#utterance;
      needed = start + Math.max(0, windows.length - 1) * this.#size.hop;
    }
    this.#waveform.discardBefore(Math.max(0, needed - this.#margin));
  }

  /** The sample, at the model's rate, with which a frame begins. */
  #firstSample(frame: number): number {
    return Math.round((frame * VAD_FRAME * this.#hearing.sampleRate) / VAD_SAMPLE_RATE);
  }

  /** The same for a frame that was heard; the last may be longer than the recording. */
  #sampleAt(frame: number): number {
    return Math.min(this.#firstSample(frame), this.#waveform.end);
  }

  #seconds(sample: number): number {
    return sample / this.#hearing.sampleRate;
  }
}

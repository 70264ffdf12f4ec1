import type { Audio } from '../audio/audio.ts';
import type { AudioSource } from '../audio/byte-reader.ts';
import { resample } from '../audio/resample.ts';
import {
  VAD_FRAME,
  VAD_SAMPLE_RATE,
  VoiceActivityDetector,
  type VoiceActivityStream,
} from '../audio/voice-activity.ts';
import { MarsError } from '../errors.ts';
import { KnownVoice, learnProfile, type HeardClip } from './calibration.ts';
import { explainVerdict, type ExplainedVerdict, type ExplainOptions } from './explanation.ts';
import type { Hearing } from './listener.ts';
import type { ModelMetadata } from './metadata.ts';
import { Model, type Embedding } from './model.ts';
import type { Profile } from './profile.ts';
import { decoded, equalPieces, isSilent, opened } from './recording.ts';
import { listen, LiveStream, type LiveEvent, type StreamOptions } from './stream.ts';
import {
  buildTimeline,
  findSegments,
  type BlockSource,
  type Segment,
  type Timeline,
  type TimelineOptions,
} from './timeline.ts';
import { UtteranceSegmenter } from './utterances.ts';
import { emotionVerdict, MIN_CERTAIN_SEC, noSpeechVerdict, uncertain, type Verdict } from './verdict.ts';

export interface RecogniserOptions {
  /** Threads of ONNX Runtime. One is the fastest for clips of seconds and leaves the other cores to other clips. */
  threads?: number;
}

export interface ClassifyOptions {
  /** What has been learnt of the person who speaks. */
  readonly profile?: Profile;
  /**
   * Scores whatever sounds (false). Otherwise a recording in which nobody speaks for a quarter of a second at a stretch
   * is `no-speech`; one that is known to hold speech, as the clips of a corpus are, need not be asked.
   */
  readonly assumeSpeech?: boolean;
  /** Heard of between the runs of the model: one for each two minutes. */
  readonly signal?: AbortSignal;
}

/** Who speaks in a timeline or stream. */
export interface VoiceOptions {
  /** What has been learnt of the person who speaks. */
  readonly profile?: Profile;
  /**
   * One person speaks all the time (false): what each utterance tells of the voice helps with those that follow. The
   * verdicts say on how many utterances they rest (`knownVoice`).
   */
  readonly oneSpeaker?: boolean;
}

/** A recording of the person whose profile is learnt. */
export interface EnrolmentClip {
  readonly recording: Audio | Uint8Array;
  /** The emotion in it, one of the model's labels, where it is known. */
  readonly emotion?: string;
}

/**
 * Opens a model file and returns what classifies recordings with it.
 *
 * @param modelBytes the file, or a promise of it: what needs no model, the runtime and the voice activity detector, is
 *   then made ready while the file is on its way
 * @throws MarsError `MODEL_INVALID` when the bytes are not a MARS model or its metadata does not fit its graph
 *
 * @example
 * await using recogniser = await loadRecogniser(await readFile('models/seed/model.onnx'));
 * const { emotion, confidence } = await recogniser.classify(await readFile('clip.wav'));
 */
export async function loadRecogniser(
  modelBytes: Uint8Array | Promise<Uint8Array>,
  { threads = 1 }: RecogniserOptions = {},
): Promise<Recogniser> {
  if (modelBytes instanceof Uint8Array) return new Recogniser(await Model.open(modelBytes, { threads }));
  const opening = VoiceActivityDetector.open();
  try {
    const model = await Model.open(await modelBytes, { threads });
    return new Recogniser(model, await opening);
  } catch (error) {
    await opening.then((detector) => detector.dispose()).catch(() => undefined);
    throw error;
  }
}

/** Recognises the emotion in recordings; made by {@link loadRecogniser}. Holds native memory until `dispose`. */
export class Recogniser implements AsyncDisposable {
  readonly #model: Model;
  /** Opened when it is first needed. */
  #detector: Promise<VoiceActivityDetector> | undefined;

  constructor(model: Model, detector?: VoiceActivityDetector) {
    this.#model = model;
    this.#detector = detector && Promise.resolve(detector);
  }

  /** What the model file says of itself. */
  get metadata(): ModelMetadata {
    return this.#model.metadata;
  }

  /**
   * Says which emotion is in a recording of any length.
   *
   * @param recording the bytes of a WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus file, or decoded mono samples at any rate
   * @throws MarsError `AUDIO_TOO_SHORT` below 0.1 s; `AUDIO_NOT_FINITE` for NaN, infinite or absurdly large samples;
   *   the signal's reason when it aborts; and the codes of `decodeAudio`
   */
  async classify(
    recording: Audio | Uint8Array,
    { profile, assumeSpeech = false, signal }: ClassifyOptions = {},
  ): Promise<Verdict> {
    const voice = this.#voice({ profile });
    const audio = await decoded(recording);
    const { labels, calibration } = this.metadata;
    const durationSec = audio.samples.length / audio.sampleRate;

    const sum = new Float64Array(labels.length);
    let voiced = 0;
    let longestSec = 0;
    for (const piece of equalPieces(audio)) {
      signal?.throwIfAborted();
      if (isSilent(piece)) continue;
      const { sampleRate } = this.metadata;
      const waveform = resample(piece, audio.sampleRate, sampleRate);
      // Most models hear at the detector's rate: nothing is resampled twice then.
      const forDetector = () =>
        sampleRate === VAD_SAMPLE_RATE ? waveform : resample(piece, audio.sampleRate, VAD_SAMPLE_RATE);
      const utteranceSec = assumeSpeech ? Infinity : await this.#longestUtterance(forDetector());
      if (utteranceSec === 0) continue;
      longestSec = Math.max(longestSec, utteranceSec);
      const { scores } = await this.#model.infer(waveform, voice?.adaptation);
      for (let label = 0; label < sum.length; label++) sum[label] += scores[label];
      voiced++;
    }
    if (voiced === 0) return noSpeechVerdict(labels, durationSec);
    const mean = sum.map((score) => score / voiced);
    const verdict = emotionVerdict(mean, labels, { durationSec, calibration, knownVoice: voice?.extent });
    return longestSec < MIN_CERTAIN_SEC ? uncertain(verdict) : verdict;
  }

  /**
   * Classifies a recording of up to 30 s, or a part of a longer one, and says what the score rests on: how much of it is
   * lost when a stretch of time is silent or a band of frequencies missing. It takes one run of the model for each: for a
   * clip of 3 s 27, and as many times as long as `classify`.
   *
   * A part is heard by itself, as if it were the whole recording. Of a timeline's segment it is known that somebody
   * speaks (`assumeSpeech`).
   *
   * @throws MarsError `AUDIO_TOO_LONG` above 30 s; `CONFIG_INVALID` for an option out of its range or an emotion that is
   *   none of the model's labels; the signal's reason when it aborts; and what `classify` throws
   *
   * @example
   * const { emotion, explanation } = await recogniser.explain(clip);
   * for (const { startSec, contribution } of explanation?.stretches ?? []) console.log(startSec, contribution);
   */
  async explain(
    recording: Audio | Uint8Array,
    { profile, assumeSpeech, ...options }: ClassifyOptions & ExplainOptions = {},
  ): Promise<ExplainedVerdict> {
    if (options.emotion !== undefined) this.#labelOf(options.emotion);
    const voice = this.#voice({ profile });
    const explainable = {
      metadata: this.metadata,
      classify: (part: Audio) => this.classify(part, { profile, assumeSpeech }),
      infer: (waveform: Float32Array) => this.#model.infer(waveform, voice?.adaptation),
    };
    return explainVerdict(await decoded(recording), explainable, options);
  }

  /**
   * Learns a person's voice from some clips of it; with the profile, the model hears that person better. Varied clips
   * teach more than clips of one mood, labelled ones more than others (the README says how much).
   *
   * @throws MarsError `NO_INPUT` without a clip; `MODEL_INVALID` for a model that takes no profile; `CONFIG_INVALID` for
   *   an emotion that is none of the model's labels; `AUDIO_TOO_SHORT` for a clip with nothing but silence; and what
   *   `classify` throws
   *
   * @example
   * const profile = await recogniser.calibrate([{ recording: first }, { recording: second, emotion: 'happy' }]);
   */
  async calibrate(clips: Iterable<EnrolmentClip> | AsyncIterable<EnrolmentClip>): Promise<Profile> {
    this.#requireEmbedding();
    const heard: HeardClip[] = [];
    for await (const { recording, emotion } of clips) {
      const label = emotion === undefined ? undefined : this.#labelOf(emotion);
      heard.push({ embedding: await this.#embed(await decoded(recording)), label });
    }
    if (heard.length === 0) {
      throw new MarsError(
        'NO_INPUT',
        'No clip came to learn a voice from; some of a few seconds were expected.',
      );
    }
    return learnProfile(this.#model, heard);
  }

  /**
   * Says where in a recording of any length which emotion is: utterances are found by voice activity, and long ones
   * measured in windows. The recording is read in pieces, in memory that does not grow with its length.
   *
   * @throws MarsError `CONFIG_INVALID` for an option out of its range; `AUDIO_NOT_FINITE`, and the codes of `openAudio`
   *
   * @example
   * const { segments, summary } = await recogniser.timeline(await openAsBlob('meeting.flac'));
   * for (const { startSec, endSec, emotion } of segments) console.log(startSec, endSec, emotion);
   */
  async timeline(
    source: AudioSource | Audio | BlockSource,
    { profile, oneSpeaker, ...options }: TimelineOptions & VoiceOptions = {},
  ): Promise<Timeline> {
    await using reader = await opened(source);
    return await buildTimeline(this.#hearing({ profile, oneSpeaker }), reader, options);
  }

  /**
   * The segments of {@link timeline}, each as soon as its utterance has ended: for a source that may have no end.
   *
   * @example
   * for await (const { startSec, emotion } of recogniser.segments(request.body)) console.log(startSec, emotion);
   */
  async *segments(
    source: AudioSource | Audio | BlockSource,
    { profile, oneSpeaker, ...options }: TimelineOptions & VoiceOptions = {},
  ): AsyncGenerator<Segment, void, undefined> {
    await using reader = await opened(source);
    yield* findSegments(this.#hearing({ profile, oneSpeaker }), reader, options);
  }

  /**
   * Recognises speech as it comes; any number of streams can be under way.
   *
   * @throws MarsError `CONFIG_INVALID` for an option out of its range
   *
   * @example
   * const stream = recogniser.stream({ sampleRate: 48_000 });
   * for (const event of await stream.push(samples)) console.log(event);
   */
  stream({ profile, oneSpeaker, ...options }: StreamOptions & VoiceOptions): LiveStream {
    return new LiveStream(this.#hearing({ profile, oneSpeaker }), options);
  }

  /**
   * The events of a {@link stream} of frames, which are asked for as fast as they are heard.
   *
   * @example
   * for await (const event of recogniser.listen(microphone, { sampleRate: 48_000 })) {
   *   if (event.type === 'measurement') console.log(event.endSec, event.emotion, event.confidence);
   * }
   */
  listen(
    frames: AsyncIterable<Float32Array>,
    { profile, oneSpeaker, ...options }: StreamOptions & VoiceOptions,
  ): AsyncGenerator<LiveEvent, void, undefined> {
    return listen(this.#hearing({ profile, oneSpeaker }), frames, options);
  }

  /** Frees the native memory; the recogniser is of no use afterwards. Calling it again does nothing. */
  async dispose(): Promise<void> {
    const detector = await this.#detector;
    await Promise.all([this.#model.dispose(), detector?.dispose()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #hearing(options: VoiceOptions): Hearing {
    const { sampleRate, windowSec, labels, calibration } = this.metadata;
    const voice = this.#voice(options);
    return {
      detector: { stream: () => this.#voiceActivity() },
      sampleRate,
      windowSec,
      threshold: calibration?.threshold ?? 0,
      measure: async (waveform, { trigger }) => {
        const durationSec = waveform.length / sampleRate;
        if (isSilent(waveform)) return noSpeechVerdict(labels, durationSec);
        const knownVoice = voice?.extent;
        const { scores, embedding } = await this.#model.infer(waveform, voice?.adaptation);
        if (options.oneSpeaker && trigger === 'speechEnded') voice!.hear(embedding!);
        return emotionVerdict(scores, labels, { durationSec, calibration, knownVoice });
      },
    };
  }

  #voiceActivity(): Pick<VoiceActivityStream, 'process' | 'flush'> {
    let stream: VoiceActivityStream | undefined;
    const opening = async () => (stream ??= (await this.#openDetector()).stream());
    return {
      process: async (samples) => (await opening()).process(samples),
      flush: async () => (await opening()).flush(),
    };
  }

  /** The length of the longest utterance in samples at the detector's rate, in seconds; 0 where nobody speaks. */
  async #longestUtterance(samples: Float32Array): Promise<number> {
    const stream = (await this.#openDetector()).stream();
    const probabilities = await stream.process(samples);
    const frameSec = VAD_FRAME / VAD_SAMPLE_RATE;
    const segmenter = new UtteranceSegmenter({ frameSec });
    const boundaries = [...Array.from(probabilities, (each) => segmenter.step(each)), segmenter.finish()];
    let longest = 0;
    let start = 0;
    for (const boundary of boundaries) {
      if (boundary?.type === 'start') start = boundary.frame;
      if (boundary?.type === 'end') longest = Math.max(longest, boundary.frame - start);
    }
    return longest * frameSec;
  }

  #openDetector(): Promise<VoiceActivityDetector> {
    this.#detector ??= VoiceActivityDetector.open();
    return this.#detector;
  }

  /** The mean embedding of the pieces in which there is something to hear. */
  async #embed(audio: Audio): Promise<Embedding> {
    const heard: Embedding[] = [];
    for (const piece of equalPieces(audio)) {
      if (isSilent(piece)) continue;
      const waveform = resample(piece, audio.sampleRate, this.metadata.sampleRate);
      const { embedding } = await this.#model.infer(waveform);
      heard.push(embedding!);
    }
    if (heard.length === 0) {
      throw new MarsError(
        'AUDIO_TOO_SHORT',
        'A clip holds nothing but silence; speech was expected. Record it again.',
      );
    }
    const values = heard[0].values.map(
      (_, i) => heard.reduce((sum, each) => sum + each.values[i], 0) / heard.length,
    );
    return { ...heard[0], values };
  }

  #requireEmbedding(): void {
    if (this.#model.embeddingSpace !== undefined) return;
    throw new MarsError(
      'MODEL_INVALID',
      `The model "${this.metadata.name}" takes no profile: it has no embedding. Take another, such as "flagship".`,
    );
  }

  /** What is known of who speaks; undefined where nothing is, nor will be. */
  #voice({ profile, oneSpeaker = false }: VoiceOptions): KnownVoice | undefined {
    if (profile) this.#checkProfile(profile);
    if (oneSpeaker) this.#requireEmbedding();
    return profile || oneSpeaker ? new KnownVoice(this.#model.adaptationSize!.offset, profile) : undefined;
  }

  #checkProfile(profile: Profile): void {
    this.#requireEmbedding();
    if (profile.space !== this.#model.embeddingSpace) {
      throw new MarsError(
        'PROFILE_INVALID',
        `The profile was learnt with the model "${profile.model}" (${profile.space}), and this is "${this.metadata.name}" ` +
          `(${this.#model.embeddingSpace}). Calibrate anew with this model.`,
      );
    }
    const { offset, lastLayer } = this.#model.adaptationSize!;
    if (profile.mean.length !== offset || (profile.lastLayer?.length ?? lastLayer) !== lastLayer) {
      throw new MarsError(
        'PROFILE_INVALID',
        `The profile holds ${profile.mean.length} and ${profile.lastLayer?.length ?? 'no'} numbers; ${offset} and ` +
          `${lastLayer} (or none) fit the model "${this.metadata.name}". Calibrate anew.`,
      );
    }
  }

  #labelOf(emotion: string): number {
    const { labels } = this.metadata;
    const label = labels.indexOf(emotion);
    if (label >= 0) return label;
    throw new MarsError(
      'CONFIG_INVALID',
      `"${emotion}" is no emotion of the model "${this.metadata.name}"; it knows ${labels.join(', ')}.`,
    );
  }
}

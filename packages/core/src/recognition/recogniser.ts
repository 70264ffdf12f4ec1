import type { Audio } from '../audio/audio.ts';
import { openAudio } from '../audio/audio-reader.ts';
import type { AudioSource } from '../audio/byte-reader.ts';
import { decodeAudio } from '../audio/decode.ts';
import { resample } from '../audio/resample.ts';
import { VoiceActivityDetector, type VoiceActivityStream } from '../audio/voice-activity.ts';
import { MarsError } from '../errors.ts';
import { learnProfile, type HeardClip } from './calibration.ts';
import type { Hearing } from './listener.ts';
import type { ModelMetadata } from './metadata.ts';
import { Model, type Adaptation, type Embedding } from './model.ts';
import type { Profile } from './profile.ts';
import { listen, LiveStream, type LiveEvent, type StreamOptions } from './stream.ts';
import {
  audioBlocks,
  buildTimeline,
  findSegments,
  type BlockSource,
  type Segment,
  type Timeline,
  type TimelineOptions,
} from './timeline.ts';
import { emotionVerdict, noSpeechVerdict, type Verdict } from './verdict.ts';

/** Shorter than a syllable: there is nothing to hear an emotion in. */
const MIN_DURATION_SEC = 0.1;

/**
 * A longer recording is cut into equal pieces, and the scores of the pieces that are not silent are averaged. Features
 * and activations then never need more memory than those of two minutes, and an attention that was trained on clips of
 * seconds does not spend itself on the loudest second of an hour.
 */
const MAX_PIECE_SEC = 120;

/** −80 dBFS: below the noise of any microphone, and below half a step of 12 bits. */
const SILENCE_PEAK = 1e-4;

/** A frame's power stays a float32 up to here, and whole numbers of 32 bits that were never scaled are below it. */
const LARGEST_SAMPLE = 1e10;

export interface RecogniserOptions {
  /** Threads of ONNX Runtime. One is the fastest for clips of seconds and leaves the other cores to other clips. */
  threads?: number;
}

export interface ClassifyOptions {
  /** What has been learnt of the person who speaks. */
  readonly profile?: Profile;
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
 * @throws MarsError `MODEL_INVALID` when the bytes are not a MARS model or its metadata does not fit its graph
 *
 * @example
 * await using recogniser = await loadRecogniser(await readFile('models/seed/model.onnx'));
 * const { emotion, confidence } = await recogniser.classify(await readFile('clip.wav'));
 */
export async function loadRecogniser(
  modelBytes: Uint8Array,
  { threads = 1 }: RecogniserOptions = {},
): Promise<Recogniser> {
  return new Recogniser(await Model.open(modelBytes, { threads }));
}

/** Recognises the emotion in recordings; made by {@link loadRecogniser}. Holds native memory until `dispose`. */
export class Recogniser implements AsyncDisposable {
  readonly #model: Model;
  /** Opened by the first who listens: whoever only classifies clips need not load it. */
  #detector: Promise<VoiceActivityDetector> | undefined;

  constructor(model: Model) {
    this.#model = model;
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
   *   and the codes of `decodeAudio`
   */
  async classify(recording: Audio | Uint8Array, { profile }: ClassifyOptions = {}): Promise<Verdict> {
    const adaptation = profile && this.#adaptationOf(profile);
    const audio = await decoded(recording);
    const { labels, calibration } = this.metadata;
    const durationSec = audio.samples.length / audio.sampleRate;

    const sum = new Float64Array(labels.length);
    let voiced = 0;
    for (const piece of equalPieces(audio)) {
      if (isSilent(piece)) continue;
      const { scores } = await this.#model.infer(this.#atModelRate(piece, audio), adaptation);
      for (let label = 0; label < sum.length; label++) sum[label] += scores[label];
      voiced++;
    }
    if (voiced === 0) return noSpeechVerdict(labels, durationSec);
    const mean = sum.map((score) => score / voiced);
    return emotionVerdict(mean, labels, { durationSec, calibration });
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
    source: AudioSource | Audio,
    { profile, ...options }: TimelineOptions & ClassifyOptions = {},
  ): Promise<Timeline> {
    await using reader = await opened(source);
    return await buildTimeline(this.#hearing(profile), reader, options);
  }

  /**
   * The segments of {@link timeline}, each as soon as its utterance has ended: for a source that may have no end.
   *
   * @example
   * for await (const { startSec, emotion } of recogniser.segments(request.body)) console.log(startSec, emotion);
   */
  async *segments(
    source: AudioSource | Audio,
    { profile, ...options }: TimelineOptions & ClassifyOptions = {},
  ): AsyncGenerator<Segment, void, undefined> {
    await using reader = await opened(source);
    yield* findSegments(this.#hearing(profile), reader, options);
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
  stream({ profile, ...options }: StreamOptions & ClassifyOptions): LiveStream {
    return new LiveStream(this.#hearing(profile), options);
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
    { profile, ...options }: StreamOptions & ClassifyOptions,
  ): AsyncGenerator<LiveEvent, void, undefined> {
    return listen(this.#hearing(profile), frames, options);
  }

  /** Frees the native memory; the recogniser is of no use afterwards. Calling it again does nothing. */
  async dispose(): Promise<void> {
    const detector = await this.#detector;
    await Promise.all([this.#model.dispose(), detector?.dispose()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #hearing(profile: Profile | undefined): Hearing {
    const { sampleRate, windowSec, calibration } = this.metadata;
    return {
      detector: { stream: () => this.#voiceActivity() },
      sampleRate,
      windowSec,
      threshold: calibration?.threshold ?? 0,
      measure: (samples) => this.classify({ samples, sampleRate }, { profile }),
    };
  }

  #voiceActivity(): Pick<VoiceActivityStream, 'process' | 'flush'> {
    let stream: VoiceActivityStream | undefined;
    const opening = async (): Promise<VoiceActivityStream> => {
      this.#detector ??= VoiceActivityDetector.open();
      const detector = await this.#detector;
      return (stream ??= detector.stream());
    };
    return {
      process: async (samples) => (await opening()).process(samples),
      flush: async () => (await opening()).flush(),
    };
  }

  #atModelRate(samples: Float32Array, { sampleRate }: Audio): Float32Array {
    return resample(samples, sampleRate, this.metadata.sampleRate);
  }

  /** The mean embedding of the pieces in which there is something to hear. */
  async #embed(audio: Audio): Promise<Embedding> {
    const heard: Embedding[] = [];
    for (const piece of equalPieces(audio)) {
      if (isSilent(piece)) continue;
      const { embedding } = await this.#model.infer(this.#atModelRate(piece, audio));
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
      `The model "${this.metadata.name}" takes no profile: it has no embedding. Take another, such as "transfer".`,
    );
  }

  #adaptationOf(profile: Profile): Adaptation {
    this.#requireEmbedding();
    if (profile.space !== this.#model.embeddingSpace) {
      throw new MarsError(
        'PROFILE_INVALID',
        `The profile was learnt with the model "${profile.model}" (${profile.space}), and this is "${this.metadata.name}" ` +
          `(${this.#model.embeddingSpace}). Calibrate anew with this model.`,
      );
    }
    const { adaptation } = profile;
    const { offset, lastLayer } = this.#model.adaptationSize!;
    if (adaptation.offset.length !== offset || (adaptation.lastLayer?.length ?? lastLayer) !== lastLayer) {
      throw new MarsError(
        'PROFILE_INVALID',
        `The profile holds ${adaptation.offset.length} and ${adaptation.lastLayer?.length ?? 'no'} numbers; ${offset} and ` +
          `${lastLayer} (or none) fit the model "${this.metadata.name}". Calibrate anew.`,
      );
    }
    return adaptation;
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

async function opened(source: AudioSource | Audio): Promise<BlockSource & AsyncDisposable> {
  return 'samples' in source
    ? { ...audioBlocks(source), [Symbol.asyncDispose]: async () => undefined }
    : openAudio(source);
}

async function decoded(recording: Audio | Uint8Array): Promise<Audio> {
  const audio = recording instanceof Uint8Array ? await decodeAudio(recording) : recording;
  const durationSec = audio.samples.length / audio.sampleRate;
  if (durationSec >= MIN_DURATION_SEC) return audio;
  throw new MarsError(
    'AUDIO_TOO_SHORT',
    `The recording lasts ${durationSec.toFixed(3)} s (${audio.samples.length} samples); at least ` +
      `${MIN_DURATION_SEC} s were expected. Record a word or more.`,
  );
}

/** Cuts a recording into views of equal length (to a sample) that last `MAX_PIECE_SEC` at most. */
function* equalPieces({ samples, sampleRate }: Audio): Generator<Float32Array> {
  const pieces = Math.ceil(samples.length / (MAX_PIECE_SEC * sampleRate));
  for (let piece = 0; piece < pieces; piece++) {
    const start = Math.round((piece * samples.length) / pieces);
    const end = Math.round(((piece + 1) * samples.length) / pieces);
    yield samples.subarray(start, end);
  }
}

/** Whether nothing is there but a constant: the idle level of an 8-bit or badly set converter is not exactly 0. */
function isSilent(samples: Float32Array): boolean {
  let lowest = Infinity;
  let highest = -Infinity;
  // Counted by index: this runs over every sample, and for … of takes four times as long.
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i];
    if (!Number.isFinite(sample)) {
      throw new MarsError(
        'AUDIO_NOT_FINITE',
        `The recording holds a sample that is ${sample}; numbers from -1 to 1 were expected. Export it again.`,
      );
    }
    if (sample < lowest) lowest = sample;
    if (sample > highest) highest = sample;
  }
  if (highest > LARGEST_SAMPLE || lowest < -LARGEST_SAMPLE) {
    throw new MarsError(
      'AUDIO_NOT_FINITE',
      `The samples reach from ${lowest} to ${highest}: their energy overflows. Numbers from -1 to 1 were expected; ` +
        'scale the recording down.',
    );
  }
  return (highest - lowest) / 2 < SILENCE_PEAK;
}

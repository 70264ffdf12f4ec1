import { Tensor } from '#onnxruntime';
import type { Audio } from '../audio/audio.ts';
import { decodeAudio } from '../audio/decode.ts';
import { resample } from '../audio/resample.ts';
import { MarsError } from '../errors.ts';
import type { ModelMetadata } from './metadata.ts';
import { openModel, type Model } from './model.ts';
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
  return new Recogniser(await openModel(modelBytes, { threads }));
}

/** Recognises the emotion in recordings; made by {@link loadRecogniser}. Holds native memory until `dispose`. */
export class Recogniser implements AsyncDisposable {
  readonly #model: Model;
  #disposal: Promise<void> | undefined;

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
  async classify(recording: Audio | Uint8Array): Promise<Verdict> {
    const audio = recording instanceof Uint8Array ? await decodeAudio(recording) : recording;
    const { labels, calibration } = this.metadata;
    const durationSec = audio.samples.length / audio.sampleRate;
    if (!(durationSec >= MIN_DURATION_SEC)) {
      throw new MarsError(
        'AUDIO_TOO_SHORT',
        `The recording lasts ${durationSec.toFixed(3)} s (${audio.samples.length} samples); at least ` +
          `${MIN_DURATION_SEC} s were expected. Record a word or more.`,
      );
    }

    const sum = new Float64Array(labels.length);
    let voiced = 0;
    for (const piece of equalPieces(audio)) {
      if (isSilent(piece)) continue;
      const scores = await this.#score(piece, audio.sampleRate);
      for (let label = 0; label < sum.length; label++) sum[label] += scores[label];
      voiced++;
    }
    if (voiced === 0) return noSpeechVerdict(labels, durationSec);
    const mean = sum.map((score) => score / voiced);
    return emotionVerdict(mean, labels, { durationSec, calibration });
  }

  /** Frees the native memory of the model; the recogniser is of no use afterwards. Calling it again does nothing. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#model.session.release();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #score(samples: Float32Array, sampleRate: number): Promise<Float32Array> {
    const { metadata, session } = this.#model;
    const waveform = resample(samples, sampleRate, metadata.sampleRate);
    const input = new Tensor('float32', waveform, [1, waveform.length]);
    const { scores } = await session.run({ waveform: input }, ['scores']);
    const data = scores.data as Float32Array;
    if (!data.every((score) => Number.isFinite(score))) {
      throw new MarsError(
        'MODEL_INVALID',
        `The model "${metadata.name}" gave scores that are not numbers for a finite waveform. Train or export it again.`,
      );
    }
    return data;
  }
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

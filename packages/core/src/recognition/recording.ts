import type { Audio } from '../audio/audio.ts';
import { openAudio } from '../audio/audio-reader.ts';
import type { AudioSource } from '../audio/byte-reader.ts';
import { decodeAudio } from '../audio/decode.ts';
import { MarsError } from '../errors.ts';
import { audioBlocks, type BlockSource } from './timeline.ts';

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

/** A recording to be read in blocks, from wherever it comes. */
export async function opened(
  source: AudioSource | Audio | BlockSource,
): Promise<BlockSource & AsyncDisposable> {
  const notOurs = { [Symbol.asyncDispose]: async () => undefined };
  if ('samples' in source) return { ...audioBlocks(source), ...notOurs };
  // Whoever opened it closes it.
  if ('blocks' in source) {
    const { sampleRate, durationSec } = source;
    return { sampleRate, durationSec, blocks: () => source.blocks(), ...notOurs };
  }
  return openAudio(source);
}

/**
 * A clip's samples.
 *
 * @throws MarsError `AUDIO_TOO_SHORT` below 0.1 s, and the codes of `decodeAudio`
 */
export async function decoded(recording: Audio | Uint8Array): Promise<Audio> {
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
export function* equalPieces({ samples, sampleRate }: Audio): Generator<Float32Array> {
  const pieces = Math.ceil(samples.length / (MAX_PIECE_SEC * sampleRate));
  for (let piece = 0; piece < pieces; piece++) {
    const start = Math.round((piece * samples.length) / pieces);
    const end = Math.round(((piece + 1) * samples.length) / pieces);
    yield samples.subarray(start, end);
  }
}

/**
 * Whether nothing is there but a constant: the idle level of an 8-bit or badly set converter is not exactly 0.
 *
 * @throws MarsError `AUDIO_NOT_FINITE` for NaN, infinite or absurdly large samples
 */
export function isSilent(samples: Float32Array): boolean {
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

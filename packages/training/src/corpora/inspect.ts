import { createHash } from 'node:crypto';
import { decodeAudio, MarsError, type Audio, type ErrorCode } from '@mars/core';
import { readBytes } from './clip.ts';

/** What one recording is, heard from end to end. */
export interface Inspection {
  /** SHA-256 of the file, as `Clip.contentHash`. */
  readonly contentHash: string;
  /** SHA-256 of the sound: equal for equal 16-bit samples at one rate, whatever the container. */
  readonly soundHash: string;
  readonly durationSec: number;
  readonly sampleRate: number;
  /** Largest magnitude; full scale is 1, and what lossy coding does to clipped speech is above. */
  readonly peak: number;
  /** Share of the samples at full scale. */
  readonly clippedShare: number;
}

/** Or why it cannot be used. Plain data, for worker threads. */
export type InspectionResult =
  Inspection | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** A magnitude from here on is full scale: 0.01 dB of room for converters that do not quite reach it. */
const FULL_SCALE = 0.999;

/** Decodes a recording and measures it. An unreadable one is a result too. */
export async function inspectRecording(file: string): Promise<InspectionResult> {
  try {
    const bytes = await readBytes(file);
    const audio = await decodeAudio(bytes);
    let peak = 0;
    let clipped = 0;
    for (const sample of audio.samples) {
      const magnitude = Math.abs(sample);
      if (magnitude > peak) peak = magnitude;
      if (magnitude >= FULL_SCALE) clipped += 1;
    }
    return {
      contentHash: createHash('sha256').update(bytes).digest('hex'),
      soundHash: hashSound(audio),
      durationSec: audio.samples.length / audio.sampleRate,
      sampleRate: audio.sampleRate,
      peak,
      clippedShare: clipped / audio.samples.length,
    };
  } catch (error) {
    const code = error instanceof MarsError ? error.code : 'INTERNAL';
    return { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

/** Over the recorded integers of up to 16 bits; what has finer steps (more bits, lossy coding) is rounded to theirs. */
function hashSound({ samples, sampleRate }: Audio): string {
  const integers = new Int32Array(samples.length);
  for (let i = 0; i < samples.length; i++) integers[i] = Math.round(samples[i] * 32_768);
  return createHash('sha256').update(`${sampleRate}\n`).update(new Uint8Array(integers.buffer)).digest('hex');
}

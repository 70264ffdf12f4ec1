import { VAD_FRAME } from '../audio/voice-activity.ts';
import type { Hearing, MeasureContext } from './listener.ts';
import type { Verdict } from './verdict.ts';

/** Half an octave apart: the two moods of the tones of {@link speak}. */
export const LOW_HZ = 220;
export const HIGH_HZ = 330;

export interface Call extends MeasureContext {
  readonly waveform: Float32Array;
}

/**
 * A hearing without a network: what is not silent is speech, and the rate of zero crossings is the mood, `low` or
 * `high`. `calls` remembers what was measured.
 */
export function toneHearing({ sampleRate = 16_000, windowSec = 2 } = {}): Hearing & { calls: Call[] } {
  const calls: Call[] = [];
  return {
    calls,
    sampleRate,
    windowSec,
    threshold: 0.6,
    detector: { stream: () => new EnergyStream() },
    measure: async (waveform, context) => {
      calls.push({ waveform, ...context });
      return toneVerdict(waveform, sampleRate);
    },
  };
}

export function toneVerdict(waveform: Float32Array, sampleRate: number): Verdict {
  let crossings = 0;
  let voiced = 0;
  for (let i = 1; i < waveform.length; i++) {
    if (waveform[i - 1] < 0 !== waveform[i] < 0) crossings++;
    if (waveform[i] !== 0) voiced++;
  }
  const hz = (crossings * sampleRate) / (2 * Math.max(1, voiced));
  const high = Math.min(1, Math.max(0, (hz - LOW_HZ) / (HIGH_HZ - LOW_HZ)));
  const scores = [
    { label: 'low', score: 1 - high },
    { label: 'high', score: high },
  ].toSorted((a, b) => b.score - a.score);
  const [{ label: emotion, score: confidence }] = scores;
  const verdict = confidence < 0.6 ? 'uncertain' : 'emotion';
  return { durationSec: waveform.length / sampleRate, verdict, emotion, confidence, scores };
}

/** Tones and silences one after the other: `hz` 0 is silence. */
export function speak(
  parts: readonly (readonly [hz: number, durationSec: number])[],
  sampleRate = 16_000,
): Float32Array {
  const pieces = parts.map(([hz, durationSec]) =>
    Float32Array.from({ length: Math.round(durationSec * sampleRate) }, (_, i) =>
      hz === 0 ? 0 : 0.5 * Math.sin((2 * Math.PI * hz * (i + 0.5)) / sampleRate),
    ),
  );
  const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  return samples;
}

class EnergyStream {
  #pending = new Float32Array(0);

  async process(samples: Float32Array): Promise<Float32Array> {
    const all = new Float32Array(this.#pending.length + samples.length);
    all.set(this.#pending);
    all.set(samples, this.#pending.length);
    const frames = Math.floor(all.length / VAD_FRAME);
    this.#pending = all.slice(frames * VAD_FRAME);
    return Float32Array.from({ length: frames }, (_, f) =>
      probability(all.subarray(f * VAD_FRAME, (f + 1) * VAD_FRAME)),
    );
  }

  async flush(): Promise<Float32Array> {
    return this.#pending.length === 0 ? new Float32Array(0) : Float32Array.of(probability(this.#pending));
  }
}

function probability(frame: Float32Array): number {
  const energy = frame.reduce((sum, sample) => sum + sample * sample, 0) / VAD_FRAME;
  return energy > 0.02 ? 1 : 0;
}

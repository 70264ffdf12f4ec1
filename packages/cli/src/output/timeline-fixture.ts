import { summarise, type Segment, type Timeline } from '@mars/core';

export const LABELS = ['neutral', 'happy', 'sad', 'angry', 'surprised'];

/** A segment with the rest of the confidence spread evenly over the other labels. */
export function segment(
  startSec: number,
  endSec: number,
  emotion: string | null,
  confidence = 0.8,
  changes: Partial<Segment> = {},
): Segment {
  const rest = (1 - confidence) / (LABELS.length - 1);
  const scores = LABELS.map((label) => ({ label, score: label === emotion ? confidence : rest }));
  return {
    startSec,
    endSec,
    verdict: emotion === null ? 'no-speech' : 'emotion',
    emotion,
    confidence,
    scores: scores.toSorted((a, b) => b.score - a.score),
    ...changes,
  };
}

export function timeline(durationSec: number, segments: readonly Segment[]): Timeline {
  return { durationSec, segments, summary: summarise(segments) };
}

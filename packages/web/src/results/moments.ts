import type { Segment } from '@mars/core';

/** The segment in which a moment lies; undefined in a pause. Segments are in order of time. */
export function segmentAt(segments: readonly Segment[], timeSec: number): Segment | undefined {
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].endSec <= timeSec) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low] as Segment | undefined;
  return segment && segment.startSec <= timeSec ? segment : undefined;
}

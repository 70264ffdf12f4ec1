import type { Segment } from '@mars/client';
import type { Talk } from './sides.ts';

/** A stretch that is worth a person's ear. */
export interface Moment extends Talk {
  readonly emotion: string;
  readonly confidence: number;
  /** Where to begin listening: with what the other side said before it. */
  readonly fromSec: number;
}

const STRAINED: readonly string[] = ['angry', 'sad', 'fearful', 'disgust'];

/** Of what the other side said before, no more than this: nobody begins to listen minutes earlier. */
const BEFORE_SEC = 15;

/**
 * The moments of a call that a person should listen to: where a side sounds strained, the most certain first. Uncertain
 * verdicts are none.
 *
 * @param segments of the side that is looked at
 * @param other when the other side speaks
 */
export function findMoments(
  segments: readonly Segment[],
  other: readonly Talk[],
  { most = 3 }: { most?: number } = {},
): Moment[] {
  return segments
    .filter(({ verdict, emotion }) => verdict === 'emotion' && STRAINED.includes(emotion ?? ''))
    .toSorted((a, b) => b.confidence - a.confidence)
    .slice(0, most)
    .map(({ startSec, endSec, emotion, confidence }) => {
      const before = other.findLast((talk) => talk.startSec < startSec);
      const fromSec =
        before === undefined || startSec - before.endSec > BEFORE_SEC
          ? startSec
          : Math.max(before.startSec, startSec - BEFORE_SEC);
      return { startSec, endSec, emotion: emotion!, confidence, fromSec };
    });
}

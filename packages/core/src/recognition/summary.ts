import type { Segment } from './timeline.ts';

export interface TimelineSummary {
  /** Time in which somebody speaks: all segments but those in which no speech was heard. */
  readonly speechSec: number;
  /** Share of `speechSec` per emotion that was recognised, the largest first. With `uncertainShare` they sum to 1. */
  readonly shares: readonly { readonly emotion: string; readonly share: number }[];
  readonly uncertainShare: number;
  /** Where the emotion differs from the one before it; segments that are not certain are passed over. */
  readonly changes: readonly { readonly atSec: number; readonly from: string; readonly to: string }[];
  /** Of each emotion that was recognised, the segment with the highest confidence; the most confident first. */
  readonly strongest: readonly {
    readonly emotion: string;
    readonly startSec: number;
    readonly endSec: number;
    readonly confidence: number;
  }[];
}

/** Sums up the segments of a recording. */
export function summarise(segments: readonly Segment[]): TimelineSummary {
  const spoken = segments.filter(({ verdict }) => verdict !== 'no-speech');
  const certain = spoken.flatMap(({ verdict, emotion, confidence, startSec, endSec }) =>
    verdict === 'emotion' && emotion !== null ? [{ emotion, startSec, endSec, confidence }] : [],
  );
  const seconds = (parts: readonly { startSec: number; endSec: number }[]): number =>
    parts.reduce((sum, { startSec, endSec }) => sum + endSec - startSec, 0);
  const speechSec = seconds(spoken);
  const byEmotion = [...Map.groupBy(certain, ({ emotion }) => emotion)];

  return {
    speechSec,
    shares: byEmotion
      .map(([emotion, parts]) => ({ emotion, share: seconds(parts) / speechSec }))
      .toSorted((a, b) => b.share - a.share),
    uncertainShare: speechSec === 0 ? 0 : 1 - seconds(certain) / speechSec,
    changes: certain.slice(1).flatMap(({ emotion: to, startSec: atSec }, i) => {
      const { emotion: from } = certain[i];
      return from === to ? [] : [{ atSec, from, to }];
    }),
    strongest: byEmotion
      .map(([, parts]) => parts.reduce((best, part) => (part.confidence > best.confidence ? part : best)))
      .toSorted((a, b) => b.confidence - a.confidence),
  };
}

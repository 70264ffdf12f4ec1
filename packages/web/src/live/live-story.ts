import {
  summarise,
  type LiveEvent,
  type LiveMeasurement,
  type Segment,
  type Timeline,
  type Verdict,
} from '@mars/core';

/** What has been heard in a live stream so far. */
export interface LiveStory {
  /** One per utterance, in order of time. */
  readonly segments: readonly Segment[];
  /** The utterance that goes on, and the latest look at it. */
  readonly current: { readonly startSec: number; readonly look?: LiveMeasurement } | undefined;
}

export const NOTHING_HEARD: LiveStory = { segments: [], current: undefined };

/**
 * The story after one more event.
 *
 * @example
 * story = events.reduce(continueStory, story);
 */
export function continueStory(story: LiveStory, event: LiveEvent): LiveStory {
  if (event.type === 'utteranceStart') return { ...story, current: { startSec: event.startSec } };
  if (event.type === 'utteranceEnd') return { ...story, current: undefined };
  if (event.trigger === 'interval') {
    const startSec = story.current?.startSec ?? event.startSec;
    return { ...story, current: { startSec, look: event } };
  }
  return { ...story, segments: [...story.segments, asSegment(event)] };
}

function asSegment(measurement: LiveMeasurement): Segment {
  const { startSec, endSec, verdict, emotion, confidence, scores, knownVoice } = measurement;
  return { startSec, endSec, verdict, emotion, confidence, scores, ...(knownVoice && { knownVoice }) };
}

/** What is said last: of the utterance that goes on, or of the latest that ended. */
export function latestVerdict({ segments, current }: LiveStory): Omit<Verdict, 'durationSec'> | undefined {
  return current?.look ?? segments.at(-1);
}

/** The story as the analysis of a recording: what `mars classify --timeline` says of one. */
export function asTimeline({ segments }: LiveStory, durationSec: number): Timeline {
  return { durationSec, segments, summary: summarise(segments) };
}

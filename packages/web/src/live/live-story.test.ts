import type { LiveEvent, LiveMeasurement } from '@mars/core';
import { expect, test } from 'vitest';
import { asTimeline, continueStory, latestVerdict, NOTHING_HEARD } from './live-story.ts';

function measurement(
  emotion: string,
  trigger: LiveMeasurement['trigger'],
  startSec: number,
  endSec: number,
): LiveMeasurement {
  return {
    type: 'measurement',
    trigger,
    startSec,
    endSec,
    durationSec: endSec - startSec,
    verdict: 'emotion',
    emotion,
    confidence: 0.8,
    scores: [{ label: emotion, score: 0.8 }],
  };
}

const EVENTS: readonly LiveEvent[] = [
  { type: 'utteranceStart', startSec: 1 },
  measurement('calm', 'interval', 1, 2),
  measurement('happy', 'speechEnded', 1, 3),
  { type: 'utteranceEnd', startSec: 1, endSec: 3 },
  { type: 'utteranceStart', startSec: 4 },
  measurement('sad', 'interval', 4, 5),
];

const storyAfter = (count: number) => EVENTS.slice(0, count).reduce(continueStory, NOTHING_HEARD);

test('an utterance goes on until its verdict has come', () => {
  expect(storyAfter(1)).toEqual({ segments: [], current: { startSec: 1 } });
  expect(storyAfter(2).current).toMatchObject({ startSec: 1, look: { emotion: 'calm' } });
  expect(storyAfter(4)).toMatchObject({ segments: [{ startSec: 1, endSec: 3, emotion: 'happy' }] });
  expect(storyAfter(4).current).toBeUndefined();
});

test('the latest verdict is the look at what goes on, else the last utterance', () => {
  const said = [1, 2, 4, 5, 6].map((count) => latestVerdict(storyAfter(count))?.emotion);
  expect(said).toEqual([undefined, 'calm', 'happy', 'happy', 'sad']);
});

test('as a timeline it holds the fields of one, and its summary', () => {
  const timeline = asTimeline(storyAfter(6), 6);
  expect(Object.keys(timeline.segments[0]).toSorted()).toEqual([
    'confidence',
    'emotion',
    'endSec',
    'scores',
    'startSec',
    'verdict',
  ]);
  expect(timeline.summary).toMatchObject({ speechSec: 2, shares: [{ emotion: 'happy', share: 1 }] });
});

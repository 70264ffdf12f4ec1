import { describe, expect, test } from 'vitest';
import { resample } from '../audio/resample.ts';
import { HIGH_HZ, LOW_HZ, speak, toneHearing } from './hearing-fixture.ts';
import { summarise } from './summary.ts';
import { audioBlocks, buildTimeline, findSegments, type Segment, type TimelineOptions } from './timeline.ts';

const RATE = 16_000;

/** A low and a high utterance, then one that is low for 6 s and high for 6 s more. */
const TALK = speak([
  [0, 1],
  [LOW_HZ, 1.5],
  [0, 0.8],
  [HIGH_HZ, 2],
  [0, 1.1],
  [LOW_HZ, 6],
  [HIGH_HZ, 6],
  [0, 0.7],
]);

const timeline = (samples = TALK, options: TimelineOptions = {}) =>
  buildTimeline(toneHearing(), audioBlocks({ samples, sampleRate: RATE }), options);

const shown = (all: readonly Segment[]): string[] =>
  all.map(
    ({ startSec, endSec, verdict, emotion }) =>
      `${startSec.toFixed(1)}-${endSec.toFixed(1)} ${verdict === 'emotion' ? emotion : verdict}`,
  );

describe('a timeline', () => {
  test('has a segment for each utterance, and for each mood within a long one', async () => {
    const { durationSec, segments: found } = await timeline();
    expect(durationSec).toBeCloseTo(19.1, 6);
    // Windows of 2 s every second: the cell of the change is half the one and half the other.
    expect(shown(found)).toEqual([
      '1.0-2.5 low',
      '3.3-5.3 high',
      expect.stringMatching(/^6\.4-1[12]\.\d low$/),
      expect.stringMatching(/^1[12]\.\d-1[23]\.\d uncertain$/),
      expect.stringMatching(/^1[23]\.\d-18\.4 high$/),
    ]);
    expect(found.every(({ scores }) => scores.length === 2)).toBe(true);
  });

  test('is the same from blocks of any size', async () => {
    const samples = resample(TALK, RATE, 44_100);
    const whole = await buildTimeline(toneHearing(), audioBlocks({ samples, sampleRate: 44_100 }));
    async function* blocks(): AsyncGenerator<Float32Array> {
      for (let at = 0, i = 0; at < samples.length; i++) {
        const length = [1, 70_000, 333][i % 3];
        yield samples.subarray(at, at + length);
        at += length;
      }
    }
    const inBlocks = await buildTimeline(toneHearing(), { sampleRate: 44_100, blocks });
    expect(inBlocks).toEqual(whole);
  });

  test('follows other windows', async () => {
    // Up to 1.5 windows an utterance is measured whole.
    const { segments: whole } = await timeline(TALK, { windowSec: 9 });
    expect(shown(whole)[2]).toMatch(/^6\.4-18\.4 /);
    const { segments: fine } = await timeline(TALK, { windowSec: 0.8, hopSec: 0.2 });
    const change = fine.find(({ startSec, emotion }) => startSec > 7 && emotion === 'high')!;
    expect(Math.abs(change.startSec - 12.4)).toBeLessThan(0.4);
  });

  test('of silence, and of nothing, is empty', async () => {
    const nothing = { speechSec: 0, shares: [], uncertainShare: 0, changes: [], strongest: [] };
    expect(await timeline(new Float32Array(RATE * 3))).toEqual({
      durationSec: 3,
      segments: [],
      summary: nothing,
    });
    expect(await timeline(new Float32Array(0))).toMatchObject({ durationSec: 0, segments: [] });
  });

  test('tells how far it is', async () => {
    const seen: [number, number | undefined][] = [];
    await timeline(TALK, { onProgress: (done, whole) => seen.push([done, whole]) });
    expect(seen).toHaveLength(20);
    expect(seen[2]).toEqual([3, expect.closeTo(19.1, 6)]);
    expect(seen.at(-1)![0]).toBeCloseTo(19.1, 6);
  });

  test('stops when the signal says so', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (secondsDone: number): void => {
      seen.push(secondsDone);
      if (secondsDone >= 4) controller.abort(new Error('enough'));
    };
    await expect(timeline(TALK, { onProgress, signal: controller.signal })).rejects.toThrow('enough');
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test('refuses options that are out of their range', async () => {
    await expect(timeline(TALK, { hopSec: 5 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

test('segments come from a source without end, which is closed when nobody asks for more', async () => {
  let closed = false;
  async function* forever(): AsyncGenerator<Float32Array> {
    try {
      for (;;) yield TALK.subarray(0, 6 * RATE);
    } finally {
      closed = true;
    }
  }
  const found: Segment[] = [];
  for await (const segment of findSegments(toneHearing(), { sampleRate: RATE, blocks: forever })) {
    found.push(segment);
    if (found.length === 9) break;
  }
  expect(closed).toBe(true);
  expect(found[8].startSec - found[0].startSec).toBeCloseTo(24, 1);
});

test('the summary: speaking time by emotion, changes, and the strongest moment of each', () => {
  const segment = (
    startSec: number,
    endSec: number,
    verdict: Segment['verdict'],
    emotion: string | null,
    confidence: number,
  ): Segment => ({ startSec, endSec, verdict, emotion, confidence, scores: [] });
  expect(
    summarise([
      segment(0, 2, 'emotion', 'calm', 0.7),
      segment(3, 4, 'uncertain', 'angry', 0.3),
      segment(5, 6, 'emotion', 'calm', 0.8),
      segment(7, 17, 'no-speech', null, 0),
      segment(20, 25, 'emotion', 'angry', 0.9),
      segment(26, 27, 'emotion', 'calm', 0.6),
    ]),
  ).toEqual({
    speechSec: 10,
    shares: [
      { emotion: 'angry', share: 0.5 },
      { emotion: 'calm', share: 0.4 },
    ],
    uncertainShare: expect.closeTo(0.1, 12),
    changes: [
      { atSec: 20, from: 'calm', to: 'angry' },
      { atSec: 26, from: 'angry', to: 'calm' },
    ],
    strongest: [
      { emotion: 'angry', startSec: 20, endSec: 25, confidence: 0.9 },
      { emotion: 'calm', startSec: 5, endSec: 6, confidence: 0.8 },
    ],
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emotionVerdict, noSpeechVerdict, type Verdict } from './verdict.ts';
import { combineVerdicts, smoothWindows, windowSpans, type Measured } from './windows.ts';

const LABELS = ['calm', 'happy', 'angry'];
const THRESHOLD = 0.5;
const verdict = (...scores: number[]): Verdict =>
  emotionVerdict(scores, LABELS, { durationSec: 1, calibration: { temperature: 1, threshold: THRESHOLD } });
const nobody = noSpeechVerdict(LABELS, 1);
const scoreOf = (label: string, { scores }: Verdict): number =>
  scores.find((score) => score.label === label)!.score;

describe('windowSpans', () => {
  const size = { window: 40, hop: 20 };
  test.each([
    [[100, 160], '100-160'],
    [[100, 161], '100-140 120-160 121-161'],
    [[100, 180], '100-140 120-160 140-180'],
    [[0, 95], '0-40 20-60 40-80 55-95'],
  ])('of %o', ([start, end], expected) => {
    const spans = windowSpans({ start, end }, size);
    expect(spans.map((span) => `${span.start}-${span.end}`).join(' ')).toBe(expected);
  });

  test('cover the utterance, and as it grows only the last is replaced', () => {
    const sizes = fc
      .integer({ min: 1, max: 50 })
      .chain((window) =>
        fc.record({ window: fc.constant(window), hop: fc.integer({ min: 1, max: window }) }),
      );
    fc.assert(
      fc.property(sizes, fc.nat(400), (size, length) => {
        const spans = windowSpans({ start: 0, end: length }, size);
        expect(spans[0].start).toBe(0);
        expect(spans.at(-1)!.end).toBe(length);
        for (const [i, { start }] of spans.slice(1).entries())
          expect(start).toBeLessThanOrEqual(spans[i].end);
        const longer = windowSpans({ start: 0, end: length + 1 }, size);
        // An utterance that was measured whole leaves nothing to keep.
        const kept = spans.slice(0, -1);
        expect(longer.slice(0, kept.length)).toEqual(kept);
      }),
    );
  });
});

describe('combineVerdicts', () => {
  const plain = { durationSec: 2, threshold: THRESHOLD };

  test('one stays as it is', () => {
    expect(combineVerdicts([verdict(0.1, 0.2, 0.7)], [3], plain)).toEqual({
      ...verdict(0.1, 0.2, 0.7),
      durationSec: 2,
    });
  });

  test('several are averaged by weight', () => {
    const mean = combineVerdicts([verdict(0.9, 0.1, 0), verdict(0.5, 0.1, 0.4)], [1, 3], plain);
    expect(mean).toMatchObject({ verdict: 'emotion', emotion: 'calm' });
    expect(mean.confidence).toBeCloseTo(0.6, 12);
    expect(scoreOf('angry', mean)).toBeCloseTo(0.3, 12);
  });

  test('those that are sure of different things are uncertain together', () => {
    expect(combineVerdicts([verdict(0.8, 0.1, 0.1), verdict(0.1, 0.1, 0.8)], [1, 1], plain).verdict).toBe(
      'uncertain',
    );
  });

  test('doubts for another reason than the confidence are kept', () => {
    const doubtful: Verdict = { ...verdict(0.9, 0.1, 0), verdict: 'uncertain' };
    expect(combineVerdicts([doubtful, doubtful, verdict(0.9, 0.1, 0)], [1, 1, 1], plain).verdict).toBe(
      'uncertain',
    );
  });

  test('where nobody speaks there is no vote, and half of it silences the rest', () => {
    const mean = combineVerdicts([nobody, verdict(0.9, 0.1, 0), verdict(0.7, 0.3, 0)], [1, 1, 1], plain);
    expect(mean).toMatchObject({ verdict: 'emotion', emotion: 'calm' });
    expect(mean.confidence).toBeCloseTo(0.8, 12);
    expect(combineVerdicts([nobody, verdict(0.9, 0.1, 0)], [1, 1], plain)).toEqual({
      ...nobody,
      durationSec: 2,
    });
  });
});

describe('smoothWindows', () => {
  const windows = (...verdicts: Verdict[]): Measured[] =>
    verdicts.map((each, i) => ({ startSec: 10 + 2 * i, endSec: 14 + 2 * i, verdict: each }));
  const smooth = (measured: Measured[]): Measured[] =>
    smoothWindows(measured, { hopSec: 2, threshold: THRESHOLD });

  test('neighbours that say the same are one segment', () => {
    const [calm, angry] = [verdict(0.8, 0.1, 0.1), verdict(0.1, 0.1, 0.8)];
    // Cells of 2 s: calm, calm, calm + angry, angry, angry.
    const segments = smooth(windows(calm, calm, angry, angry));
    expect(
      segments.map(({ startSec, endSec, verdict: { verdict, emotion } }) => [
        startSec,
        endSec,
        verdict,
        emotion,
      ]),
    ).toEqual([
      [10, 14, 'emotion', 'calm'],
      [14, 16, 'uncertain', expect.any(String)],
      [16, 20, 'emotion', 'angry'],
    ]);
    expect(segments[2].verdict.confidence).toBeCloseTo(0.8, 12);
    expect(segments[2].verdict.durationSec).toBe(4);
  });

  test('whatever the windows, segments cover the utterance, differ from their neighbours and keep to the threshold', () => {
    const weight = fc.double({ min: 0.01, max: 1, noNaN: true });
    const verdicts = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(weight, weight, weight).map((weights) => verdict(...weights)) },
      { weight: 1, arbitrary: fc.constant(nobody) },
    );
    fc.assert(
      fc.property(fc.array(verdicts, { minLength: 1, maxLength: 12 }), (list) => {
        const measured = windows(...list);
        const segments = smooth(measured);
        const edges = [10, ...segments.map(({ endSec }) => endSec)];
        expect(segments.map(({ startSec }) => startSec)).toEqual(edges.slice(0, -1));
        expect(edges.at(-1)).toBe(measured.at(-1)!.endSec);
        for (const [i, { verdict: said }] of segments.entries()) {
          expect(said.scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
          expect(said.confidence).toBe(said.verdict === 'no-speech' ? 0 : said.scores[0].score);
          expect(said.verdict === 'emotion' && said.confidence < THRESHOLD - 1e-9).toBe(false);
          const { verdict: kind, emotion } = segments[i + 1]?.verdict ?? {};
          expect(said.verdict === kind && (kind !== 'emotion' || said.emotion === emotion)).toBe(false);
        }
      }),
    );
  });
});

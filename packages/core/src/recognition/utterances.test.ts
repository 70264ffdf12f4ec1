import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UtteranceSegmenter, type UtteranceOptions } from './utterances.ts';

/** Frames of 0.1 s make the drawings below readable. */
const options = { frameSec: 0.1, minSpeechSec: 0.3, minSilenceSec: 0.4, leadSec: 0.1 };

/** `#` is speech, `+` would keep speech going but not begin it, `.` is silence. */
function draw(frames: string, changes: UtteranceOptions = {}): string {
  const probabilities = Array.from(frames, (frame) => ({ '#': 0.9, '+': 0.4, '.': 0.1 })[frame]!);
  return segment(probabilities, { ...options, ...changes })
    .map(([start, end]) => `${start}-${end}`)
    .join(' ');
}

function segment(
  probabilities: readonly number[],
  settings: UtteranceOptions & { frameSec: number },
): [number, number][] {
  const segmenter = new UtteranceSegmenter(settings);
  const utterances: [number, number][] = [];
  let start = NaN;
  let earliest = 0;
  const boundaries = [...probabilities.map((p) => () => segmenter.step(p)), () => segmenter.finish()];
  for (const [frame, next] of boundaries.entries()) {
    const boundary = next();
    // A boundary lies in what has been heard, and after what was said to be settled.
    const at = boundary?.frame ?? earliest;
    expect([earliest <= at, at <= frame + 1]).toEqual([true, true]);
    if (boundary?.type === 'start') start = boundary.frame;
    if (boundary?.type === 'end') utterances.push([start, boundary.frame]);
    earliest = segmenter.earliest;
  }
  return utterances;
}

test.each([
  ['silence', '..........', ''],
  ['nothing', '', ''],
  ['one utterance, a frame before its speech to its last', '...#####....', '2-8'],
  ['speech from the first frame to the last', '######', '0-6'],
  ['a click', '...##......', ''],
  ['two clicks that are too far apart', '..##....##......', ''],
  ['a short pause lies within', '..###...###.....', '1-11'],
  ['a long one does not', '..###....###.....', '1-5 8-12'],
  ['a weak end goes on, but a weak beginning does not begin', '..+++###+++......', '4-11'],
  ['nor does a weak frame bring back speech that has ended', '..###.+.+.......', '1-5'],
  ['the recording ends before the silence is long enough', '..####..', '1-6'],
  ['the recording ends before the speech is long enough', '.....##', ''],
])('%s', (_, frames, expected) => {
  expect(draw(frames)).toBe(expected);
});

test('the lead never reaches into the utterance before', () => {
  expect(draw('###....####....', { leadSec: 1 })).toBe('0-3 3-11');
});

test('a long utterance ends at a breath, and at the latest at the maximum, where the next begins', () => {
  const limits = { maxUtteranceSec: 1, minSpeechSec: 0.2 };
  // Up to half of the maximum the pause of 0.2 s lies within.
  expect(draw('##..####........', limits)).toBe('0-8');
  expect(draw('######..####....', limits)).toBe('0-6 7-12');
  expect(draw('#'.repeat(25), limits)).toBe('0-10 10-20 20-25');
});

test('whatever the probabilities, utterances follow each other, and their speech is long enough', () => {
  const probability = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1));
  const runs = fc.array(fc.tuple(probability, fc.integer({ min: 1, max: 15 })), { maxLength: 40 });
  fc.assert(
    fc.property(runs, (pieces) => {
      const probabilities = pieces.flatMap(([p, count]) => Array.from({ length: count }, () => p));
      let previous = 0;
      for (const [start, end] of segment(probabilities, options)) {
        expect(start).toBeGreaterThanOrEqual(previous);
        const speech = probabilities.slice(start, end).filter((p) => p >= 0.35);
        expect(speech.length).toBeGreaterThanOrEqual(3);
        previous = end;
      }
      expect(previous).toBeLessThanOrEqual(probabilities.length);
    }),
  );
});

test.each([
  [{ onThreshold: 0.3, offThreshold: 0.4 }, 'onThreshold is 0.3 and offThreshold 0.4'],
  [{ onThreshold: 1.2 }, 'onThreshold is 1.2'],
  [{ minSpeechSec: 0.05 }, 'minSpeechSec is 0.05; 0.1 s or more'],
  [{ minSilenceSec: NaN }, 'minSilenceSec is NaN; 0.15 s or more'],
  [{ leadSec: -1 }, 'leadSec is -1; 0 to 1 s'],
  [{ maxUtteranceSec: 0.5 }, 'maxUtteranceSec is 0.5; 1 s or more'],
  [{ minSilenceSec: '0.5' as unknown as number }, 'minSilenceSec is 0.5'],
])('%o is CONFIG_INVALID', (wrong, message) => {
  expect(() => new UtteranceSegmenter({ ...options, ...wrong })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
  );
});

import { sumUp, type Prediction } from '@mars/training';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { printFigures } from './figures.ts';

const LABELS = ['calm', 'angry'];
const lines: string[] = [];
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation((text: string) => lines.push(...text.split('\n')));
});
afterEach(() => {
  vi.restoreAllMocks();
  lines.length = 0;
});

const right = { predicted: 'calm', scores: [0.9, 0.1] };
const wrong = { predicted: 'angry', scores: [0.1, 0.9] };

/** Four clips of each speaker, of which so many are heard rightly without a profile and with it; null for none. */
function reportOf(
  speakers: Readonly<Record<string, readonly [without: number, withProfile: number | null]>>,
) {
  const predictions = Object.entries(speakers).flatMap(([speaker, [without, withProfile]]) =>
    Array.from({ length: 4 }, (_, i): Prediction => {
      const before = i < without ? right : wrong;
      const facts = { id: `${speaker}/${i}`, speaker, emotion: 'calm' };
      if (withProfile === null) return { ...facts, ...before, withoutProfile: null };
      return { ...facts, ...(i < withProfile ? right : wrong), withoutProfile: before };
    }),
  );
  return sumUp('transfer', 'enrol-3', LABELS, [{ fold: 'enrol-3-1', seed: 0, predictions }]);
}

test('under enrol, what profiles are worth and whom they harm', async () => {
  await printFigures(reportOf({ Ann: [1, 4], Bob: [2, 1], Cem: [3, null] }));
  const valueOf = (title: string) => lines.findLast((line) => line.startsWith(title))?.slice(17);
  expect(valueOf('UAR')).toBe('66.7 with profiles, 50.0 without');
  expect(valueOf('gain of UAR')).toMatch(
    /^\+16\.7 points over the clips of all folds \(95 % over speakers -25\.0 to \+75\.0, p \d\.\d{4}\)$/,
  );
  expect(valueOf('worst speaker')).toBe('Bob 25.0 with profiles, Ann 25.0 without');
  expect(valueOf('harmed')).toBe('1 of 3 speaker(s) lose more than a point of UAR; least gain Bob -25.0');
  expect(valueOf('no profile')).toBe('Cem: no clip to learn from could be used');
});

test('without an enrolment, no word of profiles', async () => {
  const predictions = [{ id: 'a', speaker: 'Ann', emotion: 'calm', ...right }];
  await printFigures(sumUp('transfer', 'emobox', LABELS, [{ fold: 'emobox-1', seed: 0, predictions }]));
  expect(lines.join('\n')).not.toContain('profile');
});

import { MarsError, type ExplainedVerdict, type Explanation } from '@mars/core';
import { expect, test } from 'vitest';
import { explainedTable } from './explained-report.ts';
import { failure, type Outcome } from './outcome.ts';

const LABELS = ['calm', 'angry'];

function explained(explanation: Partial<Explanation> | null): Outcome<ExplainedVerdict> {
  const score = 0.75;
  return {
    file: 'a.wav',
    durationSec: 1,
    verdict: explanation ? 'emotion' : 'no-speech',
    emotion: explanation && 'angry',
    confidence: explanation ? score : 0,
    scores: [
      { label: 'angry', score },
      { label: 'calm', score: 1 - score },
    ],
    explanation: explanation && { emotion: 'angry', score, stretches: [], bands: [], ...explanation },
  };
}

/** Parts of a fifth of a second, the first at `startSec`. */
const stretches = (contributions: number[], startSec = 0): Explanation['stretches'] =>
  contributions.map((contribution, index) => ({
    startSec: startSec + index / 5,
    endSec: startSec + (index + 1) / 5,
    contribution,
  }));

const bands = (...contributions: number[]): Explanation['bands'] =>
  contributions.map((contribution, index) => ({
    lowHz: 500 * 2 ** index,
    highHz: 1000 * 2 ** index,
    contribution,
  }));

const HALF_A_MINUTE = stretches(Array.from({ length: 60 }, (_, index) => (index === 1 ? 0.1 : 0)));

const lines = (outcome: Outcome<ExplainedVerdict>, columns?: number) =>
  explainedTable(['a.wav'], LABELS, { top: 2, columns }).lines(outcome);

test('below the row of a file: time and frequency, each to its own scale, and what does most', () => {
  const outcome = explained({
    stretches: stretches([0.04, -0.2, 0.08, 0, 0.001], 12),
    bands: bands(0.01, 0.03, 0.7, -0.01),
  });
  expect(lines(outcome)).toEqual([
    'a.wav     1.0 s  angry       ███████▌··  75%  calm 25%',
    '  time       ▄·█·▁  12 … 13 s    most: 12.40–12.60 s, without it 67%',
    '  frequency  ▁▁█·   0.5 … 8 kHz  most: 2.0–4.0 kHz, without it 5%',
  ]);
});

test('low bands are in Hz', () => {
  const [, , frequency] = lines(explained({ stretches: stretches([0.3]), bands: bands(0.2) }));
  expect(frequency).toMatch(/0\.5 … 1 kHz {2}most: 0\.5–1\.0 kHz, without it 55%$/);
  const low = [{ lowHz: 0, highHz: 250.4, contribution: 0.2 }];
  expect(lines(explained({ stretches: stretches([0.3]), bands: low }))[2]).toContain('most: 0–250 Hz, w');
});

test('what does not show in the score is nothing', () => {
  const outcome = explained({ stretches: stretches([0.0049, 0.004]), bands: bands(-0.1, -0.2) });
  expect(lines(outcome).slice(1)).toEqual([
    '  time       ··  0 … 0.4 s    none raises the score by itself',
    '  frequency  ··  0.5 … 2 kHz  none raises the score by itself',
  ]);
});

test('words that do not fit beside half a minute stand below it', () => {
  const outcome = explained({ stretches: HALF_A_MINUTE, bands: bands(0.25) });
  expect(lines(outcome).slice(1)).toEqual([
    `  time       ·█${'·'.repeat(58)}`,
    '             0 … 12 s  most: 0.20–0.40 s, without it 65%',
    '  frequency  █',
    '             0.5 … 1 kHz  most: 0.5–1.0 kHz, without it 50%',
  ]);
  const width = `  frequency  ${'·'.repeat(60)}  0.5 … 1 kHz  most: 0.5–1.0 kHz, without it 50%`.length;
  expect(lines(outcome, width)).toHaveLength(3);
  expect(lines(outcome, width - 1)).toHaveLength(5);
});

test('silence and errors', () => {
  expect(lines(explained(null))).toEqual([
    'a.wav     1.0 s  no speech',
    '  nobody speaks: nothing to explain',
  ]);
  const error = new MarsError('AUDIO_EMPTY', 'Nothing.');
  expect(lines(failure('a.wav', error))).toEqual(['a.wav  AUDIO_EMPTY: Nothing.']);
});

test('notes stand above the table', () => {
  const { header } = explainedTable(['a.wav'], LABELS, { top: 1, notes: ['voice known'] });
  expect(header).toEqual(['voice known', 'file     length  emotion     confidence']);
});

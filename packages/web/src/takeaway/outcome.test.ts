import { summarise, type Segment } from '@mars/core';
import { expect, test } from 'vitest';
import type { Analysis } from '../engine/engine.ts';
import { jsonLines, recordingCsv, segmentCsv, type Outcome } from './outcome.ts';
import { reportPage } from './report-page.ts';
import { svg } from './shapes.ts';
import { timelinePicture } from './timeline-picture.ts';

const LABELS = ['sad', 'angry'];

const segments: Segment[] = [
  {
    startSec: 0.5,
    endSec: 2,
    verdict: 'emotion',
    emotion: 'angry',
    confidence: 0.75,
    scores: [
      { label: 'angry', score: 0.75 },
      { label: 'sad', score: 0.25 },
    ],
  },
];

const analysis: Analysis = {
  durationSec: 2.5,
  verdict: { ...segments[0], durationSec: 2.5 },
  timeline: { durationSec: 2.5, segments, summary: summarise(segments) },
  peaks: Float32Array.of(-1, 1, -0.5, 0.5),
};

const outcomes: Outcome[] = [
  { name: 'a "b", c.wav', analysis },
  { name: '<d>.wav', failure: { code: 'AUDIO_EMPTY', message: 'It holds 0 bytes.' } },
];

test('JSON: one object for each recording, as the command line prints it', () => {
  const [heard, failed] = jsonLines(outcomes)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(heard).toEqual({ file: 'a "b", c.wav', ...analysis.timeline });
  expect(failed).toEqual({ file: '<d>.wav', error: outcomes[1].failure });
});

test('CSV: a row per segment, or per recording, with a column per label', () => {
  expect(segmentCsv(outcomes, LABELS)).toBe(
    'file,startSec,endSec,verdict,emotion,confidence,sad,angry,errorCode,errorMessage\n' +
      '"a ""b"", c.wav",0.5,2,emotion,angry,0.75,0.25,0.75,,\n' +
      '<d>.wav,,,,,,,,AUDIO_EMPTY,It holds 0 bytes.\n',
  );
  expect(recordingCsv(outcomes, LABELS).split('\n')[1]).toBe(
    '"a ""b"", c.wav",2.5,emotion,angry,0.75,0.25,0.75,,',
  );
});

test('the report names what was heard and what was not, and lets no name be markup', () => {
  const page = reportPage(outcomes, { model: 'transfer' });
  expect(page).toContain('&lt;d&gt;.wav');
  expect(page).not.toContain('<d>');
  expect(page).toContain('It holds 0 bytes.');
  expect(page).toContain('a &quot;b&quot;, c.wav');
  expect(page).toContain('angry, fairly sure, 75%');
});

test('the picture draws every segment as high as it is sure, and names every emotion', () => {
  const { shapes, width, height } = timelinePicture('a', analysis);
  const texts = shapes.flatMap((shape) => (shape.type === 'text' ? [shape.text] : []));
  expect(texts).toContain('A');
  expect(texts).toContain('U  surprised');
  const bar = shapes.find((shape) => shape.type === 'rect' && Math.abs(shape.height - 0.75 * 56) < 1e-9);
  expect(bar).toMatchObject({ fill: '#cc3311' });
  for (const { x, y } of shapes) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(width);
    expect(y).toBeLessThanOrEqual(height);
  }
  expect(svg({ width, height, shapes }, 'A & B')).toContain('aria-label="A &amp; B"');
});

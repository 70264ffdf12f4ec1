import { EMOTION_COLOURS } from '@mars/core';
import { expect, test } from 'vitest';
import { drawStrip, inkOn, type StripLook } from './strip.ts';
import { LevelHistory } from './level-history.ts';

const LOOK: StripLook = {
  ink: 'ink',
  faint: 'faint',
  line: 'line',
  font: '12px sans-serif',
  colourOf: (emotion) => `colour of ${emotion}`,
  inkOn: () => 'ink on it',
  letterOf: (emotion) => emotion[0].toUpperCase(),
  nameOf: (emotion) => emotion,
  unsure: 'not sure',
  lost: 'not heard',
};

/** Writes down what is drawn; each letter is 10 pixels wide. */
function paper() {
  const texts: [text: string, x: number][] = [];
  const rects: [colour: string, left: number, width: number][] = [];
  let fillStyle = '';
  const canvas = {
    set fillStyle(style: string) {
      fillStyle = style;
    },
    clearRect: () => undefined,
    setLineDash: () => undefined,
    strokeRect: () => undefined,
    measureText: (text: string) => ({ width: 10 * text.length }),
    fillText: (text: string, x: number) => texts.push([text, x]),
    fillRect: (left: number, _top: number, width: number) => rects.push([fillStyle, left, width]),
  };
  return { texts, rects, canvas: canvas as unknown as CanvasRenderingContext2D };
}

const segment = (emotion: string, startSec: number, endSec: number, verdict = 'emotion' as const) => ({
  startSec,
  endSec,
  verdict,
  emotion,
  confidence: 0.7,
  scores: [],
});

/** A strip from 80 to 100 s, 10 pixels a second. */
const draw = (content: Partial<Parameters<typeof drawStrip>[2]>) => {
  const drawn = paper();
  const levels = new LevelHistory({ blockSec: 0.5, spanSec: 20 });
  drawStrip(
    drawn.canvas,
    { width: 200, height: 100 },
    { nowSec: 100, spanSec: 20, levels, story: { segments: [], current: undefined }, gaps: [], ...content },
    LOOK,
  );
  return drawn;
};

test('each utterance has its colour, and its name or else its letter', () => {
  const segments = [segment('sad', 60, 70), segment('angry', 82, 92), segment('happy', 93, 96)];
  const { texts, rects } = draw({ story: { segments, current: undefined } });
  expect(texts.map(([text]) => text)).toEqual(['H', 'angry']);
  expect(rects).toContainEqual(['colour of angry', 20, 99]);
  expect(rects).toContainEqual(['colour of happy', 130, 29]);
});

test('what has left the strip partly is named where it can be seen', () => {
  const { texts } = draw({ story: { segments: [segment('angry', 70, 90)], current: undefined } });
  expect(texts).toEqual([['angry', expect.any(Number)]]);
  expect(texts[0][1]).toBeGreaterThan(0);
});

test('an utterance that goes on reaches the right edge; one that is uncertain is not in colour', () => {
  const going = draw({ story: { segments: [], current: { startSec: 90 } } });
  expect(going.rects).toContainEqual(['faint', 100, 100]);
  const unsure = { ...segment('sad', 85, 98), verdict: 'uncertain' as const };
  const { texts, rects } = draw({ story: { segments: [unsure], current: undefined } });
  expect(texts.map(([text]) => text)).toEqual(['not sure']);
  expect(rects.map(([colour]) => colour)).not.toContain('colour of sad');
});

test('text is readable on each colour, 4.5 to 1', () => {
  const rgb = (hex: string) => hex.match(/[\da-f]{2}/gu)!.map((part) => Number.parseInt(part, 16));
  const luminance = (hex: string) => {
    const linear = rgb(hex).map((part) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  for (const colour of Object.values(EMOTION_COLOURS).flatMap(({ light, dark }) => [light, dark])) {
    const [a, b] = [luminance(colour), luminance(inkOn(`rgb(${rgb(colour).join(', ')})`))];
    expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)).toBeGreaterThan(4.5);
  }
});

import { EMOTION_COLOURS, EMOTIONS, type Emotion } from '@mars/core';
import { LETTERS } from '../emotions.ts';
import type { Analysis } from '../engine/engine.ts';
import { emotionWord, phrase } from '../results/describe.ts';
import { axisMarks, clock, duration } from '../results/format.ts';
import { words } from '../strings/en.ts';
import type { Picture, Shape } from './shapes.ts';

const INK = '#16191d';
const SOFT = '#50575f';
const LINE = '#868d95';
const WAVE = '#9aa5b1';
const PAPER = '#ffffff';

const MARGIN = 32;
const WAVE_HEIGHT = 90;
const BAR_HEIGHT = 56;
const LETTER_PIXELS = 10;
const MARK_WIDTH = 56;

/**
 * A recording's waveform, its segments and a legend, on white paper: a bar is as long as the speech and as high as the
 * confidence, with its emotion's letter above; dashed and with a small letter where it is uncertain.
 */
export function timelinePicture(name: string, analysis: Analysis, width = 1200): Picture {
  const { durationSec, peaks, timeline, verdict } = analysis;
  const inner = width - 2 * MARGIN;
  const x = (timeSec: number) => MARGIN + (inner * timeSec) / durationSec;
  const top = 76;
  const floor = top + WAVE_HEIGHT + 24 + BAR_HEIGHT;

  const wave: Shape[] = [];
  const buckets = peaks.length / 2;
  const loudest = peaks.reduce((most, peak) => Math.max(most, Math.abs(peak)), 1e-9);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const [low, high] = [peaks[2 * bucket] / loudest, peaks[2 * bucket + 1] / loudest];
    const y = top + (WAVE_HEIGHT / 2) * (1 - high);
    const height = Math.max(0.8, (WAVE_HEIGHT / 2) * (high - low));
    wave.push({
      type: 'rect',
      x: MARGIN + (inner * bucket) / buckets,
      y,
      width: inner / buckets,
      height,
      fill: WAVE,
    });
  }

  const bars = timeline.segments.flatMap(({ startSec, endSec, verdict, emotion, confidence }): Shape[] => {
    if (emotion === null) return [];
    const isSure = verdict === 'emotion';
    const [left, wide] = [x(startSec) + 0.5, Math.max(1, x(endSec) - x(startSec) - 1)];
    const height = Math.max(4, BAR_HEIGHT * confidence);
    const colour = EMOTION_COLOURS[emotion as Emotion]?.light ?? LINE;
    const letter = LETTERS.get(emotion) ?? '?';
    return [
      {
        type: 'rect',
        x: left,
        y: floor - height,
        width: wide,
        height,
        ...(isSure ? { fill: colour } : { stroke: colour }),
      },
      ...(wide >= LETTER_PIXELS
        ? [
            {
              type: 'text' as const,
              x: left + wide / 2,
              y: floor - height - 4,
              text: isSure ? letter : letter.toLowerCase(),
              fill: INK,
              anchor: 'middle' as const,
            },
          ]
        : []),
    ];
  });

  // A mark at the very end has no room for its time.
  const marks = axisMarks(durationSec, inner / 80).filter((mark) => x(mark) + MARK_WIDTH <= width);
  const decimals = marks.length > 1 && marks[1] < 1 ? 1 : 0;
  const axis = marks.flatMap((mark): Shape[] => [
    { type: 'rect', x: x(mark), y: floor, width: 1, height: 6, fill: LINE },
    { type: 'text', x: x(mark) + 4, y: floor + 16, text: clock(mark, decimals), fill: SOFT, size: 12 },
  ]);

  const perRow = Math.max(1, Math.floor(inner / 140));
  const legendTop = floor + 48;
  const legend = EMOTIONS.flatMap((emotion, index): Shape[] => {
    const left = MARGIN + (index % perRow) * 140;
    const y = legendTop + 22 * Math.floor(index / perRow);
    return [
      { type: 'rect', x: left, y: y - 11, width: 12, height: 12, fill: EMOTION_COLOURS[emotion].light },
      { type: 'text', x: left + 18, y, text: `${LETTERS.get(emotion)}  ${emotionWord(emotion)}`, fill: INK },
    ];
  });
  const height = legendTop + 22 * Math.ceil(EMOTIONS.length / perRow) + 24;
  return {
    width,
    height,
    shapes: [
      { type: 'rect', x: 0, y: 0, width, height, fill: PAPER },
      { type: 'text', x: MARGIN, y: 34, text: name, fill: INK, size: 18, isBold: true },
      { type: 'text', x: MARGIN, y: 56, text: `${duration(durationSec)}. ${phrase(verdict)}.`, fill: SOFT },
      ...wave,
      ...bars,
      { type: 'rect', x: MARGIN, y: floor, width: inner, height: 1, fill: LINE },
      ...axis,
      ...legend,
      { type: 'text', x: MARGIN, y: height - 16, text: words.timeline.legend, fill: SOFT, size: 12 },
    ],
  };
}

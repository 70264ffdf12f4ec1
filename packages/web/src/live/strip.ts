import type { Segment } from '@mars/core';
import { meterShare } from '../audio/level.ts';
import type { LiveGap } from './live-feed.ts';
import type { LevelHistory } from './level-history.ts';
import type { LiveStory } from './live-story.ts';

/** What a strip is drawn with; colours as CSS has them. */
export interface StripLook {
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly font: string;
  readonly colourOf: (emotion: string) => string;
  /** Of text on that colour. */
  readonly inkOn: (emotion: string) => string;
  readonly letterOf: (emotion: string) => string;
  readonly nameOf: (emotion: string) => string;
  readonly unsure: string;
  readonly lost: string;
}

export interface StripContent {
  /** The right edge. */
  readonly nowSec: number;
  readonly spanSec: number;
  readonly levels: LevelHistory;
  readonly story: LiveStory;
  readonly gaps: readonly LiveGap[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const BAND_HEIGHT = 30;
const TICK_SEC = 5;
const PADDING = 4;

/**
 * Draws the latest seconds: the level above, the emotion of each utterance below, in its colour and with its name, or its
 * letter where there is no room. An utterance that goes on has an open end, one that is uncertain an outline only.
 *
 * @param size in CSS pixels
 */
export function drawStrip(
  canvas: CanvasRenderingContext2D,
  { width, height }: Size,
  { nowSec, spanSec, levels, story, gaps }: StripContent,
  look: StripLook,
): void {
  const scale = width / spanSec;
  const fromSec = nowSec - spanSec;
  const x = (timeSec: number): number => (timeSec - fromSec) * scale;
  const waveHeight = height - BAND_HEIGHT;
  const bandTop = waveHeight + 4;
  const bandHeight = BAND_HEIGHT - 4;

  canvas.clearRect(0, 0, width, height);
  canvas.font = look.font;
  canvas.textBaseline = 'middle';

  canvas.fillStyle = look.line;
  const firstTick = Math.max(0, Math.ceil(fromSec / TICK_SEC) * TICK_SEC);
  for (let tick = firstTick; tick <= nowSec; tick += TICK_SEC) {
    canvas.fillRect(Math.round(x(tick)), 0, 1, waveHeight);
  }

  for (const { startSec, endSec } of gaps) {
    if (endSec < fromSec) continue;
    canvas.fillStyle = look.line;
    canvas.fillRect(x(startSec), 0, Math.max(2, (endSec - startSec) * scale), waveHeight);
    canvas.fillStyle = look.ink;
    drawLabel(canvas, look.lost, '', { left: x(startSec), right: x(endSec), y: waveHeight / 2 });
  }

  canvas.fillStyle = look.faint;
  const barWidth = Math.max(1, levels.blockSec * scale - 0.5);
  levels.forEach(fromSec - levels.blockSec, (peak, startSec) => {
    const barHeight = Math.max(1, meterShare(peak) * (waveHeight - 8));
    canvas.fillRect(x(startSec), (waveHeight - barHeight) / 2, barWidth, barHeight);
  });

  canvas.fillStyle = look.line;
  canvas.fillRect(0, waveHeight, width, 1);
  for (let i = story.segments.length - 1; i >= 0 && story.segments[i].endSec > fromSec; i--) {
    drawSegment(canvas, story.segments[i], { x, bandTop, bandHeight, look });
  }
  const { current } = story;
  if (current) {
    const [left, right] = [x(current.startSec), x(nowSec)];
    canvas.strokeStyle = canvas.fillStyle = current.look?.emotion
      ? look.colourOf(current.look.emotion)
      : look.faint;
    canvas.fillRect(left, bandTop, Math.max(0, right - left), 3);
    const emotion = current.look?.emotion;
    const [name, letter] = emotion ? [`${look.nameOf(emotion)} …`, look.letterOf(emotion)] : ['…', '…'];
    canvas.fillStyle = look.ink;
    drawLabel(canvas, name, letter, { left, right, y: bandTop + bandHeight / 2 + 2, isAtStart: true });
  }
}

function drawSegment(
  canvas: CanvasRenderingContext2D,
  { startSec, endSec, verdict, emotion }: Segment,
  place: {
    x: (timeSec: number) => number;
    bandTop: number;
    bandHeight: number;
    look: StripLook;
  },
): void {
  if (emotion === null || verdict === 'no-speech') return;
  const { x, bandTop, bandHeight, look } = place;
  const left = x(startSec);
  const width = Math.max(3, x(endSec) - left - 1);
  const colour = look.colourOf(emotion);
  const y = bandTop + bandHeight / 2 + 1;
  const area = { left, right: left + width, y };
  if (verdict === 'emotion') {
    canvas.fillStyle = colour;
    canvas.fillRect(left, bandTop, width, bandHeight);
    canvas.fillStyle = look.inkOn(emotion);
    drawLabel(canvas, look.nameOf(emotion), look.letterOf(emotion), area);
    return;
  }
  canvas.strokeStyle = colour;
  canvas.setLineDash([4, 3]);
  canvas.strokeRect(left + 0.5, bandTop + 0.5, width - 1, bandHeight - 1);
  canvas.setLineDash([]);
  canvas.fillStyle = look.ink;
  drawLabel(canvas, look.unsure, '?', area);
}

/** Writes a text where it fits, else the short one, else nothing. */
function drawLabel(
  canvas: CanvasRenderingContext2D,
  long: string,
  short: string,
  { left, right, y, isAtStart = false }: { left: number; right: number; y: number; isAtStart?: boolean },
): void {
  // What has left the strip partly is written where it can still be read.
  const start = Math.max(0, left);
  const room = right - start - 2 * PADDING;
  const fits = (text: string, space: number) => text !== '' && canvas.measureText(text).width <= space;
  // A letter needs less air than a name; what goes on will have room in a moment.
  const text = fits(long, room)
    ? long
    : fits(short, isAtStart ? Infinity : room + 2 * PADDING - 2)
      ? short
      : '';
  if (!text) return;
  const slack = isAtStart ? 0 : (room - canvas.measureText(text).width) / 2;
  canvas.fillText(text, start + PADDING + slack, y);
}

/**
 * Black or white, whichever is read better on a colour (WCAG 2.2, relative luminance).
 *
 * @param colour as `getComputedStyle` has it: rgb(240, 165, 0)
 */
export function inkOn(colour: string): string {
  const [red, green, blue] = (colour.match(/[\d.]+/gu) ?? []).slice(0, 3).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}

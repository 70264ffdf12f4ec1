import type { LiveEvent, LiveMeasurement, TimelineSummary } from '@mars/core';
import { plain, type Paint } from './colours.ts';
import { segmentTable } from './segment-table.ts';
import { summaryText } from './summary-text.ts';
import { clock, duration } from './text.ts';
import { describeKnownVoice } from './voice.ts';

/** What a live stream says while it goes on and when it has ended. */
export interface LiveReport {
  readonly header: readonly string[];
  /** Lines that stay. */
  readonly lines: (event: LiveEvent) => readonly string[];
  /** What holds for the moment; undefined where nothing new does. */
  readonly now: (event: LiveEvent) => string | undefined;
  readonly summary: (durationSec: number, summary: TimelineSummary) => readonly string[];
}

/** Every event as a JSON object, the last of type `summary`. */
export function liveJson(): LiveReport {
  return {
    header: [],
    lines: (event) => [JSON.stringify(event)],
    now: () => undefined,
    summary: (durationSec, summary) => [JSON.stringify({ type: 'summary', durationSec, ...summary })],
  };
}

/** Columns for a time up to ten hours: how long it will be nobody knows. */
const TIME_WIDTH = '9:59:59.9'.length;

/** For people: a line per utterance. */
export function liveView(labels: readonly string[], { paint }: { paint: Paint }): LiveReport {
  const table = segmentTable(labels, paint);
  // What stands for a moment is cut to the terminal's width, which the codes of colours would confuse.
  const momentary = segmentTable(labels, plain);
  let knownVoice: LiveMeasurement['knownVoice'];
  return {
    header: [table.title(TIME_WIDTH)],
    lines(event) {
      if (event.type !== 'measurement' || event.trigger !== 'speechEnded') return [];
      ({ knownVoice } = event);
      return [table.row(event, TIME_WIDTH)];
    },
    now(event) {
      if (event.type === 'utteranceStart') return `${clock(event.startSec, 1).padStart(TIME_WIDTH)} – …`;
      const isLook = event.type === 'measurement' && event.trigger === 'interval';
      return isLook ? `${momentary.row(event, TIME_WIDTH)} …` : undefined;
    },
    summary(durationSec, summary) {
      const voice = describeKnownVoice(knownVoice);
      return [
        '',
        `${duration(durationSec)} heard, of which speech ${duration(summary.speechSec)}`,
        ...(voice === undefined ? [] : [`  ${voice}`]),
        ...summaryText(summary, table.nameWidth).map((line) => `  ${line}`),
      ];
    },
  };
}

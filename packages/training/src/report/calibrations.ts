import type { Calibration } from '@mars/core';
import type { Evidence } from './evidence.ts';
import type { Table } from './figure.ts';
import { html, type Markup } from './markup.ts';
import { inPercent, mean, percent } from './numbers.ts';
import { writeTable } from './page.ts';

/** The trainings' calibrations and what they make of the test clips; undefined for a run of an older MARS, without them. */
export function writeCalibrations({ trainings, report }: Evidence): Markup | undefined {
  const calibrations = trainings.flatMap(({ calibration }) => calibration ?? []);
  const { coverage, selectiveAccuracy } = report.overSeeds;
  if (calibrations.length < trainings.length || coverage === undefined) return undefined;
  const temperatures = calibrations.map(({ temperature }) => temperature);
  const thresholds = calibrations.map(({ threshold }) => threshold);
  return html`<p>
      Temperature and threshold are fitted to each training's validation clips, never to a test clip:
      temperature ${summarise(temperatures, (value) => value.toFixed(2))}, above 1 where the model was too
      sure, and threshold ${summarise(thresholds, inPercent)}. Below the threshold the answer is “uncertain”:
      ${inPercent(coverage.mean)} of the test clips are answered with an
      emotion${selectiveAccuracy && html`, and ${inPercent(selectiveAccuracy.mean)} of these answers are right`}.
    </p>
    <details>
      <summary>Calibration of each training</summary>
      ${writeTable(calibrationTable(report, calibrations))}
    </details>`;
}

function calibrationTable({ trainings }: Evidence['report'], calibrations: readonly Calibration[]): Table {
  const cell = (share: number | undefined) => (share === undefined ? '–' : percent(share));
  return {
    columns: ['training', 'temperature', 'threshold %', 'answered %', 'right of these %'],
    rows: trainings.map(({ training, coverage, selectiveAccuracy }, i) => {
      const { temperature, threshold } = calibrations[i];
      return [training, temperature.toFixed(2), percent(threshold), cell(coverage), cell(selectiveAccuracy)];
    }),
  };
}

/** "1.42 (1.21 to 1.63)"; of equal values the value. */
function summarise(values: readonly number[], print: (value: number) => string): string {
  const [least, most] = [print(Math.min(...values)), print(Math.max(...values))];
  return least === most ? least : `${print(mean(values))} (${least} to ${most})`;
}

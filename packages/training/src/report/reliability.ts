import * as Plot from '@observablehq/plot';
import { reliabilityBins } from '../probabilistic-metrics.ts';
import { arrange, plot } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import type { Figure } from './figure.ts';
import { count, inPercent, percent } from './numbers.ts';
import { colour } from './palette.ts';

/** As many as the expected calibration error takes. */
const BINS = 15;

/** Whether a confidence keeps what it promises: accuracy over confidence, in the bins of the calibration error. */
export function reliabilityDiagram({ trainings, report }: Evidence): Figure {
  const predictions = trainings.flatMap((training) => training.predictions);
  const bins = reliabilityBins(
    predictions.map(({ emotion }) => report.labels.indexOf(emotion)),
    predictions.map(({ scores }) => scores),
    BINS,
  ).map((bin) => ({ ...bin, share: bin.clips / predictions.length }));
  const { ece } = report.overSeeds;
  const together = report.overClips
    ? ` (${inPercent(report.overClips.ece.mean)} over all clips of a seed)`
    : '';
  const gaps = bins.map(({ share, confidence, accuracy }) => share * (confidence - accuracy));
  const lean = gaps.reduce((sum, gap) => sum + gap, 0);
  return {
    id: 'reliability',
    title: 'Reliability',
    caption:
      `Clips of all trainings in ${BINS} bins of confidence (the highest score). On the diagonal a confidence of 80 % is right eight ` +
      `times out of ten; below it the model is too sure. ECE: the mean distance from the diagonal, weighted by clips, ` +
      `of each training, averaged over ${count(trainings.length, 'training')}. Below: how the confidences are distributed.`,
    description:
      `ECE ${inPercent(ece.mean)}${together}. On average the model is ${percent(Math.abs(lean))} points ` +
      `${lean > 0 ? 'surer than it is right' : 'less sure than it is right'}.`,
    table: {
      columns: ['confidence %', 'clips', 'mean confidence %', 'accuracy %'],
      rows: bins.map(({ low, high, clips, confidence, accuracy }) => [
        `${percent(low)}–${percent(high)}`,
        clips,
        percent(confidence),
        percent(accuracy),
      ]),
    },
    draw(width) {
      const side = Math.min(width, 420);
      const margins = { width: side, marginLeft: 46, marginRight: 16 };
      const share = { domain: [0, 1], ticks: 5, tickFormat: (x: number) => String(Math.round(100 * x)) };
      const diagonal = plot({
        ...margins,
        height: side - 36,
        marginTop: 8,
        marginBottom: 12,
        x: { ...share, axis: null },
        y: { ...share, label: 'accuracy, %', labelAnchor: 'center', labelArrow: 'none', tickSize: 3 },
        marks: [
          Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
          Plot.gridY({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
          Plot.line(
            [
              [0, 0],
              [1, 1],
            ],
            { stroke: colour('soft'), strokeDasharray: '4 3' },
          ),
          Plot.link(bins, {
            x1: 'confidence',
            x2: 'confidence',
            y1: 'confidence',
            y2: 'accuracy',
            stroke: colour('second'),
            strokeWidth: 1.5,
          }),
          Plot.line(bins, { x: 'confidence', y: 'accuracy', stroke: colour('accent'), strokeWidth: 2 }),
          Plot.dot(bins, { x: 'confidence', y: 'accuracy', r: 3.5, fill: colour('accent') }),
          Plot.text(['calibrated'], {
            x: () => 0.17,
            y: () => 0.17,
            rotate: -45,
            dy: -9,
            fill: colour('soft'),
          }),
          Plot.text([`ECE ${inPercent(ece.mean)}`], {
            x: () => 0.98,
            y: () => 0.05,
            textAnchor: 'end',
            fontWeight: 600,
          }),
        ],
      });
      const histogram = plot({
        ...margins,
        height: 104,
        marginTop: 4,
        marginBottom: 36,
        x: { ...share, label: 'confidence, %', labelAnchor: 'center', labelArrow: 'none', tickSize: 3 },
        y: {
          label: 'clips, %',
          labelAnchor: 'center',
          labelArrow: 'none',
          ticks: 3,
          tickSize: 3,
          tickFormat: share.tickFormat,
        },
        marks: [
          Plot.rectY(bins, { x1: 'low', x2: 'high', y: 'share', fill: colour('accent'), inset: 0.5 }),
          Plot.ruleY([0], { stroke: colour('soft') }),
        ],
      });
      return arrange([{ drawing: diagonal }, { drawing: histogram }], { gap: 0 });
    },
  };
}

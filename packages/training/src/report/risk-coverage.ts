import * as Plot from '@observablehq/plot';
import { riskCoverageCurve, type RiskCoveragePoint } from '../probabilistic-metrics.ts';
import { plot } from './drawing.ts';
import { predictionsBySeed, type Evidence } from './evidence.ts';
import { isNarrow, type Figure } from './figure.ts';
import { mean, inPercent, percent } from './numbers.ts';
import { colour } from './palette.ts';

const COVERAGES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] as const;

/** How wrong the model is when it answers only where it is sure (El-Yaniv & Wiener 2010). */
export function riskCoveragePlot(evidence: Evidence): Figure {
  const seeds = predictionsBySeed(evidence).map((predictions) => ({
    yTrue: predictions.map(({ emotion }) => evidence.report.labels.indexOf(emotion)),
    scores: predictions.map(({ scores }) => scores),
  }));
  const curves = seeds.map(({ yTrue, scores }) => riskCoverageCurve(yTrue, scores));
  // Sums of shares may miss a coverage by a rounding error.
  const riskAt = (share: number) =>
    mean(curves.map((curve) => curve.find(({ coverage }) => coverage >= share - 1e-9)!.risk));
  const [half, whole] = [riskAt(0.5), riskAt(1)];
  const points = curves.flatMap((curve, seed) => thin(curve).map((point) => ({ ...point, seed })));
  return {
    id: 'risk-coverage',
    title: 'Risk and coverage',
    caption:
      'The share of wrong answers when only the surest clips are answered; a line per seed, dots for their mean. A model that knows what it does not know falls ' +
      'steeply to the left.',
    description:
      `Answering everything, ${inPercent(whole)} of the answers are wrong; answering the surer half, ` +
      `${inPercent(half)}.`,
    table: {
      columns: ['answered %', 'wrong %'],
      rows: COVERAGES.map((coverage) => [String(Math.round(100 * coverage)), percent(riskAt(coverage))]),
    },
    draw(width) {
      const side = Math.min(width, 520);
      const percentTicks = (x: number) => String(Math.round(100 * x));
      const marks = [
        { coverage: 0.5, risk: half },
        { coverage: 1, risk: whole },
      ];
      const label = {
        x: 'coverage',
        y: 'risk',
        text: ({ risk }: RiskCoveragePoint) => `${inPercent(risk)} wrong`,
        fontWeight: 600,
        stroke: colour('paper'),
        strokeWidth: 4,
        fill: colour('ink'),
      };
      return plot({
        width: side,
        height: isNarrow(width) ? 260 : 320,
        marginLeft: 46,
        marginRight: 14,
        marginTop: 14,
        marginBottom: 38,
        x: {
          domain: [0, 1],
          label: 'coverage: clips answered, %',
          labelAnchor: 'center',
          labelArrow: 'none',
          ticks: 5,
          tickSize: 3,
          tickFormat: percentTicks,
        },
        y: {
          domain: [0, Math.max(...points.map(({ risk }) => risk)) * 1.12 || 1],
          label: 'risk: answers wrong, %',
          labelAnchor: 'center',
          labelArrow: 'none',
          ticks: 5,
          tickSize: 0,
          tickFormat: percentTicks,
        },
        marks: [
          Plot.gridY({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
          Plot.line(points, {
            x: 'coverage',
            y: 'risk',
            z: 'seed',
            stroke: colour('accent'),
            strokeWidth: 1.75,
            strokeOpacity: 0.75,
          }),
          Plot.ruleY([whole], { stroke: colour('soft'), strokeDasharray: '4 3' }),
          Plot.text(['were confidence worth nothing'], {
            x: () => 0,
            y: () => whole,
            textAnchor: 'start',
            dx: 4,
            dy: -9,
            fill: colour('soft'),
          }),
          Plot.dot(marks, { x: 'coverage', y: 'risk', fill: colour('ink'), r: 3.5 }),
          Plot.text([marks[0]], { ...label, textAnchor: 'start', dx: 8, dy: 12 }),
          Plot.text([marks[1]], { ...label, textAnchor: 'end', dy: -16 }),
        ],
      });
    },
  };
}

/** As many points as a line needs; the first clips alone say nothing, and jump between 0 and 1. */
function thin(curve: readonly RiskCoveragePoint[], points = 150): RiskCoveragePoint[] {
  const first = Math.min(curve.length - 1, Math.floor(0.03 * curve.length));
  const step = Math.max(1, Math.floor((curve.length - first) / points));
  return curve.filter((_, i) => i === curve.length - 1 || (i >= first && (i - first) % step === 0));
}

import * as Plot from '@observablehq/plot';
import type { EpochRecord } from '../run.ts';
import { arrange, plot } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import { isNarrow, type Figure } from './figure.ts';
import { count, mean, inPercent, standardDeviation } from './numbers.ts';
import { colour } from './palette.ts';

type Value = Exclude<keyof EpochRecord, 'epoch' | 'learningRate' | 'seconds'>;

interface Curve {
  readonly name: string;
  readonly stroke: string;
  /** One per epoch. */
  readonly points: readonly { epoch: number; mean: number; sd: number }[];
}

interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const MARGIN_LEFT = 36;

/** Loss, accuracy and UAR over the epochs, mean and standard deviation over trainings; undefined without a history. */
export function learningCurves({ trainings }: Evidence): Figure | undefined {
  const histories = trainings.map(({ history }) => history).filter((history) => history.length > 0);
  const epochs = Math.min(...histories.map((history) => history.length));
  if (histories.length === 0) return undefined;
  const curve = (name: string, stroke: string, value: Value): Curve => ({
    name,
    stroke,
    points: Array.from({ length: epochs }, (_, i) => ({
      epoch: histories[0][i].epoch,
      values: histories.flatMap((history) => history[i][value] ?? []),
    }))
      .filter(({ values }) => values.length > 0)
      .map(({ epoch, values }) => ({ epoch, mean: mean(values), sd: standardDeviation(values) })),
  });
  const training = colour('soft');
  const validation = colour('accent');
  const panels: Panel[] = [
    {
      title: 'Loss (cross-entropy)',
      curves: [curve('training', training, 'trainLoss'), curve('validation', validation, 'validationLoss')],
    },
    {
      title: 'Accuracy',
      curves: [
        curve('training', training, 'trainAccuracy'),
        curve('validation', validation, 'validationAccuracy'),
      ],
    },
    { title: 'UAR', curves: [curve('validation', validation, 'validationUar')] },
  ]
    .map(({ title, curves }) => ({ title, curves: curves.filter(({ points }) => points.length > 0) }))
    .filter(({ curves }) => curves.length > 0);
  const ends = panels.flatMap(({ title, curves }) =>
    curves.map(({ name, points }) => {
      const end = points.at(-1)!.mean;
      return title.startsWith('Loss')
        ? `${name} loss ${end.toFixed(2)}`
        : `${name} ${title.replace('Accuracy', 'accuracy')} ${inPercent(end)}`;
    }),
  );
  return {
    id: 'learning-curves',
    title: 'Learning curves',
    caption:
      `Mean over ${count(histories.length, 'training')}; the band is one standard deviation to either side. Training figures are ` +
      'measured during the epoch, with dropout, on varied clips; validation figures at its end, on clips as recorded.',
    description: `Curves over ${count(epochs, 'epoch')}. In the last one: ${ends.join(', ')}.`,
    table: {
      columns: [
        'epoch',
        ...panels.flatMap(({ title, curves }) => curves.map(({ name }) => `${title}, ${name}`)),
      ],
      rows: Array.from({ length: epochs }, (_, i) => [
        histories[0][i].epoch,
        ...panels.flatMap(({ curves }) => curves.map(({ points }) => points[i]?.mean.toFixed(3) ?? '–')),
      ]),
    },
    draw(width) {
      const columns = isNarrow(width) ? 1 : panels.length;
      const gap = 16;
      const panelWidth = (width - gap * (columns - 1)) / columns;
      return arrange(
        panels.map((panel) => ({
          title: panel.title,
          titleInset: MARGIN_LEFT,
          drawing: drawPanel(panel, panelWidth),
        })),
        { columns, gap },
      );
    },
  };
}

function drawPanel({ title, curves }: Panel, width: number) {
  const isLoss = title.startsWith('Loss');
  const height = 210;
  const margins = { marginTop: 8, marginBottom: 34, marginLeft: MARGIN_LEFT, marginRight: 14 };
  const highest = Math.max(...curves.flatMap(({ points }) => points.map((point) => point.mean + point.sd)));
  const domain = isLoss ? [0, highest] : [0, 1];
  return plot({
    width,
    height,
    ...margins,
    x: { label: 'epoch', labelAnchor: 'center', labelArrow: 'none', ticks: 4, tickSize: 3 },
    y: {
      domain,
      label: null,
      ticks: 5,
      tickSize: 0,
      tickFormat: isLoss ? undefined : (share: number) => String(Math.round(100 * share)),
    },
    marks: [
      Plot.gridY({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
      ...curves.flatMap(({ points, stroke }) => [
        Plot.areaY(points, {
          x: 'epoch',
          y1: ({ mean, sd }: Curve['points'][number]) => Math.max(0, mean - sd),
          y2: ({ mean, sd }: Curve['points'][number]) => (isLoss ? mean + sd : Math.min(1, mean + sd)),
          fill: stroke,
          fillOpacity: 0.18,
        }),
        Plot.lineY(points, { x: 'epoch', y: 'mean', stroke, strokeWidth: 2 }),
      ]),
      ...curves.map(({ name, points, stroke }, i) =>
        Plot.text([points[labelIndex(points.length)]], {
          x: 'epoch',
          y: 'mean',
          text: () => name,
          fill: stroke,
          stroke: colour('paper'),
          strokeWidth: 4,
          fontWeight: 600,
          dy: isNamedAbove(curves, i, domain[1]) ? -14 : 16,
        }),
      ),
    ],
  });
}

/** Curves are named where they have parted, and the name still has room to both sides. */
function labelIndex(points: number): number {
  return Math.floor(0.62 * (points - 1));
}

/** The highest curve has its name above it and the others below, unless the edge of the panel is near. */
function isNamedAbove(curves: readonly Curve[], index: number, top: number): boolean {
  const heightOf = ({ points }: Curve) => points[labelIndex(points.length)].mean / top;
  const height = heightOf(curves[index]);
  if (height < 0.15) return true;
  return height < 0.85 && curves.every((curve) => heightOf(curve) <= height);
}

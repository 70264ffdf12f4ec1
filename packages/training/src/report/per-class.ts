import * as Plot from '@observablehq/plot';
import { measure } from '../evaluate.ts';
import { arrange, plot } from './drawing.ts';
import { predictionsBySeed, type Evidence } from './evidence.ts';
import { isNarrow, type Figure } from './figure.ts';
import { inPercent, percent } from './numbers.ts';
import { colour } from './palette.ts';

const MEASURES = [
  { key: 'recall', title: 'Recall' },
  { key: 'precision', title: 'Precision' },
  { key: 'f1', title: 'F1' },
] as const;

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Precision, recall and F1 of each emotion over all trainings, with the range over seeds. */
export function perClassBars(evidence: Evidence): Figure {
  const { labels } = evidence.report;
  const { perClass } = measure(
    evidence.trainings.flatMap(({ predictions }) => predictions),
    labels,
  );
  const ofSeeds = predictionsBySeed(evidence).map((predictions) => measure(predictions, labels).perClass);
  const panels = MEASURES.map(({ key, title }) => ({
    title,
    bars: perClass.map((row, k): Bar => {
      const values = ofSeeds.map((rows) => rows[k][key]);
      return {
        label: row.label,
        value: row[key],
        lowest: Math.min(...values),
        highest: Math.max(...values),
      };
    }),
  }));
  const byRecall = perClass.filter(({ support }) => support > 0).sort((a, b) => b.recall - a.recall);
  const [best, worst] = [byRecall[0], byRecall.at(-1)!];
  return {
    id: 'per-class',
    title: 'Figures of each emotion',
    caption:
      'In per cent, over the test clips of all trainings. Recall: of the clips that were this emotion, the share that was heard ' +
      'as it. Precision: of the clips heard as it, the share that was. F1: their harmonic mean.' +
      (evidence.seeds.length > 1 ? ' Thin lines: from the lowest to the highest seed.' : ''),
    description:
      `Best recalled is ${best.label} (${inPercent(best.recall)}), ` +
      `worst ${worst.label} (${inPercent(worst.recall)}).`,
    table: {
      columns: ['emotion', 'recall %', 'precision %', 'F1 %', 'clips'],
      rows: perClass.map(({ label, precision, recall, f1, support }) => [
        label,
        percent(recall),
        percent(precision),
        percent(f1),
        support,
      ]),
    },
    draw(width) {
      const narrow = isNarrow(width);
      const columns = narrow ? 1 : panels.length;
      const gap = 14;
      const named = 72;
      const inner = narrow ? width - named : (width - named - gap * (columns - 1)) / columns;
      return arrange(
        panels.map(({ title, bars }, i) => {
          const marginLeft = narrow || i === 0 ? named : 0;
          return {
            title,
            titleInset: marginLeft,
            drawing: drawBars(bars, { width: inner + marginLeft, marginLeft, narrow }),
          };
        }),
        { columns, gap },
      );
    },
  };
}

function drawBars(
  bars: readonly Bar[],
  { width, marginLeft, narrow }: { width: number; marginLeft: number; narrow: boolean },
) {
  return plot({
    width,
    height: bars.length * (narrow ? 21 : 25) + 4,
    marginLeft,
    marginTop: 2,
    marginBottom: 2,
    // Room for the number of a full bar.
    marginRight: 34,
    x: { domain: [0, 1], axis: null },
    y: {
      domain: bars.map(({ label }) => label),
      axis: marginLeft > 0 ? 'left' : null,
      label: null,
      tickSize: 0,
      padding: 0.28,
    },
    marks: [
      Plot.barX(bars, { y: 'label', x1: 0, x2: 1, fill: colour('wash') }),
      Plot.barX(bars, {
        y: 'label',
        x1: 0,
        x2: 'value',
        fill: ({ label }: Bar) => colour(label),
      }),
      Plot.link(
        bars.filter(({ lowest, highest }) => highest > lowest),
        { y: 'label', x1: 'lowest', x2: 'highest', stroke: colour('ink'), strokeWidth: 1.5 },
      ),
      Plot.text(bars, {
        y: 'label',
        x: ({ value, highest }: Bar) => Math.max(value, highest),
        text: ({ value }: Bar) => percent(value),
        textAnchor: 'start',
        dx: 5,
      }),
      Plot.ruleX([0], { stroke: colour('soft') }),
    ],
  });
}

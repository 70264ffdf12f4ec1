import * as Plot from '@observablehq/plot';
import { plot } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import { isNarrow, type Figure } from './figure.ts';
import { count, inPercent } from './numbers.ts';
import { colour } from './palette.ts';

interface CellOfMatrix {
  readonly actual: string;
  readonly predicted: string;
  readonly clips: number;
  /** Of the clips that were `actual`. */
  readonly share: number;
}

/** Share of a row from which a cell is dark enough for light text. */
const LIGHT_TEXT = 0.7;

/** Which emotion is taken for which: shares of each true emotion, with the counts below. */
export function confusionMatrix({ report: { labels, confusion }, trainings }: Evidence): Figure {
  const cells = confusion.flatMap((row, i): CellOfMatrix[] => {
    const support = row.reduce((sum, clips) => sum + clips, 0);
    return row.map((clips, k) => ({
      actual: labels[i],
      predicted: labels[k],
      clips,
      share: support === 0 ? 0 : clips / support,
    }));
  });
  const worst = cells
    .filter(({ actual, predicted }) => actual !== predicted)
    .sort((a, b) => b.share - a.share)
    .slice(0, 3);
  const confused = worst.map(
    ({ actual, predicted, share }) => `${actual} as ${predicted} (${inPercent(share)})`,
  );
  return {
    id: 'confusion',
    title: 'Confusion matrix',
    caption:
      'Rows are the emotions that were played, columns those that were heard. Large: the share of the row in per cent, ' +
      `so that the diagonal is recall. Small: test clips, summed over ${count(trainings.length, 'training')}.`,
    description: `Most often confused: ${confused.join(', ')}.`,
    table: {
      columns: ['played \\ heard', ...labels],
      rows: labels.map((label, i) => [label, ...confusion[i]]),
    },
    draw(width) {
      const narrow = isNarrow(width);
      const side = Math.min(width, 620);
      const marginLeft = narrow ? 66 : 84;
      const marginTop = narrow ? 66 : 46;
      const drawing = plot({
        width: side,
        height: marginTop + (side - marginLeft) * (narrow ? 1 : 0.72),
        marginLeft,
        marginTop,
        marginBottom: 0,
        marginRight: 0,
        x: {
          domain: labels,
          axis: 'top',
          label: narrow ? null : 'heard',
          labelArrow: 'none',
          tickSize: 0,
          tickRotate: narrow ? -90 : 0,
          padding: 0.03,
        },
        y: {
          domain: labels,
          label: narrow ? null : 'played',
          labelArrow: 'none',
          tickSize: 0,
          padding: 0.03,
        },
        opacity: { domain: [0, 1], range: [0, 1] },
        marks: [
          Plot.cell(cells, { x: 'predicted', y: 'actual', fill: colour('wash') }),
          Plot.cell(cells, { x: 'predicted', y: 'actual', fill: colour('heat'), fillOpacity: 'share' }),
          Plot.text(cells, {
            x: 'predicted',
            y: 'actual',
            text: ({ share, clips }: CellOfMatrix) => (clips === 0 ? '' : (100 * share).toFixed(0)),
            fill: ({ share }: CellOfMatrix) => colour(share > LIGHT_TEXT ? 'paper' : 'ink'),
            fontSize: narrow ? 12 : 15,
            dy: narrow ? -4 : -6,
          }),
          Plot.text(cells, {
            x: 'predicted',
            y: 'actual',
            text: ({ clips }: CellOfMatrix) => (clips === 0 ? '·' : String(clips)),
            fill: ({ share }: CellOfMatrix) =>
              colour(share > LIGHT_TEXT ? 'paper' : share > 0.2 ? 'ink' : 'soft'),
            fontSize: narrow ? 8 : 10,
            dy: narrow ? 8 : 11,
          }),
        ],
      });
      return drawing;
    },
  };
}

import * as Plot from '@observablehq/plot';
import type { ExperimentReport, GroupFigures } from '../experiment-report.ts';
import { arrange, legend, plot, UAR_AXIS } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import type { Figure } from './figure.ts';
import { count, inPercent, percent } from './numbers.ts';
import { colour } from './palette.ts';

type Part = keyof ExperimentReport['groups'];

/** Figures of some of the clips, over all trainings, and each seed's UAR. */
export type Row = GroupFigures & { readonly seeds: readonly number[] };

/** A row for each value of `part`; none where clips do not say. */
export function rowsOf({ report, seedReports }: Evidence, part: Part): Row[] {
  return (report.groups[part] ?? []).map((group) => ({
    ...group,
    seeds: seedReports.flatMap(({ groups }) =>
      (groups[part] ?? []).filter(({ name }) => name === group.name).map(({ uar }) => uar),
    ),
  }));
}

const PARTS: readonly Part[] = ['gender', 'intensity', 'statement', 'channel', 'corpus'];

/** UAR of women and men, of normal and strong, of each statement, of speech and song; undefined where there is but one of each. */
export function groupDots(evidence: Evidence): Figure | undefined {
  const groups = PARTS.map((part) => ({ part, rows: rowsOf(evidence, part) })).filter(
    // Hundreds of statements are no groups that a reader compares.
    ({ rows }) => rows.length > 1 && rows.length <= 24,
  );
  if (groups.length === 0) return undefined;
  const sentences = groups.map(
    ({ part, rows }) => `${part}: ${rows.map(({ name, uar }) => `${name} ${inPercent(uar)}`).join(', ')}`,
  );
  return {
    id: 'groups',
    title: 'Groups of clips',
    caption:
      `UAR of parts of the test clips, over ${count(evidence.trainings.length, 'training')}. UAR is the mean over the emotions that a part holds, ` +
      'and parts need not hold the same ones.',
    description: `UAR by ${sentences.join('; by ')}.`,
    table: {
      columns: ['part', 'clips', 'UAR %', 'accuracy %', 'macro F1 %'],
      rows: groups.flatMap(({ part, rows }) =>
        rows.map(({ name, clips, uar, accuracy, macroF1 }) => [
          `${part}: ${name}`,
          clips,
          percent(uar),
          percent(accuracy),
          percent(macroF1),
        ]),
      ),
    },
    draw: (width) =>
      arrange(
        [
          {
            drawing: legend(
              [
                { symbol: 'circle', text: 'all trainings', fill: colour('accent') },
                { symbol: 'circle', text: 'one seed', stroke: colour('accent') },
              ],
              width,
            ),
          },
          ...groups.map(({ part, rows }, i) => ({
            title: part,
            drawing: drawDots(rows, width, { axis: i === groups.length - 1 }),
          })),
        ],
        { gap: 6 },
      ),
  };
}

function drawDots(rows: readonly Row[], width: number, { axis }: { axis: boolean }) {
  return plot({
    width,
    height: rows.length * 26 + (axis ? 38 : 4),
    marginLeft: 84,
    marginRight: 52,
    marginTop: 2,
    marginBottom: axis ? 36 : 2,
    x: {
      ...UAR_AXIS,
      axis: axis ? 'bottom' : null,
    },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0, type: 'point', padding: 0.5 },
    marks: dotMarks(rows),
  });
}

/** How a row's dots look. */
export interface Sign {
  readonly symbol: Plot.SymbolType;
  /** A role of the palette. */
  readonly colour: string;
}

const SIGN: Sign = { symbol: 'circle', colour: 'accent' };

/** A row per name: a hollow dot per seed, a full one for all, and its number. */
export function dotMarks(rows: readonly Row[], signOf: (row: Row) => Sign = () => SIGN) {
  const seeds = rows.flatMap((row) => row.seeds.map((uar) => ({ ...row, uar })));
  const signs = new Set(rows.map(signOf));
  return [
    Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
    Plot.gridY({ stroke: colour('rule'), strokeOpacity: 0.6 }),
    ...[...signs].flatMap((sign) => {
      const isOfSign = (row: Row) => signOf(row) === sign;
      const place = { x: 'uar', y: 'name', symbol: sign.symbol };
      return [
        Plot.dot(seeds.filter(isOfSign), {
          ...place,
          r: 3.5,
          stroke: colour(sign.colour),
          strokeWidth: 1.25,
        }),
        Plot.dot(rows.filter(isOfSign), { ...place, r: 4.5, fill: colour(sign.colour) }),
      ];
    }),
    Plot.text(rows, {
      x: () => 1,
      y: 'name',
      text: ({ uar }: Row) => percent(uar),
      textAnchor: 'start',
      dx: 10,
    }),
  ];
}

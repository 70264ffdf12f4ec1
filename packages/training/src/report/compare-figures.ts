import * as Plot from '@observablehq/plot';
import { measure } from '../evaluate.ts';
import type { ComparedRun } from './compare-evidence.ts';
import { arrange, legend, plot, type Drawing } from './drawing.ts';
import { isNarrow, type Figure } from './figure.ts';
import { count, inPercent, percent, points, probability } from './numbers.ts';
import { colour } from './palette.ts';

/** How runs are told apart: by shape first, by colour as well. The first run is what the others are compared with. */
const SIGNS: readonly { symbol: Plot.SymbolType; role: string }[] = [
  { symbol: 'circle', role: 'soft' },
  { symbol: 'square', role: 'accent' },
  { symbol: 'triangle', role: 'second' },
  { symbol: 'diamond2', role: 'disgust' },
  { symbol: 'star', role: 'fearful' },
  { symbol: 'wye', role: 'happy' },
];

function signOf(index: number): (typeof SIGNS)[number] {
  return SIGNS[index % SIGNS.length];
}

const SHARE_AXIS = {
  labelAnchor: 'center',
  labelArrow: 'none',
  ticks: 5,
  tickSize: 3,
  tickFormat: (share: number) => String(Math.round(100 * share)).replace('-', '−'),
} as const;

/** UAR of each run: its mean over seeds, each seed, and the interval over speakers. */
export function uarOfRuns(runs: readonly ComparedRun[]): Figure {
  const rows = runs.map(({ name, evidence: { report, seedReports } }) => ({
    name,
    uar: report.overSeeds.uar.mean,
    interval: report.overSpeakers?.uar,
    seeds: seedReports.map(({ overSeeds }) => overSeeds.uar.mean),
  }));
  return {
    id: 'uar',
    title: 'UAR of each run',
    caption:
      'Full: the mean over seeds; hollow: each seed; line: 95 % of the values when the test speakers are drawn anew. Intervals of two runs ' +
      'may overlap though they differ: the same speakers were tested, and the difference is in the next figure.',
    description: rows.map(({ name, uar }) => `${name} ${inPercent(uar)}`).join(', ') + '.',
    table: {
      columns: ['run', 'UAR %', '95 % over speakers', 'seeds'],
      rows: rows.map(({ name, uar, interval, seeds }) => [
        name,
        percent(uar),
        interval ? `${percent(interval.low)} to ${percent(interval.high)}` : '–',
        seeds.map(percent).join(', '),
      ]),
    },
    draw(width) {
      const ends = rows.flatMap(({ uar, interval, seeds }) => [
        uar,
        ...seeds,
        interval?.low ?? uar,
        interval?.high ?? uar,
      ]);
      // To the next ten per cent: dots, unlike bars, need no zero.
      const domain = [Math.floor(10 * Math.min(...ends)) / 10, Math.ceil(10 * Math.max(...ends)) / 10];
      return plot({
        width,
        height: rows.length * 36 + 46,
        ...marginsFor(rows, width),
        x: { domain, label: 'UAR, %', ...SHARE_AXIS },
        y: namedRows(rows),
        marks: [
          Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
          Plot.link(
            rows.filter(({ interval }) => interval),
            {
              y: 'name',
              x1: ({ interval }: (typeof rows)[number]) => interval!.low,
              x2: ({ interval }: (typeof rows)[number]) => interval!.high,
              stroke: colour('accent'),
              strokeWidth: 2,
            },
          ),
          Plot.dot(
            rows.flatMap(({ name, seeds }) => seeds.map((uar) => ({ name, uar }))),
            { x: 'uar', y: 'name', r: 3.5, stroke: colour('accent'), fill: colour('paper') },
          ),
          Plot.dot(rows, { x: 'uar', y: 'name', r: 5, fill: colour('accent') }),
          Plot.text(rows, {
            x: () => domain[1],
            y: 'name',
            text: ({ uar }: (typeof rows)[number]) => percent(uar),
            textAnchor: 'start',
            dx: 10,
          }),
        ],
      });
    },
  };
}

/** How much better each run is than the first, with what chance could do. */
export function differencesOfRuns([first, ...others]: readonly ComparedRun[]): Figure {
  const rows = others.map(({ name, comparison }) => ({ name, ...comparison! }));
  const reach = Math.max(
    0.02,
    ...rows.flatMap(({ difference, interval }) =>
      [difference.uar, interval?.uar.low ?? 0, interval?.uar.high ?? 0].map(Math.abs),
    ),
  );
  const describe = ({ difference, adjustedPValue }: (typeof rows)[number]) =>
    `${points(difference.uar)} (p ${probability(adjustedPValue)})`;
  return {
    id: 'differences',
    title: `Difference of UAR from ${first.name}`,
    caption:
      'In points, on the same clips; to the right the run is better. Line: 95 % of the differences when the test speakers are drawn anew. ' +
      `p: two-sided permutation test over ${count(rows[0].permutation.speakers, 'speaker')}` +
      (rows.length > 1 ? `, corrected for ${count(rows.length, 'comparison')} (Holm).` : '.'),
    description: rows.map((row) => `${row.name} ${describe(row)}`).join(', ') + '.',
    table: {
      columns: ['run', 'difference of UAR', '95 % over speakers', 'p', 'p, corrected'],
      rows: rows.map(({ name, difference, interval, permutation, adjustedPValue }) => [
        name,
        points(difference.uar),
        interval ? `${points(interval.uar.low)} to ${points(interval.uar.high)}` : '–',
        probability(permutation.pValue),
        probability(adjustedPValue),
      ]),
    },
    draw(width) {
      return plot({
        width,
        height: rows.length * 40 + 50,
        ...marginsFor(rows, width),
        marginTop: 14,
        marginRight: 20,
        x: { domain: [-reach * 1.1, reach * 1.1], label: 'difference of UAR, points', ...SHARE_AXIS },
        y: namedRows(rows),
        marks: [
          Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
          Plot.ruleX([0], { stroke: colour('ink') }),
          Plot.link(
            rows.filter(({ interval }) => interval),
            {
              y: 'name',
              x1: ({ interval }: (typeof rows)[number]) => interval!.uar.low,
              x2: ({ interval }: (typeof rows)[number]) => interval!.uar.high,
              stroke: colour('accent'),
              strokeWidth: 2,
            },
          ),
          Plot.dot(rows, {
            x: ({ difference }: (typeof rows)[number]) => difference.uar,
            y: 'name',
            r: 5,
            fill: colour('accent'),
          }),
          Plot.text(rows, {
            x: ({ difference }: (typeof rows)[number]) => difference.uar,
            y: 'name',
            text: describe,
            dy: -13,
            fontWeight: 600,
            stroke: colour('paper'),
            strokeWidth: 4,
            fill: colour('ink'),
          }),
        ],
      });
    },
  };
}

/** Recall of each emotion in each run. */
export function recallOfRuns(runs: readonly ComparedRun[]): Figure {
  const { labels } = runs[0].evidence.report;
  const recalls = runs.map(({ name, evidence: { trainings } }, run) =>
    measure(
      trainings.flatMap(({ predictions }) => predictions),
      labels,
    ).perClass.map(({ label, recall }) => ({ label, recall, name, run })),
  );
  const gaps = labels.map((label, k) => ({ label, gap: recalls.at(-1)![k].recall - recalls[0][k].recall }));
  const widest = gaps.toSorted((a, b) => Math.abs(b.gap) - Math.abs(a.gap))[0];
  return {
    id: 'recall',
    title: 'Recall of each emotion',
    caption: 'Over the test clips of all trainings; their mean is UAR. The grey line spans the runs.',
    description:
      `The widest difference between ${runs[0].name} and ${runs.at(-1)!.name} is in ${widest.label}: ` +
      `${points(widest.gap)} points.`,
    table: {
      columns: [
        'emotion',
        ...runs.map(({ name }) => `${name} %`),
        ...runs.slice(1).map(({ name }) => `${name} − ${runs[0].name}`),
      ],
      rows: labels.map((label, k) => [
        label,
        ...recalls.map((rows) => percent(rows[k].recall)),
        ...recalls.slice(1).map((rows) => points(rows[k].recall - recalls[0][k].recall)),
      ]),
    },
    draw: (width) =>
      arrange([
        { drawing: runLegend(runs, width) },
        {
          drawing: plot({
            width,
            height: labels.length * 28 + 44,
            marginLeft: 76,
            marginRight: 16,
            marginTop: 4,
            marginBottom: 38,
            x: { domain: [0, 1], label: 'recall, %', ...SHARE_AXIS },
            y: { domain: labels, label: null, tickSize: 0, type: 'point', padding: 0.5 },
            marks: [
              Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
              Plot.link(labels, {
                y: (label: string) => label,
                x1: (_: string, k: number) => Math.min(...recalls.map((rows) => rows[k].recall)),
                x2: (_: string, k: number) => Math.max(...recalls.map((rows) => rows[k].recall)),
                stroke: colour('rule'),
                strokeWidth: 5,
              }),
              ...recalls.map((rows, run) =>
                Plot.dot(rows, {
                  x: 'recall',
                  y: 'label',
                  r: 5,
                  symbol: signOf(run).symbol,
                  fill: colour(signOf(run).role),
                }),
              ),
            ],
          }),
        },
      ]),
  };
}

/** For whom each run is better or worse than the first: difference of accuracy of each speaker. */
export function speakersOfRuns([first, ...others]: readonly ComparedRun[]): Figure {
  const panels = others.map(({ name, comparison }) => {
    const rows = comparison!.perSpeaker.map((row) => ({ ...row, difference: row.b - row.a }));
    return { name, rows: rows.sort((a, b) => b.difference - a.difference) };
  });
  const reach =
    Math.max(0.05, ...panels.flatMap(({ rows }) => rows.map((row) => Math.abs(row.difference)))) * 1.05;
  const counts = panels.map(({ name, rows }) => {
    const better = rows.filter(({ difference }) => difference > 0).length;
    const worse = rows.filter(({ difference }) => difference < 0).length;
    return `${name} is better for ${better} and worse for ${worse} of ${count(rows.length, 'speaker')}`;
  });
  const accuracies = new Map(
    panels.flatMap(({ rows }, k) => rows.map((row) => [`${k}/${row.name}`, row] as const)),
  );
  const names = panels[0].rows.map(({ name }) => name).sort();
  return {
    id: 'speakers',
    title: `Difference of each speaker's accuracy from ${first.name}`,
    caption: 'In points, averaged over seeds; to the right the run hears the speaker better.',
    description: `${counts.join('; ')}.`,
    table: {
      columns: [
        'speaker',
        `${first.name} %`,
        ...panels.flatMap(({ name }) => [`${name} %`, `${name} − ${first.name}`]),
      ],
      rows: names.map((name) => [
        name,
        percent(accuracies.get(`0/${name}`)!.a),
        ...panels.flatMap((_, k) => {
          const { b, difference } = accuracies.get(`${k}/${name}`)!;
          return [percent(b), points(difference)];
        }),
      ]),
    },
    draw(width) {
      const columns = isNarrow(width) ? 1 : Math.min(2, panels.length);
      const gap = 20;
      const panelWidth = (width - gap * (columns - 1)) / columns;
      return arrange(
        panels.map(({ name, rows }) => ({
          title: panels.length > 1 ? `${name} − ${first.name}` : undefined,
          titleInset: 84,
          drawing: plot({
            width: panelWidth,
            height: rows.length * 17 + 44,
            marginLeft: 84,
            marginRight: 16,
            marginTop: 4,
            marginBottom: 38,
            x: { domain: [-reach, reach], label: 'difference of accuracy, points', ...SHARE_AXIS },
            y: { domain: rows.map((row) => row.name), label: null, tickSize: 0, padding: 0.3 },
            marks: [
              Plot.gridX({ stroke: colour('rule'), strokeOpacity: 1, ticks: 5 }),
              Plot.barX(rows, {
                y: 'name',
                x: 'difference',
                fill: ({ difference }: { difference: number }) =>
                  colour(difference < 0 ? 'second' : 'accent'),
              }),
              Plot.ruleX([0], { stroke: colour('ink') }),
            ],
          }),
        })),
        { columns, gap },
      );
    },
  };
}

function runLegend(runs: readonly ComparedRun[], width: number): Drawing {
  const items = runs.map(({ name }, i) => ({
    symbol: signOf(i).symbol,
    text: name,
    fill: colour(signOf(i).role),
  }));
  // Names of runs are long: on a phone, or when there are many, one stands below the other.
  return isNarrow(width) || runs.length > 3
    ? arrange(
        items.map((item) => ({ drawing: legend([item], width) })),
        { gap: 0 },
      )
    : legend(items, width);
}

function namedRows(rows: readonly { name: string }[]): Plot.ScaleOptions {
  return { domain: rows.map(({ name }) => name), label: null, tickSize: 0, type: 'point', padding: 0.5 };
}

/** Room for the longest name; 0.62 em is DejaVu's mean width. */
function marginsFor(rows: readonly { name: string }[], width: number) {
  const longest = Math.max(...rows.map(({ name }) => name.length));
  return {
    marginLeft: Math.min(width * 0.45, longest * 7.5 + 16),
    marginRight: 52,
    marginTop: 4,
    marginBottom: 38,
  };
}

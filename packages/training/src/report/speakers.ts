import * as Plot from '@observablehq/plot';
import { arrange, legend, plot, UAR_AXIS } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import type { Figure } from './figure.ts';
import { dotMarks, rowsOf, type Row, type Sign } from './groups.ts';
import { count, mean, inPercent, percent, standardDeviation } from './numbers.ts';
import { colour } from './palette.ts';

const SYMBOLS: Readonly<Record<string, Sign & { letter: string; text: string }>> = {
  female: { symbol: 'circle', colour: 'accent', letter: 'f', text: 'woman (f)' },
  male: { symbol: 'square', colour: 'second', letter: 'm', text: 'man (m)' },
  unknown: { symbol: 'diamond', colour: 'soft', letter: '', text: 'sex not told' },
};

/** UAR of each speaker, the best above: a mean over speakers hides for whom a model does not work. */
export function speakerDots(evidence: Evidence): Figure | undefined {
  const sexOf = new Map(
    evidence.trainings.flatMap(({ predictions }) =>
      predictions.flatMap(({ corpus, speaker, gender = 'unknown' }) => [
        [speaker, gender] as const,
        [`${corpus}/${speaker}`, gender] as const,
      ]),
    ),
  );
  const signOf = (name: string) => SYMBOLS[sexOf.get(name) ?? 'unknown'] ?? SYMBOLS['unknown'];
  const speakers = rowsOf(evidence, 'speaker').sort((a, b) => b.uar - a.uar);
  if (speakers.length === 0) return undefined;
  const rows = speakers.map((row) => ({ ...row, name: `${row.name} ${signOf(row.name).letter}`.trim() }));
  const values = rows.map(({ uar }) => uar);
  const [best, worst] = [rows[0], rows.at(-1)!];
  const signs = new Map(rows.map(({ name }, i) => [name, signOf(speakers[i].name)]));
  const shown = [...new Set(speakers.map(({ name }) => signOf(name)))].sort((a, b) =>
    a.text > b.text ? -1 : 1,
  );
  return {
    id: 'speakers',
    title: 'Speakers',
    caption:
      `UAR of each of ${count(rows.length, 'speaker')} over all trainings that tested them; hollow: each seed. ` +
      'Dashed: the mean over speakers.',
    description:
      `UAR reaches from ${inPercent(worst.uar)} (${worst.name}) to ${inPercent(best.uar)} (${best.name}); ` +
      `mean ${inPercent(mean(values))}, standard deviation ${percent(standardDeviation(values))}.`,
    table: {
      columns: [
        'speaker',
        'sex',
        'clips',
        'UAR %',
        'accuracy %',
        ...evidence.seeds.map((seed) => `UAR %, seed ${seed}`),
      ],
      rows: speakers.map(({ name, clips, uar, accuracy, seeds }) => [
        name,
        sexOf.get(name) ?? 'unknown',
        clips,
        percent(uar),
        percent(accuracy),
        ...seeds.map(percent),
      ]),
    },
    draw: (width) =>
      arrange(
        [
          {
            drawing: legend(
              [
                ...shown.map(({ symbol, text, colour: role }) => ({ symbol, text, fill: colour(role) })),
                { symbol: 'circle' as const, text: 'hollow: one seed', stroke: colour('soft') },
              ],
              width,
            ),
          },
          {
            drawing: plot({
              width,
              height: rows.length * 18 + 44,
              marginLeft: 84,
              marginRight: 52,
              marginTop: 4,
              marginBottom: 38,
              x: {
                ...UAR_AXIS,
              },
              y: {
                domain: rows.map(({ name }) => name),
                label: null,
                tickSize: 0,
                type: 'point',
                padding: 0.5,
              },
              marks: [
                Plot.ruleX([mean(values)], { stroke: colour('soft'), strokeDasharray: '4 3' }),
                ...dotMarks(rows, ({ name }: Row) => signs.get(name)!),
              ],
            }),
          },
        ],
        { gap: 4 },
      ),
  };
}

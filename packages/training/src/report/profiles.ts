import type { Evidence } from './evidence.ts';
import type { Table } from './figure.ts';
import { count, percent, points, probability } from './numbers.ts';

/** A row per speaker: UAR without the profile and with it; undefined where nothing was enrolled. */
export function profileTable({ report, seeds }: Evidence): { table: Table; caption: string } | undefined {
  const { profiles, overSeeds } = report;
  if (profiles === undefined) return undefined;
  const { without, gain, perSpeaker, harmed, unlearnt } = profiles;
  const { uar: interval } = gain.interval ?? {};
  const sentences = [
    `UAR in per cent on the same clips without and with a profile of the speaker, over ${count(seeds.length, 'seed')}`,
    'all other figures here are those with profiles',
    `${harmed} of ${count(perSpeaker.length, 'speaker')} lose${harmed === 1 ? 's' : ''} more than a point`,
    ...(interval
      ? [
          `95 % of the gain, when the speakers are drawn anew, lies from ${points(interval.low)} to ${points(interval.high)} ` +
            `(two-sided permutation test: p ${probability(gain.permutation.pValue)})`,
        ]
      : []),
    ...(unlearnt.length > 0
      ? [`no clip of ${unlearnt.join(', ')} could be used: nothing was learnt of them`]
      : []),
  ];
  const rows = perSpeaker
    .toSorted((a, b) => a.uarWithout - b.uarWithout)
    .map(({ name, uarWithout, uarWith }) => [
      name,
      percent(uarWithout),
      percent(uarWith),
      points(uarWith - uarWithout),
    ]);
  const all = [
    'all clips',
    percent(without.overSeeds.uar.mean),
    percent(overSeeds.uar.mean),
    points(gain.difference.uar),
  ];
  return {
    table: { columns: ['speaker', 'without', 'with profile', 'gain'], rows: [all, ...rows] },
    caption: `${sentences.join('; ')}.`,
  };
}

import type { Evidence } from './evidence.ts';
import type { Table } from './figure.ts';
import { percent } from './numbers.ts';

/** A row per change of the recordings: what becomes of the verdicts; undefined where none was tested. */
export function changeTable({ report: { changes } }: Evidence): Table | undefined {
  return (
    changes && {
      columns: ['the same clips', 'keep their emotion', 'of those not uncertain', 'accuracy'],
      rows: changes.map(({ change, kept, keptOfSure, accuracy }) => [
        change,
        percent(kept),
        keptOfSure === undefined ? '–' : percent(keptOfSure),
        percent(accuracy),
      ]),
    }
  );
}

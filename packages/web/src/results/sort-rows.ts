import type { Verdict } from '@mars/core';

export const COLUMNS = ['name', 'length', 'verdict', 'confidence'] as const;

export type Column = (typeof COLUMNS)[number];

export interface Order {
  readonly by: Column;
  readonly isDescending: boolean;
}

/** What a table knows of a recording; without an analysis it was not heard, or not yet. */
export interface Row {
  readonly name: string;
  readonly analysis?: { readonly durationSec: number; readonly verdict: Verdict } | undefined;
}

/** The rows in an order; those that were not heard come last, whichever way it goes. */
export function sortRows<Each extends Row>(rows: readonly Each[], { by, isDescending }: Order): Each[] {
  const way = isDescending ? -1 : 1;
  return rows.toSorted((a, b) => {
    if (by === 'name') return way * compareNames(a, b);
    if (!a.analysis || !b.analysis) return Number(!a.analysis) - Number(!b.analysis) || compareNames(a, b);
    const [one, other] = [a.analysis, b.analysis];
    if (by === 'length') return way * (one.durationSec - other.durationSec) || compareNames(a, b);
    if (by === 'confidence')
      return way * (one.verdict.confidence - other.verdict.confidence) || compareNames(a, b);
    return way * verdictKey(one.verdict).localeCompare(verdictKey(other.verdict)) || compareNames(a, b);
  });
}

/** Certain ones by emotion, then uncertain ones, then silence. */
function verdictKey({ verdict, emotion }: Verdict): string {
  return `${['emotion', 'uncertain', 'no-speech'].indexOf(verdict)} ${emotion}`;
}

function compareNames(a: Row, b: Row): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

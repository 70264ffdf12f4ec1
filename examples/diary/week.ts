import type { Timeline } from '@mars/core';

/** A recording of the diary, heard. */
export interface Entry extends Pick<Timeline, 'durationSec' | 'segments' | 'summary'> {
  readonly file: string;
  readonly at: Date;
}

export interface Day {
  /** Its midnight, local time. */
  readonly date: Date;
  readonly entries: readonly Entry[];
  readonly speechSec: number;
  /** Of the day's speech, the largest first; with `uncertainShare` they sum to 1 where anything was said. */
  readonly shares: readonly { readonly emotion: string; readonly share: number }[];
  readonly uncertainShare: number;
}

/** A day, and an hour if there is one: 2026-11-16, 20261116T0830, 2026-11-16 08.30, as recorders and phones name files. */
const NAMED =
  /(?<!\d)(\d{4})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?:[T _-]?([01]\d|2[0-3])[-:.h_]?([0-5]\d))?/;

/**
 * When a recording was made: what its name says, else when the file was written.
 *
 * @example
 * recordedAt('2026-11-16 08.30.wav', written); // 16 November 2026, half past eight, local time
 */
export function recordedAt(name: string, written: Date): Date {
  const [, year, month, day, hour = '0', minute = '0'] = NAMED.exec(name) ?? [];
  if (year === undefined) return written;
  const named = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  // There is no 31 February.
  return named.getDate() === Number(day) ? named : written;
}

/** The week, Monday to Sunday, that a moment lies in: its seven midnights and the one that ends it, local time. */
export function weekAround(moment: Date): Date[] {
  const sinceMonday = (moment.getDay() + 6) % 7;
  return Array.from({ length: 8 }, (_, i) => startOf(moment, i - sinceMonday));
}

/** The days between so many midnights. */
export function daysOf(midnights: readonly Date[], entries: readonly Entry[]): Day[] {
  return midnights.slice(1).map((end, i) => {
    const date = midnights[i];
    const within = entries.filter(({ at }) => at >= date && at < end);
    return dayOf(
      date,
      within.toSorted((a, b) => Number(a.at) - Number(b.at)),
    );
  });
}

/** Midnight so many days later; days of a change of the clock are 23 or 25 hours long. */
function startOf(date: Date, daysLater: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + daysLater);
}

function dayOf(date: Date, entries: readonly Entry[]): Day {
  const speechSec = entries.reduce((sum, { summary }) => sum + summary.speechSec, 0);
  const seconds = new Map<string, number>();
  for (const { summary } of entries) {
    for (const { emotion, share } of summary.shares) {
      seconds.set(emotion, (seconds.get(emotion) ?? 0) + share * summary.speechSec);
    }
  }
  const shares = [...seconds]
    .map(([emotion, sec]) => ({ emotion, share: sec / speechSec }))
    .toSorted((a, b) => b.share - a.share);
  const certain = shares.reduce((sum, { share }) => sum + share, 0);
  return { date, entries, speechSec, shares, uncertainShare: speechSec === 0 ? 0 : Math.max(0, 1 - certain) };
}

import type { TimelineSummary } from '@mars/core';
import { bar, clock, count, duration, percent } from './text.ts';

/** Changes of emotion that are listed; a table of segments has all. */
const LISTED_CHANGES = 3;

/**
 * Speaking time per emotion with its strongest moment, and the changes, for people.
 *
 * @param nameWidth columns for the names of emotions
 */
export function summaryText(
  { speechSec, shares, uncertainShare, changes, strongest }: TimelineSummary,
  nameWidth: number,
): string[] {
  if (speechSec === 0) return ['nobody speaks'];
  const line = (name: string, text: string): string => `${name.padEnd(nameWidth)}  ${text}`;
  const share = (name: string, value: number, moment: string): string => {
    const time = duration(value * speechSec).padEnd(moment === '' ? 0 : 8);
    return line(name, `${bar(value)} ${percent(value).padStart(4)}  ${time}${moment}`);
  };
  const momentOf = new Map(
    strongest.map(({ emotion, startSec, confidence }) => [
      emotion,
      `  strongest at ${clock(startSec)} (${percent(confidence)})`,
    ]),
  );
  const listed = changes
    .slice(0, LISTED_CHANGES)
    .map(({ atSec, from, to }) => `${from} → ${to} at ${clock(atSec)}`);
  if (changes.length > LISTED_CHANGES) listed.push(`${changes.length - LISTED_CHANGES} more`);
  return [
    ...shares.map(({ emotion, share: value }) => share(emotion, value, momentOf.get(emotion) ?? '')),
    // What is left when shares are taken off 1 may be dust.
    ...(uncertainShare > 1e-9 ? [share('uncertain', uncertainShare, '')] : []),
    line('changes', changes.length === 0 ? 'none' : `${count(changes.length, 'time')}: ${listed.join(', ')}`),
  ];
}

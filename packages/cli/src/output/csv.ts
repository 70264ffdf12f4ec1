import type { Score } from '@mars/core';

/** A row of comma-separated values (RFC 4180). */
export function csvRow(fields: readonly (string | number)[]): string {
  return fields.map(csvField).join(',');
}

/** The scores in the order of the labels. */
export function byLabel(labels: readonly string[], scores: readonly Score[]): (number | '')[] {
  const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
  return labels.map((label) => scoreOf.get(label) ?? '');
}

function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export interface Measured {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Measured {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

export function show({ median, min, max }: Measured, digits = 1): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} … ${max.toFixed(digits)})`;
}

export function printCounts(counts: Readonly<Record<string, number>>): void {
  for (const name of Object.keys(counts).sort((a, b) => (a < b ? -1 : 1)))
    console.log(`  ${name}  ${counts[name]}`);
}

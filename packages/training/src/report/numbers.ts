/** A share in percent, as reports print it: 0.5432 is 54.3. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

/** With its sign, on the same line as its number: 54.3 % */
export function inPercent(share: number): string {
  return `${percent(share)}\u00a0%`;
}

/** A difference of two shares in points, with its sign: +2.1 or −0.4 */
export function points(difference: number): string {
  const rounded = percent(Math.abs(difference));
  return Number(rounded) === 0 ? rounded : `${difference < 0 ? '−' : '+'}${rounded}`;
}

/** A probability, as papers print it: 0.03, or < 0.001 */
export function probability(p: number): string {
  return p < 0.001 ? '<\u00a00.001' : p.toFixed(3);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; 0 for a single value. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
}

/** "1 seed", "3 seeds" */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

import { createRandom } from '@mars/autograd';

/** Between which two values a figure may lie. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Share of the resamples that the interval holds. */
  level?: number;
  resamples?: number;
  seed?: number;
}

/**
 * Percentile intervals of figures over units drawn anew with replacement (Efron & Tibshirani 1993, chapter 13).
 *
 * The unit is what another study would draw anew: a speaker with all clips, since clips of one speaker resemble each
 * other and would make the interval too narrow. Fewer than two units say nothing of others: `null`. Of four (SAVEE) the
 * interval is known to be too narrow.
 *
 * @param measure figures of a sample of as many units as came, some of them several times
 * @example
 * bootstrapIntervals([0.4, 0.5, 0.9], (shares) => ({ mean: average(shares) })); // { mean: { low: 0.4, high: 0.9 } }
 */
export function bootstrapIntervals<Unit, Figure extends string>(
  units: readonly Unit[],
  measure: (sample: readonly Unit[]) => Readonly<Record<Figure, number>>,
  { level = 0.95, resamples = 2000, seed = 0 }: BootstrapOptions = {},
): Record<Figure, Interval> | null {
  if (units.length < 2) return null;
  const random = createRandom(seed);
  const measured = Array.from({ length: resamples }, () =>
    measure(units.map(() => units[random.integer(units.length)])),
  );
  const figures = Object.keys(measured[0]) as Figure[];
  const interval = (figure: Figure): Interval => {
    const values = Float64Array.from(measured, (row) => row[figure]).sort();
    return { low: quantile(values, (1 - level) / 2), high: quantile(values, (1 + level) / 2) };
  };
  return Object.fromEntries(figures.map((figure) => [figure, interval(figure)])) as Record<Figure, Interval>;
}

/**
 * The value below which a share of the values lies, between two of them on a straight line: numpy.quantile.
 *
 * @param sorted ascending, at least one
 * @example
 * quantile([1, 2, 4], 0.75); // 3
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

export { clock, duration, percent } from '@mars/core/format';

/** Seconds between the marks of an axis, at most so many of them. */
export function axisStep(durationSec: number, most: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  return steps.find((step) => durationSec / step <= most) ?? Math.ceil(durationSec / most / 3600) * 3600;
}

/** The moments at which an axis has its marks. */
export function axisMarks(durationSec: number, most: number): number[] {
  const step = axisStep(durationSec, most);
  // Rounded, as 3 * 0.1 is not 0.3.
  return Array.from({ length: Math.floor(durationSec / step + 1e-6) + 1 }, (_, i) =>
    Number((i * step).toFixed(3)),
  );
}

/** 83% */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** 2.4 s, 12:05, 1:00:00 */
export function duration(durationSec: number): string {
  // 59.96 s rounds to a minute.
  return durationSec < 59.95 ? `${durationSec.toFixed(1)} s` : clock(durationSec);
}

/** A moment of a recording: 0:02, 12:05, 1:00:00; with a decimal 0:02.4 */
export function clock(timeSec: number, decimals: 0 | 1 = 0): string {
  const total = Number(timeSec.toFixed(decimals));
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const seconds = (total % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : 4, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

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

/** A share as people read it: 83% */
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

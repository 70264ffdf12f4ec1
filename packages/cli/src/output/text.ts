export { clock, duration, percent } from '@mars/core/format';

export const BAR_WIDTH = 10;

/** Eighths of a block, so that ten characters show eighty steps. */
export function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  const partial = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
  return ('█'.repeat(Math.floor(eighths / 8)) + partial).padEnd(BAR_WIDTH, '·');
}

/** A character per share, an eighth of a block for an eighth of the whole; a dot for nothing and less. */
export function steps(shares: readonly number[]): string {
  return shares.map((share) => (share > 0 ? '▁▂▃▄▅▆▇█'[Math.ceil(share * 8) - 1] : '·')).join('');
}

/** "1 clip", "3 clips" */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Keeps both ends of a long path: the folder it is from, and the name. */
export function shorten(path: string, width: number): string {
  if (path.length <= width) return path;
  const tail = Math.ceil((width - 1) * 0.7);
  return `${path.slice(0, width - 1 - tail)}…${path.slice(-tail)}`;
}

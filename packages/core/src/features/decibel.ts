import { MarsError } from '../errors.ts';
import type { Matrix } from './matrix.ts';

/** librosa.power_to_db's settings, with its defaults. */
export interface PowerToDbOptions {
  /** The power that is 0 dB (1), or 'max': the greatest in the matrix. */
  readonly ref?: number | 'max';
  /** Powers below it count as it (1e-10). */
  readonly amin?: number;
  /** Nothing is further than this below the loudest value, in dB (80); null: no limit. */
  readonly topDb?: number | null;
}

/**
 * Power to decibels: librosa.power_to_db.
 *
 * @returns a matrix of the same shape
 * @throws MarsError CONFIG_INVALID when `amin` is not positive or `topDb` is negative.
 * @example
 * powerToDb({ data: Float32Array.of(1, 0.1, 1e-12), shape: [1, 3] }).data; // 0 -10 -80
 */
export function powerToDb(power: Matrix, options: PowerToDbOptions = {}): Matrix {
  const { ref = 1, amin = 1e-10, topDb = 80 } = options;
  if (!(amin > 0) || (topDb !== null && !(topDb >= 0))) {
    throw new MarsError(
      'CONFIG_INVALID',
      `amin is ${amin}, topDb ${topDb}; expected amin > 0 and topDb ≥ 0 or null.`,
    );
  }
  const data = new Float32Array(power.data.length);
  const reference = ref === 'max' ? greatest(power.data) : Math.abs(ref);
  const referenceDb = DB_PER_NEPER * Math.log(Math.max(amin, reference));
  for (let i = 0; i < data.length; i++) {
    data[i] = DB_PER_NEPER * Math.log(Math.max(amin, power.data[i])) - referenceDb;
  }
  if (topDb !== null) {
    const floor = greatest(data) - topDb;
    for (let i = 0; i < data.length; i++) if (data[i] < floor) data[i] = floor;
  }
  return { data, shape: power.shape };
}

const DB_PER_NEPER = 10 / Math.LN10;

function greatest(values: Float32Array): number {
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > max) max = values[i];
  return max;
}

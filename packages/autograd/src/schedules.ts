/** Learning rate as a function of progress: 0 before the first step, 1 after the last. */
export type Schedule = (progress: number) => number;

/** The same learning rate from the first step to the last. */
export const constantRate =
  (learningRate: number): Schedule =>
  () =>
    learningRate;

export interface CosineOptions {
  /** Share of the training that rises linearly from 0 to the peak. Default 0. */
  warmup?: number;
  /** Rate at the end as a share of the peak. Default 0. */
  floor?: number;
}

/**
 * Linear warm-up, then half a cosine down: Loshchilov & Hutter 2017, eq. 5, without restarts.
 *
 * @throws RangeError when `warmup` does not lie in [0, 1).
 * @example
 * const rate = cosineDecay(1e-3, { warmup: 0.1, floor: 0.01 });
 * rate(0.1); // 0.001
 * rate(1); // 0.00001
 */
export function cosineDecay(peak: number, { warmup = 0, floor = 0 }: CosineOptions = {}): Schedule {
  if (!(warmup >= 0 && warmup < 1)) {
    throw new RangeError(`The warm-up is a share in [0, 1) of the training; ${warmup} came.`);
  }
  return (progress) => {
    if (progress < warmup) return (peak * progress) / warmup;
    const along = (progress - warmup) / (1 - warmup);
    return peak * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * along))) / 2);
  };
}

/** Learning rate as a function of progress in [0, 1]. */
export type Schedule = (progress: number) => number;

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

/** Linear warm-up, then half a cosine down: Loshchilov & Hutter 2017, eq. 5, without restarts. */
export function cosineDecay(peak: number, { warmup = 0, floor = 0 }: CosineOptions = {}): Schedule {
  return (progress) => {
    if (progress < warmup) return (peak * progress) / warmup;
    const along = (progress - warmup) / (1 - warmup);
    return peak * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * along))) / 2);
  };
}

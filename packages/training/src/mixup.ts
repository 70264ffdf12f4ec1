import type { Random } from '@mars/autograd/random';

/**
 * A number from Beta(alpha, alpha): by Jöhnk's algorithm (Metrika 8, 1964) for the small alphas of mixup; above 1, where
 * that rejects ever more, by Ulrich's polar method (Applied Statistics 33, 1984).
 *
 * @param alpha above 0; below 1 the ends are likelier than the middle
 */
export function beta(alpha: number, random: Random): number {
  if (alpha > 1) {
    const radius = Math.sqrt(1 - random.next() ** (2 / (2 * alpha - 1)));
    return (1 + radius * Math.cos(2 * Math.PI * random.next())) / 2;
  }
  for (;;) {
    const x = random.next() ** (1 / alpha);
    const y = random.next() ** (1 / alpha);
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}

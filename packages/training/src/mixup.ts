import type { Random } from '@mars/autograd/random';

/**
 * A number from Beta(alpha, alpha), by Jöhnk's algorithm (Metrika 8, 1964): quick for the small alphas of mixup.
 *
 * @param alpha above 0; below 1 the ends are likelier than the middle
 */
export function beta(alpha: number, random: Random): number {
  for (;;) {
    const x = random.next() ** (1 / alpha);
    const y = random.next() ** (1 / alpha);
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}

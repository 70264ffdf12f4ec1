import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { expect } from '../test/expect.ts';
import { createRandom, type Random } from './random.ts';

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

/** sfc32 as PractRand's sfc.cpp writes it, in arithmetic modulo 2³² on big integers. */
function slowSfc32(seed: string): () => number {
  const u32 = (value: bigint) => BigInt.asUintN(32, value);
  const word = (start: bigint) => {
    let h = start;
    for (const character of seed) h = u32((h ^ BigInt(character.charCodeAt(0))) * 0x01000193n);
    h = u32((h ^ (h >> 16n)) * 0x85ebca6bn);
    h = u32((h ^ (h >> 13n)) * 0xc2b2ae35n);
    return h ^ (h >> 16n);
  };
  let [a, b, c, counter] = [word(0x811c9dc5n), word(0x9e3779b9n), word(0x243f6a88n), 1n];
  const raw = () => {
    const value = u32(a + b + counter);
    counter = u32(counter + 1n);
    a = b ^ (b >> 9n);
    b = u32(c + (c << 3n));
    c = u32(u32((c << 21n) | (c >> 11n)) + value);
    return Number(value) / 2 ** 32;
  };
  draw(12, raw);
  return raw;
}

const KNOWN = {
  next: [2601074426, 1351339672, 3124374091, 656300889],
  integer: [79, 74, 29, 31],
  shuffle: [0, 6, 5, 2, 1, 7, 3, 4],
  normal: [1.6421557344056064, 1.0648064619064155, 0.4943793302289429],
  fork: 3108537134,
};

describe('the same seed gives the same numbers', () => {
  test('which are those of sfc32', () => {
    for (const seed of ['', '7', 'a long seed with spaces', 'é']) {
      expect(draw(1000, createRandom(seed).next)).toEqual(draw(1000, slowSfc32(seed)));
    }
  });

  test('on every machine and in every release', () => {
    const random = createRandom(7);
    expect(draw(4, random.next).map((value) => value * 2 ** 32)).toEqual(KNOWN.next);
    expect(draw(4, () => random.integer(100))).toEqual(KNOWN.integer);
    expect(random.shuffle([0, 1, 2, 3, 4, 5, 6, 7])).toEqual(KNOWN.shuffle);
    expect(draw(3, random.normal)).toBeAllClose(KNOWN.normal);
    expect(createRandom(7).fork('dropout').next() * 2 ** 32).toBe(KNOWN.fork);
  });

  test('whether it is a number or its text', () => {
    expect(createRandom(12).next()).toBe(createRandom('12').next());
  });
});

/** How many standard deviations χ² of the counts, against equal shares, lies from what chance gives. */
function unevenness(counts: number[]): number {
  const share = counts.reduce((total, count) => total + count, 0) / counts.length;
  const chiSquare = counts.reduce((total, count) => total + (count - share) ** 2 / share, 0);
  const freedom = counts.length - 1;
  return Math.abs(chiSquare - freedom) / Math.sqrt(2 * freedom);
}

function histogram(n: number, bins: number, next: () => number): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (let i = 0; i < n; i += 1) counts[Math.floor(next() * bins)] += 1;
  return counts;
}

function correlation(a: number[], b: number[]): number {
  const centre = (values: number[]) => {
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [centre(a), centre(b)];
  const product = (one: number[], two: number[]) =>
    one.reduce((total, value, i) => total + value * two[i], 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

describe('numbers are spread evenly', () => {
  test.for(['a', 'b', '1', '2'])('seed %s', (seed) => {
    expect(unevenness(histogram(64_000, 64, createRandom(seed).next))).toBeLessThan(5);
    const random = createRandom(seed);
    expect(unevenness(histogram(64_000, 64, () => (random.next() * 2 ** 16) % 1))).toBeLessThan(5); // the lower half of the bits
  });

  test('over consecutive seeds as well', () => {
    let seed = 0;
    expect(unevenness(histogram(20_000, 50, () => createRandom((seed += 1)).next()))).toBeLessThan(5);
  });

  test('without a connection from one to the next', () => {
    const values = draw(40_000, createRandom('lag').next);
    for (const lag of [1, 2, 7]) {
      // The correlation of n independent pairs deviates by 1 / √n.
      expect(Math.abs(correlation(values.slice(0, -lag), values.slice(lag)))).toBeLessThan(0.025);
    }
  });

  test('integers reach every value below n and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.string(), (n, seed) => {
        const values = draw(40 * n, () => createRandom(seed).fork(n).integer(n));
        expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < n)).toBe(true);
      }),
      { numRuns: 20, seed: 1 },
    );
    const random = createRandom('integers');
    expect(unevenness(histogram(30_000, 30, () => random.integer(30) / 30))).toBeLessThan(5);
  });

  test('uniform lies in its bounds', () => {
    const random = createRandom('uniform');
    const values = draw(10_000, () => random.uniform(-3, -1));
    expect(unevenness(histogram(10_000, 20, () => (random.uniform(-3, -1) + 3) / 2))).toBeLessThan(5);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
    expect(Math.max(...values)).toBeLessThan(-1);
  });

  test('normal has mean 0, deviation 1, no skew and the kurtosis 3', () => {
    const values = draw(50_000, createRandom('normal').normal);
    const moment = (power: number) =>
      values.reduce((total, value) => total + value ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.025);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.04);
    expect(Math.abs(moment(3))).toBeLessThan(0.1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.25);
  });
});

describe('shuffle', () => {
  test('moves every value and loses none', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.string(), (values, seed) => {
        const sorted = values.toSorted((a, b) => a - b);
        const shuffled = createRandom(seed).shuffle(values);
        expect(shuffled).toBe(values);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(sorted);
      }),
      { seed: 1 },
    );
  });

  test('gives every order equally often', () => {
    const random = createRandom('orders');
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i += 1) {
      const order = random.shuffle(['a', 'b', 'c', 'd']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(unevenness([...counts.values()])).toBeLessThan(5);
  });
});

describe('a fork', () => {
  test('does not depend on what was drawn before, and takes nothing away', () => {
    const [one, two]: Random[] = [createRandom(5), createRandom(5)];
    draw(10, one.next);
    draw(5, one.fork('child').next);
    expect(one.fork('child').next()).toBe(two.fork('child').next());
    draw(10, two.next);
    expect(one.next()).toBe(two.next());
  });

  test('has numbers of its own', () => {
    const streams = [createRandom(5), ...draw(8, () => 0).map((_, label) => createRandom(5).fork(label))];
    const values = streams.map((stream) => draw(10_000, stream.next));
    for (const [i, a] of values.entries()) {
      for (const b of values.slice(i + 1)) expect(Math.abs(correlation(a, b))).toBeLessThan(0.05);
    }
  });
});

/** A seeded stream of random numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits fine. */
  readonly next: () => number;
  /** Uniform in [low, high). */
  readonly uniform: (low: number, high: number) => number;
  /** A whole number in [0, n). */
  readonly integer: (n: number) => number;
  /** Normal with mean 0 and standard deviation 1. */
  readonly normal: () => number;
  /** Shuffles the array in place (Fisher-Yates) and returns it. */
  readonly shuffle: <T>(values: T[]) => T[];
  /** A stream of its own for `label`, which does not depend on how much was drawn from this one. */
  readonly fork: (label: string | number) => Random;
}

/**
 * Doty-Humphrey's sfc32 (PractRand's small fast counter generator, 128 bits of state), seeded through a hash of
 * the seed's text.
 *
 * @example
 * createRandom(7).fork('dropout').next();
 */
export function createRandom(seed: string | number): Random {
  let [a, b, c, counter] = hash(String(seed));
  const bits = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // The first outputs still show the seed's structure.
  for (let i = 0; i < 12; i += 1) bits();
  const next = () => bits() / 2 ** 32;
  const integer = (n: number) => Math.floor(next() * n);
  return {
    next,
    integer,
    uniform: (low, high) => low + (high - low) * next(),
    // Box & Muller 1958; 1 − u keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle: (values) => {
      for (let i = values.length - 1; i > 0; i -= 1) {
        const j = integer(i + 1);
        [values[i], values[j]] = [values[j], values[i]];
      }
      return values;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

/** The first state from a text: FNV-1a from three starting points, finished by murmur3's mixer; the counter at 1. */
function hash(text: string): [number, number, number, number] {
  const word = (start: number) => {
    let h = start;
    for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x243f6a88), 1];
}

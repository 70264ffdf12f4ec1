import { createRandom, type Random } from '@mars/autograd/random';
import { MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { groupBy, type Fold, type SplitOptions } from './fold.ts';

/**
 * Protocol `seed`: one random division, stratified by emotion and channel. The same actors stand on both sides, so its
 * figures say nothing about a stranger's voice: print them beside `emobox`.
 *
 * Errors: `CONFIG_INVALID` for a share outside [0, 1).
 *
 * @example
 * const [{ train, validation, test }] = splitSeed(clips, { splitSeed: 1 }); // 1766, 196 and 490 of RAVDESS
 */
export function splitSeed(
  clips: readonly Clip[],
  { splitSeed = 0, testFraction = 0.2, validationFraction = 0.1 }: SplitOptions = {},
): Fold[] {
  checkFraction('testFraction', testFraction);
  checkFraction('validationFraction', validationFraction);
  const random = createRandom(`split/${splitSeed}`);
  const [test, rest] = drawStratified(clips, testFraction, random.fork('test'));
  const [validation, train] = drawStratified(rest, validationFraction, random.fork('validation'));
  return [{ name: 'seed', train, validation, test }];
}

/**
 * Takes a share of the clips such that every stratum (emotion and channel of a corpus) and the whole are within one
 * clip of that share. Clips of the same content go the same way, and may widen that by their number.
 */
function drawStratified(
  clips: readonly Clip[],
  fraction: number,
  random: Random,
): [drawn: Clip[], rest: Clip[]] {
  const contents = groupBy(clips, ({ contentHash, corpus, id }) => contentHash ?? `${corpus}/${id}`);
  const strata = groupBy(
    [...contents.values()],
    ([{ corpus, channel, emotion }]) => `${corpus}/${channel}/${emotion}`,
  );
  const drawn = new Set<Clip>();
  let seen = 0;
  for (const [stratum, units] of [...strata].sort(([a], [b]) => (a < b ? -1 : 1))) {
    seen += units.reduce((sum, unit) => sum + unit.length, 0);
    // Counting the running total, not each share, keeps the errors of the strata from adding up.
    let wanted = Math.round(seen * fraction) - drawn.size;
    for (const unit of random.fork(stratum).shuffle([...units])) {
      if (unit.length > wanted) continue;
      for (const clip of unit) drawn.add(clip);
      wanted -= unit.length;
    }
  }
  return [clips.filter((clip) => drawn.has(clip)), clips.filter((clip) => !drawn.has(clip))];
}

function checkFraction(name: string, value: number): void {
  if (!(value >= 0 && value < 1)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${name} is ${value}; a share from 0 up to (not including) 1 was expected.`,
    );
  }
}

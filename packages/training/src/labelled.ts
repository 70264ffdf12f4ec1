import type { Clip } from './corpora/clip.ts';

/**
 * Per corpus, the classes that its clips may be: those that it labels, and those that none does, which are wrong
 * everywhere. One corpus alone leaves nothing open.
 *
 * @example
 * labelledBy([...ravdess, ...cremaD], EMOTIONS).get('crema-d'); // all but those of calm and surprised
 */
export function labelledBy(clips: readonly Clip[], labels: readonly string[]): Map<string, number[]> {
  const emotionsOf = (some: readonly Clip[]) => new Set<string>(some.map(({ emotion }) => emotion));
  const anywhere = emotionsOf(clips);
  return new Map(
    [...Map.groupBy(clips, ({ corpus }) => corpus)].map(([corpus, ofCorpus]) => {
      const present = emotionsOf(ofCorpus);
      return [
        corpus,
        labels.flatMap((label, index) => (present.has(label) || !anywhere.has(label) ? [index] : [])),
      ];
    }),
  );
}

/** Per example, each clip standing there in so many versions, the classes that it may be. */
export function knownOf(
  clips: readonly Clip[],
  versions: number,
  labelled: ReadonlyMap<string, readonly number[]>,
): readonly (readonly number[])[] {
  return clips.flatMap(({ corpus }) => Array<readonly number[]>(versions).fill(labelled.get(corpus)!));
}

/** Per example, each clip standing there in so many versions, of which corpus it is: a number from 0. */
export function corporaOf(clips: readonly Clip[], versions: number): readonly number[] {
  const names = [...new Set(clips.map(({ corpus }) => corpus))];
  return clips.flatMap(({ corpus }) => Array<number>(versions).fill(names.indexOf(corpus)));
}

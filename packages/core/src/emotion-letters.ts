/**
 * A capital for each label: its first letter that no label before it has.
 *
 * @example
 * lettersOf(['sad', 'angry', 'surprised']); // sad S, angry A, surprised U
 */
export function lettersOf(labels: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    labels.map((label) => {
      const letter =
        label
          .toUpperCase()
          .match(/\p{L}/gu)
          ?.find((each) => !taken.has(each)) ?? '?';
      taken.add(letter);
      return [label, letter];
    }),
  );
}

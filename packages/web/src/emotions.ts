import { EMOTION_COLOURS, EMOTIONS, type Emotion } from '@mars/core';

/**
 * A capital for each emotion, its first letter that none before it has; the same as the command line's strip shows, so
 * that colour is never alone.
 */
export const LETTERS: ReadonlyMap<string, string> = lettersOf(EMOTIONS);

function lettersOf(labels: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    labels.map((label) => {
      const letter =
        label
          .toUpperCase()
          .split('')
          .find((each) => !taken.has(each)) ?? '?';
      taken.add(letter);
      return [label, letter];
    }),
  );
}

/** The CSS colour of an emotion, in the page's theme. */
export function colourOf(emotion: string | null): string {
  return emotion !== null && emotion in EMOTION_COLOURS ? `var(--emotion-${emotion})` : 'var(--line-strong)';
}

/** Makes core's colours CSS custom properties: `--emotion-angry` and so on. */
export function setEmotionColours(): void {
  const { style } = document.documentElement;
  for (const [emotion, { light, dark }] of Object.entries(EMOTION_COLOURS) as [
    Emotion,
    { light: string; dark: string },
  ][]) {
    style.setProperty(`--emotion-${emotion}`, `light-dark(${light}, ${dark})`);
  }
}

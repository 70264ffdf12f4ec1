import { EMOTION_COLOURS, EMOTIONS, lettersOf, type Emotion } from '@mars/core';

/** The capital that stands for each emotion, as in the command line's strip, so that colour is never alone. */
export const LETTERS: ReadonlyMap<string, string> = lettersOf(EMOTIONS);

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

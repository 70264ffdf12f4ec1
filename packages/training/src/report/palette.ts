import { EMOTION_COLOURS, EMOTIONS, type Colour } from '@mars/core';

/** Colours by role. Plots name them as CSS variables, so that one drawing serves paper, screen and dark screen. */
const ROLES: Readonly<Record<string, Colour>> = {
  paper: { light: '#ffffff', dark: '#16171a' },
  ink: { light: '#1d1d1f', dark: '#e9e7e3' },
  soft: { light: '#5f6166', dark: '#a7a5a0' },
  rule: { light: '#d8d9dc', dark: '#3b3d42' },
  wash: { light: '#f4f5f6', dark: '#202226' },
  accent: { light: '#1f5fa8', dark: '#7db0f0' },
  /** Deep enough for light text on a full cell, and for dark text on a half full one. */
  heat: { light: '#123f78', dark: '#5b93dc' },
  second: { light: '#b5532a', dark: '#f0a07c' },
};

const COLOURS: ReadonlyMap<string, Colour> = new Map([
  ...Object.entries(ROLES),
  ...EMOTIONS.map((emotion): [string, Colour] => [emotion, EMOTION_COLOURS[emotion]]),
]);

/** The CSS variable of a role or an emotion; ink for a label that has no colour of its own. */
export function colour(name: string): string {
  return `var(--${COLOURS.has(name) ? name : 'ink'})`;
}

/** The declarations of all variables, for a style sheet. */
export function declareColours(theme: keyof Colour): string {
  return [...COLOURS].map(([name, value]) => `--${name}:${value[theme]}`).join(';');
}

/** The drawing with its variables written out, for renderers that know none. */
export function resolveColours(svg: string, theme: keyof Colour = 'light'): string {
  return svg.replaceAll(
    /var\(--([a-z]+)\)/g,
    (variable, name: string) => COLOURS.get(name)?.[theme] ?? variable,
  );
}

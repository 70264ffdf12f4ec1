import type { Emotion } from './emotions.ts';

/** A colour on white paper and on a dark screen, as CSS takes it. */
export interface Colour {
  readonly light: string;
  readonly dark: string;
}

/**
 * The colour of each emotion, wherever one is drawn. On paper any two stay apart for eyes without red or green cones
 * (CIE76 distance of 17 and more in the simulation of Machado et al. 2009); still, never tell emotions by colour alone.
 */
export const EMOTION_COLOURS: Readonly<Record<Emotion, Colour>> = {
  neutral: { light: '#6f6f6f', dark: '#a3a3a3' },
  calm: { light: '#56b4e9', dark: '#6cc5f0' },
  happy: { light: '#f0a500', dark: '#f0a500' },
  sad: { light: '#2a4d9b', dark: '#6f8fe8' },
  angry: { light: '#cc3311', dark: '#f0603c' },
  fearful: { light: '#b45fa0', dark: '#c983ba' },
  disgust: { light: '#0b6b3a', dark: '#35a36b' },
  surprised: { light: '#e58fb1', dark: '#f0a8c4' },
};

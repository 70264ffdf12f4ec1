import type { Verdict } from '@mars/core';
import { words } from '../strings/en.ts';
import { percent } from './format.ts';

type Heard = Pick<Verdict, 'verdict' | 'emotion' | 'confidence'>;

/** The word for an emotion; a label that has none stands for itself. */
export function emotionWord(emotion: string | null): string {
  return emotion === null ? words.verdict.none : (words.emotions[emotion] ?? emotion);
}

/** "Sounds angry", "Not sure", "Nobody speaks here" */
export function headline({ verdict, emotion }: Heard): string {
  if (verdict === 'no-speech') return words.verdict.nobody;
  return verdict === 'uncertain' ? words.verdict.unsure : words.verdict.sounds(emotionWord(emotion));
}

/** The confidence in words. */
export function sureness({ verdict, confidence }: Heard): string {
  if (verdict === 'no-speech') return '';
  if (verdict === 'uncertain') return words.sureness.unsure;
  if (confidence >= 0.85) return words.sureness.very;
  return confidence >= 0.6 ? words.sureness.fairly : words.sureness.rather;
}

/** A verdict in one phrase: "angry, fairly sure, 72%" */
export function phrase(heard: Heard): string {
  const { verdict, emotion, confidence } = heard;
  if (verdict === 'no-speech') return words.verdict.nobody;
  const said = verdict === 'uncertain' ? words.verdict.closest(emotionWord(emotion)) : emotionWord(emotion);
  return `${said}, ${sureness(heard)}, ${percent(confidence)}`;
}

import type { Heard } from '@mars/client';

/** How an assistant may talk, from everyday to soft. `from`: the strain from which on. */
export const TONES = [
  {
    name: 'plain',
    from: 0,
    instruction: 'Answer briefly and to the point.',
    reply: 'Your parcel comes tomorrow between nine and noon.',
  },
  {
    name: 'warm',
    from: 0.4,
    instruction: 'Answer calmly and kindly, in short sentences. Offer one thing that you can do.',
    reply: 'Your parcel comes tomorrow, between nine and noon. Shall I tell you when it is on its way?',
  },
  {
    name: 'gentle',
    from: 0.65,
    instruction:
      'Take your time: one thing after the other, nothing witty, nothing to sell. Offer a person to talk to. ' +
      'Name no emotion: it is a guess.',
    reply:
      'I am looking after it. Your parcel comes tomorrow, between nine and noon. You can talk to one of us too, if you like.',
  },
] as const;

export type ToneName = (typeof TONES)[number]['name'];

/** What is kept between utterances: no sound and no words. */
export interface ToneState {
  readonly tone: ToneName;
  /** 0 to 1: how much of late sounded sad, angry, afraid or disgusted. */
  readonly strain: number;
}

export const FIRST_TONE: ToneState = { tone: 'plain', strain: 0 };

const STRAINED: readonly string[] = ['sad', 'angry', 'fearful', 'disgust'];

/** How far one utterance moves the strain: a verdict may be wrong, and an uncertain one is more often. */
const WEIGHTS = { emotion: 0.5, uncertain: 0.25, 'no-speech': 0 } as const;

/** A tone that is found is kept until the strain is so far below it: it does not waver from one sentence to the next. */
const HOLD = 0.1;

/**
 * The tone after an utterance.
 *
 * @example
 * let state = FIRST_TONE;
 * for await (const event of stream) {
 *   if (event.type === 'measurement.result' && event.trigger === 'speech_ended') state = nextTone(state, event);
 * }
 */
export function nextTone({ tone, strain: before }: ToneState, heard: Heard): ToneState {
  const strain = before + WEIGHTS[heard.verdict] * (strainOf(heard) - before);
  const risen = TONES.findLast(({ from }) => strain >= from)!;
  const held = TONES.findLast(({ from }) => strain >= from - HOLD)!;
  const now = TONES.findIndex(({ name }) => name === tone);
  // Up to what the strain asks for; down only as far as it does not hold any more.
  const next = Math.max(TONES.indexOf(risen), Math.min(now, TONES.indexOf(held)));
  return { tone: TONES[next].name, strain };
}

/** The probability that it sounds like one of the strained emotions. */
function strainOf({ scores }: Heard): number {
  return scores.reduce((sum, { label, score }) => sum + (STRAINED.includes(label) ? score : 0), 0);
}

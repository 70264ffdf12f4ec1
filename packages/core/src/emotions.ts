/** The eight emotions of RAVDESS, in the order of its file names (01 … 08). */
export const EMOTIONS = [
  'neutral',
  'calm',
  'happy',
  'sad',
  'angry',
  'fearful',
  'disgust',
  'surprised',
] as const;

export type Emotion = (typeof EMOTIONS)[number];

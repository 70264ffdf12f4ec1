export { EMOTIONS, type Emotion } from './emotions.ts';
export { ERROR_CODES, MarsError, type ErrorCode } from './errors.ts';
export type { Audio } from './audio/audio.ts';

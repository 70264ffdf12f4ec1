/** Up to here a recording is a clip, which is heard as a whole; a longer one is told by its segments. */
export const LONGEST_CLIP_SEC = 30;

import type { Emotion } from '@mars/core';
import type { Clip } from './clip.ts';
import { findTakes } from './takes.ts';

/** speaker – text – emotion – version (Burkhardt et al. 2005, "A database of German emotional speech"). */
const NAME = /^(?<speaker>\d{2})(?<text>[ab]\d{2})(?<emotion>[WEAFTN])(?<version>[a-z])$/;

const HINT =
  'Looked for recordings with names such as 03a01Fa.wav. Give the folder into which EMO-DB was unpacked.';

/** From the German words: Wut, Ekel, Angst, Freude, Trauer. L, Langeweile (boredom), is none of the eight. */
const EMOTION_OF: Readonly<Record<string, Emotion>> = {
  W: 'angry',
  E: 'disgust',
  A: 'fearful',
  F: 'happy',
  T: 'sad',
  N: 'neutral',
};

const WOMEN = new Set(['08', '09', '13', '14', '16']);

/**
 * The clips of EMO-DB: ten German speakers, ten sentences. Its 81 clips of boredom are left out.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * (await readEmodb('/data/emodb')).length; // 454
 */
export async function readEmodb(dir: string): Promise<Clip[]> {
  const takes = await findTakes(dir, { title: 'EMO-DB', name: NAME, hint: HINT });
  return takes.map(({ file, id, fields: { speaker, text, emotion, version } }) => ({
    file,
    id,
    corpus: 'emodb',
    speaker,
    emotion: EMOTION_OF[emotion],
    statement: text,
    repetition: version.charCodeAt(0) - 'a'.charCodeAt(0) + 1,
    channel: 'speech',
    gender: WOMEN.has(speaker) ? 'female' : 'male',
  }));
}

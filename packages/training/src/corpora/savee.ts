import { posix } from 'node:path';
import type { Emotion } from '@mars/core';
import type { Clip } from './clip.ts';
import { findTakes } from './takes.ts';

/** speaker – emotion and number of the sentence (Haq & Jackson 2009, "Speaker-dependent audio-visual emotion recognition"). */
const NAME = /^(?<speaker>DC|JE|JK|KL)_(?<emotion>sa|su|[adfhn])(?<sentence>\d{2})$/;

const HINT =
  'Looked for recordings with names such as DC_a01.wav, or a01.wav in a folder DC. Give the folder AudioData of SAVEE.';

/** As registered users get it, the speaker is the folder: DC/a01.wav is DC_a01. */
function nameOf(id: string): string {
  const { dir, name } = posix.parse(id);
  return name.includes('_') ? name : `${posix.basename(dir)}_${name}`;
}

const EMOTION_OF: Readonly<Record<string, Emotion>> = {
  a: 'angry',
  d: 'disgust',
  f: 'fearful',
  h: 'happy',
  n: 'neutral',
  sa: 'sad',
  su: 'surprised',
};

/**
 * The clips of SAVEE: four men, 480 sentences. The sentences with the same number differ between emotions, so that
 * `statement` holds both.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * (await readSavee('/data/savee')).length; // 480
 */
export async function readSavee(dir: string): Promise<Clip[]> {
  const takes = await findTakes(dir, { title: 'SAVEE', name: NAME, nameOf, hint: HINT });
  return takes.map(({ file, id, fields: { speaker, emotion, sentence } }) => ({
    file,
    id,
    corpus: 'savee',
    speaker,
    emotion: EMOTION_OF[emotion],
    statement: `${emotion}${sentence}`,
    channel: 'speech',
    gender: 'male',
  }));
}

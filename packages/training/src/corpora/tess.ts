import type { Emotion } from '@mars/core';
import type { Clip } from './clip.ts';
import { findTakes } from './takes.ts';

/**
 * speaker – word – emotion (Pichora-Fuller & Dupuis 2020, doi 10.5683/SP2/E8H2MF). One file of the original lost a
 * letter: OA_bite_neutral.
 */
const NAME = /^(?<speaker>OAF?|YAF)_(?<word>[a-z]+)_(?<emotion>angry|disgust|fear|happy|neutral|ps|sad)$/;

const HINT =
  'Looked for recordings with names such as OAF_back_angry.wav. Give the folder into which TESS ' +
  '(doi 10.5683/SP2/E8H2MF) was unpacked.';

const EMOTION_OF: Readonly<Record<string, Emotion>> = {
  angry: 'angry',
  disgust: 'disgust',
  fear: 'fearful',
  happy: 'happy',
  neutral: 'neutral',
  // "Pleasant surprise".
  ps: 'surprised',
  sad: 'sad',
};

/**
 * The clips of TESS: two women, an older (OAF) and a younger (YAF), say "Say the word …" with 200 words.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * (await readTess('/data/tess')).length; // 2800
 */
export async function readTess(dir: string): Promise<Clip[]> {
  const takes = await findTakes(dir, { title: 'TESS', name: NAME, hint: HINT });
  return takes.map(({ file, id, fields: { speaker, word, emotion } }) => ({
    file,
    id,
    corpus: 'tess',
    speaker: speaker === 'YAF' ? 'YAF' : 'OAF',
    emotion: EMOTION_OF[emotion],
    statement: word,
    channel: 'speech',
    gender: 'female',
  }));
}

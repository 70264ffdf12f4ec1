import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emotion } from '@mars/core';
import type { Clip } from './clip.ts';
import { findTakes } from './takes.ts';

/** speaker – sentence – emotion – level (Cao et al. 2014, doi 10.1109/TAFFC.2014.2336244). */
const NAME =
  /^(?<speaker>1\d{3})_(?<sentence>[A-Z]{3})_(?<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?<level>LO|MD|HI|XX|X)$/;

const HINT =
  'Looked for recordings with names such as 1001_DFA_ANG_XX.wav. Give the folder AudioWAV of CREMA-D ' +
  '(CheyneyComputerScience/CREMA-D), or the one above it.';

const EMOTION_OF: Readonly<Record<string, Emotion>> = {
  ANG: 'angry',
  DIS: 'disgust',
  FEA: 'fearful',
  HAP: 'happy',
  NEU: 'neutral',
  SAD: 'sad',
};

const LEVELS: Readonly<Record<string, string>> = { LO: 'low', MD: 'medium', HI: 'high' };

/**
 * The clips of CREMA-D, 91 speakers and 12 sentences, found by their names anywhere below `dir`. Where
 * `VideoDemographics.csv` lies in `dir` the speakers' sex comes from it. Most sentences were spoken at no stated level.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * const clips = await readCremaD('/data/crema-d');
 * clips[0].speaker; // '1001'
 */
export async function readCremaD(dir: string): Promise<Clip[]> {
  const takes = await findTakes(dir, { title: 'CREMA-D', name: NAME, hint: HINT });
  const genders = await readGenders(join(dir, 'VideoDemographics.csv'));
  return takes.map(({ file, id, fields: { speaker, sentence, emotion, level } }) => ({
    file,
    id,
    corpus: 'crema-d',
    speaker,
    emotion: EMOTION_OF[emotion],
    intensity: LEVELS[level],
    statement: sentence,
    channel: 'speech',
    gender: genders.get(speaker),
  }));
}

/** Sex by speaker, from lines such as `1001,51,"Male","Caucasian","Not Hispanic"`. */
async function readGenders(file: string): Promise<Map<string, Clip['gender']>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const rows = text.matchAll(/^"?(?<speaker>\d{4})"?,[^,]*,"?(?<sex>Male|Female)"?/gm);
  return new Map(
    [...rows].map(({ groups }) => [groups!.speaker, groups!.sex === 'Male' ? 'male' : 'female']),
  );
}

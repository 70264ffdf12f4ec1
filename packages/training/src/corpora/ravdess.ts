import { EMOTIONS } from '@mars/core';
import type { Clip } from './clip.ts';
import { findTakes, type Take } from './takes.ts';

/**
 * modality – vocal channel – emotion – intensity – statement – repetition – actor, two digits each
 * (Livingstone & Russo 2018, doi 10.1371/journal.pone.0196391). Only modality 03, audio alone: the sound of
 * the videos (01) is the same takes once more, and would stand on both sides of a split.
 */
const NAME =
  /^03-(?<channel>0[12])-(?<emotion>0[1-8])-(?<intensity>0[12])-(?<statement>0[12])-(?<repetition>0[12])-(?<actor>0[1-9]|1\d|2[0-4])$/;

const HINT =
  'Looked for .wav and .flac files with names of seven numbers such as 03-01-06-01-02-01-12.wav, the first of them 03 ' +
  '(audio only). Give the folder into which Audio_Speech_Actors_01-24.zip (Zenodo record 1188976) was unpacked.';

const CHANNELS = { '01': 'speech', '02': 'song' } as const;
const INTENSITIES = { '01': 'normal', '02': 'strong' } as const;
/** "Kids are talking by the door", "Dogs are sitting by the door". */
const STATEMENTS = { '01': 'kids', '02': 'dogs' } as const;

/**
 * The clips of RAVDESS, speech and song, found by their seven-number names anywhere below `dir`, in the order of
 * those names. Speakers are called `Actor_01` … `Actor_24`.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * const clips = await readRavdess('/data/ravdess');
 * clips[0].id; // 'speech/Actor_01/03-01-01-01-01-01-01.flac'
 */
export async function readRavdess(dir: string): Promise<Clip[]> {
  return (await findTakes(dir, { title: 'RAVDESS', name: NAME, hint: HINT })).map(toClip);
}

function toClip({ file, id, fields }: Take): Clip {
  const { channel, emotion, intensity, statement, repetition, actor } = fields;
  return {
    file,
    id,
    corpus: 'ravdess',
    speaker: `Actor_${actor}`,
    emotion: EMOTIONS[Number(emotion) - 1],
    intensity: INTENSITIES[intensity as keyof typeof INTENSITIES],
    statement: STATEMENTS[statement as keyof typeof STATEMENTS],
    repetition: Number(repetition),
    channel: CHANNELS[channel as keyof typeof CHANNELS],
    gender: Number(actor) % 2 === 1 ? 'male' : 'female',
  };
}

import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { EMOTIONS, MarsError } from '@mars/core';
import type { Clip } from './clip.ts';

/**
 * modality – vocal channel – emotion – intensity – statement – repetition – actor, two digits each
 * (Livingstone & Russo 2018, doi 10.1371/journal.pone.0196391). Only modality 03, audio alone: the sound of
 * the videos (01) is the same takes once more, and would stand on both sides of a split.
 */
const NAME =
  /^03-(?<channel>0[12])-(?<emotion>0[1-8])-(?<intensity>0[12])-(?<statement>0[12])-(?<repetition>0[12])-(?<actor>0[1-9]|1\d|2[0-4])\.(?:wav|flac)$/i;

const CHANNELS = { '01': 'speech', '02': 'song' } as const;
const INTENSITIES = { '01': 'normal', '02': 'strong' } as const;
/** "Kids are talking by the door", "Dogs are sitting by the door". */
const STATEMENTS = { '01': 'kids', '02': 'dogs' } as const;

/**
 * The clips of RAVDESS, speech and song, found by their seven-number names anywhere below `dir`, in the order of
 * those names. A name that is there more than once (the copy on Kaggle holds every file twice) is one clip: the
 * file with the shortest path. Speakers are called `Actor_01` … `Actor_24`.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * const clips = await readRavdess('/data/ravdess');
 * clips[0].id; // 'speech/Actor_01/03-01-01-01-01-01-01.flac'
 */
export async function readRavdess(dir: string): Promise<Clip[]> {
  const root = resolve(dir);
  const files = (await listFiles(root)).filter(({ name }) => NAME.test(name));
  if (files.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `No RAVDESS recording in ${root} or the folders below it. Looked for .wav and .flac files with names of ` +
        'seven numbers such as 03-01-06-01-02-01-12.wav, the first of them 03 (audio only). ' +
        'Give the folder into which Audio_Speech_Actors_01-24.zip (Zenodo record 1188976) was unpacked.',
    );
  }

  const clips = new Map<string, Clip>();
  for (const { name, id } of files.sort(byTakeThenPath)) {
    const take = takeOf(name);
    if (!clips.has(take)) clips.set(take, toClip(root, name, id));
  }
  return [...clips.values()];
}

interface FoundFile {
  readonly name: string;
  readonly id: string;
}

async function listFiles(root: string): Promise<FoundFile[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ name, parentPath }) => ({
        name,
        id: relative(root, join(parentPath, name)).split(sep).join('/'),
      }));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'ENOTDIR'
          ? 'is not a folder'
          : `cannot be read (${code})`;
    throw new MarsError('CORPUS_INVALID', `${root} ${what}; the folder of RAVDESS was expected.`, { cause });
  }
}

function takeOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function byTakeThenPath(a: FoundFile, b: FoundFile): number {
  return (
    compare(takeOf(a.name), takeOf(b.name)) ||
    a.id.split('/').length - b.id.split('/').length ||
    compare(a.id, b.id)
  );
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toClip(root: string, name: string, id: string): Clip {
  const { channel, emotion, intensity, statement, repetition, actor } = NAME.exec(name)!.groups!;
  return {
    file: join(root, id),
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

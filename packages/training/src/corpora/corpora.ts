import { MarsError } from '@mars/core';
import { hashClips, type Clip, type CorpusReader } from './clip.ts';
import { readCremaD } from './crema-d.ts';
import { readEmodb } from './emodb.ts';
import { readRavdess } from './ravdess.ts';
import { readSavee } from './savee.ts';
import { readTess } from './tess.ts';

/** Every corpus that MARS reads, by the name that `--corpus NAME=DIR` takes. */
const READERS: Readonly<Record<string, CorpusReader>> = {
  ravdess: readRavdess,
  'crema-d': readCremaD,
  tess: readTess,
  savee: readSavee,
  emodb: readEmodb,
};

export const CORPORA: readonly string[] = Object.keys(READERS);

/**
 * The clips of a corpus, each with its content hash, so that splits keep identical recordings together.
 *
 * Errors: `CONFIG_INVALID` for an unknown name, `CORPUS_INVALID` when the folder does not hold that corpus.
 *
 * @example
 * const clips = await readCorpus('ravdess', '/data/ravdess');
 * clips.length; // 2452
 */
export async function readCorpus(name: string, dir: string): Promise<Clip[]> {
  if (!Object.hasOwn(READERS, name)) {
    throw new MarsError('CONFIG_INVALID', `No corpus is called "${name}"; MARS reads ${CORPORA.join(', ')}.`);
  }
  return hashClips(await READERS[name](dir));
}

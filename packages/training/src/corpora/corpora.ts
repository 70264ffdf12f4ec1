import { MarsError } from '@mars/core';
import { CORPORA, type CorpusName } from './catalogue.ts';
import { hashClips, type Clip, type CorpusReader } from './clip.ts';
import { readCremaD } from './crema-d.ts';
import { readEmodb } from './emodb.ts';
import { readFolder } from './folder.ts';
import { knownFault } from './known-faults.ts';
import { readRavdess } from './ravdess.ts';
import { readSavee } from './savee.ts';
import { isTable, readTable } from './table.ts';
import { readTess } from './tess.ts';

const READERS: Readonly<Record<CorpusName, CorpusReader>> = {
  ravdess: readRavdess,
  'crema-d': readCremaD,
  tess: readTess,
  savee: readSavee,
  emodb: readEmodb,
};

export interface ReadCorpusOptions {
  /** A label map, for a table or a folder per label (labels.json beside it or in it, where that is there). */
  readonly labels?: string;
}

/**
 * The clips of a corpus, each with its content hash, so that splits keep identical recordings together. A path that ends
 * in .csv, .jsonl or .ndjson is a table (`readTable`); a folder is read by the file names of the corpus that is named, and
 * as a folder per label (`readFolder`) where the name is none of MARS's own. Recordings that are known to be faulty,
 * such as seven of CREMA-D, are left out.
 *
 * Errors: `CORPUS_INVALID` when the path does not hold that corpus; `CONFIG_INVALID` for a bad name or label map.
 *
 * @example
 * (await readCorpus('ravdess', '/data/ravdess')).length; // 2452
 * (await readCorpus('mine', '/data/mine.csv')).length;
 */
export async function readCorpus(
  name: string,
  path: string,
  options: ReadCorpusOptions = {},
): Promise<Clip[]> {
  const clips = await listCorpus(name, path, options);
  return hashClips(clips.filter((clip) => clip.fault === undefined));
}

/** All clips of a corpus with what is known against them (`fault`), none opened and none left out. */
export async function listCorpus(
  name: string,
  path: string,
  { labels }: ReadCorpusOptions = {},
): Promise<Clip[]> {
  const clips = await read(name, path, labels);
  return clips.map((clip) => {
    const fault = knownFault(clip);
    return fault === undefined ? clip : { ...clip, fault };
  });
}

async function read(name: string, path: string, labels?: string): Promise<Clip[]> {
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(name)) {
    throw new MarsError(
      'CONFIG_INVALID',
      `"${name}" cannot name a corpus: letters, digits, dots, - and _ can, as in my-corpus.`,
    );
  }
  if (isTable(path)) return readTable(name, path, { labels });
  if (Object.hasOwn(READERS, name)) {
    if (labels === undefined) return READERS[name as CorpusName](path);
    throw new MarsError(
      'CONFIG_INVALID',
      `The labels of ${name} are in its file names, so it takes no label map (${labels}).`,
    );
  }
  try {
    return await readFolder(name, path, { labels });
  } catch (error) {
    if (!(error instanceof MarsError) || error.code !== 'CORPUS_INVALID') throw error;
    // Most likely a misspelt name.
    throw new MarsError(
      'CORPUS_INVALID',
      `"${name}" is none of the corpora that MARS knows by name (${CORPORA.join(', ')}), so a folder per label was ` +
        `looked for. ${error.message}`,
      { cause: error },
    );
  }
}

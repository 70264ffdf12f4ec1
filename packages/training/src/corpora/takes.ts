import { readdir } from 'node:fs/promises';
import { join, parse, relative, resolve, sep } from 'node:path';
import { MarsError } from '@mars/core';

/** A recording whose name says what it holds. */
export interface Take {
  /** Absolute path. */
  readonly file: string;
  /** Path relative to the corpus folder, with forward slashes. */
  readonly id: string;
  /** The named groups of the pattern. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface TakePattern {
  /** The corpus as its authors call it. */
  readonly title: string;
  /** Matched against the take's name: that of the file without its extension, if `nameOf` says no other. */
  readonly name: RegExp;
  /** The take's name, where folders hold a part of it. */
  readonly nameOf?: (id: string) => string;
  /** For the error: what such names look like, and which folder to give. */
  readonly hint: string;
}

const RECORDING = /\.(wav|flac|mp3|ogg|oga|opus)$/i;

/**
 * The recordings of a corpus, found by their names anywhere below `dir`, in the order of those names. A name that is
 * there more than once (the copy of RAVDESS on Kaggle holds every file twice) is one take: the file with the shortest
 * path.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, or no such file in it.
 *
 * @example
 * const takes = await findTakes(dir, { title: 'TESS', name: /^(?<speaker>OAF|YAF)_/, hint: 'OAF_back_angry.wav' });
 */
export async function findTakes(
  dir: string,
  { title, name, nameOf = (id) => parse(id).name, hint }: TakePattern,
): Promise<Take[]> {
  const { root, recordings } = await findRecordings(dir, title);
  const files = recordings
    .map((recording) => ({ ...recording, stem: nameOf(recording.id) }))
    .filter(({ stem }) => name.test(stem));
  if (files.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `No ${title} recording in ${root} or the folders below it. ${hint}`,
    );
  }
  const takes = new Map<string, Take>();
  for (const { stem, id, file } of files.sort(byNameThenPath)) {
    const fields = { ...name.exec(stem)!.groups };
    if (!takes.has(stem)) takes.set(stem, { file, id, fields });
  }
  return [...takes.values()];
}

/**
 * Every recording below `dir`, by its extension, in the order of the paths.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder; `title` says whose folder was expected.
 */
export async function findRecordings(
  dir: string,
  title: string,
): Promise<{ root: string; recordings: Pick<Take, 'file' | 'id'>[] }> {
  const root = resolve(dir);
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const recordings = entries
      .filter((entry) => !entry.isDirectory() && RECORDING.test(entry.name) && !entry.name.startsWith('.'))
      .map(({ name, parentPath }) => {
        const file = join(parentPath, name);
        return { file, id: relative(root, file).split(sep).join('/') };
      });
    return { root, recordings: recordings.sort((a, b) => compare(a.id, b.id)) };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'ENOTDIR'
          ? 'is not a folder'
          : `cannot be read (${code})`;
    throw new MarsError('CORPUS_INVALID', `${root} ${what}; the folder of ${title} was expected.`, { cause });
  }
}

interface NamedFile {
  /** The take's name. */
  readonly stem: string;
  readonly id: string;
}

function byNameThenPath(a: NamedFile, b: NamedFile): number {
  return compare(a.stem, b.stem) || a.id.split('/').length - b.id.split('/').length || compare(a.id, b.id);
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

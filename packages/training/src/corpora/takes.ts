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
  /** Matched against the name without its extension. */
  readonly name: RegExp;
  /** For the error: what such names look like, and which folder to give. */
  readonly hint: string;
}

const RECORDING = /\.(wav|flac|mp3|ogg|opus)$/i;

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
export async function findTakes(dir: string, { title, name, hint }: TakePattern): Promise<Take[]> {
  const root = resolve(dir);
  const files = (await listFiles(root, title)).filter(({ stem }) => name.test(stem));
  if (files.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `No ${title} recording in ${root} or the folders below it. ${hint}`,
    );
  }
  const takes = new Map<string, Take>();
  for (const { stem, id } of files.sort(byNameThenPath)) {
    const fields = { ...name.exec(stem)!.groups };
    if (!takes.has(stem)) takes.set(stem, { file: join(root, id), id, fields });
  }
  return [...takes.values()];
}

interface FoundFile {
  /** The file's name without its extension. */
  readonly stem: string;
  readonly id: string;
}

async function listFiles(root: string, title: string): Promise<FoundFile[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && RECORDING.test(entry.name))
      .map(({ name, parentPath }) => ({
        stem: parse(name).name,
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
    throw new MarsError('CORPUS_INVALID', `${root} ${what}; the folder of ${title} was expected.`, { cause });
  }
}

function byNameThenPath(a: FoundFile, b: FoundFile): number {
  return compare(a.stem, b.stem) || a.id.split('/').length - b.id.split('/').length || compare(a.id, b.id);
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

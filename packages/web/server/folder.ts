import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** The names of the files in a folder and in those below it, from it, with slashes, sorted; no links. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

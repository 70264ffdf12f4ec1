import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];

/** A folder that holds these files, each with its own path as content; removed after the tests of the file. */
export async function folderOf(...paths: string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'mars-corpus-'));
  folders.push(root);
  for (const path of paths) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), path);
  }
  return root;
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformWithOxc } from 'vite';
import { filesIn } from './folder.ts';

/** Where a build says what it was made of. */
export const STAMP = 'sources.txt';

const NAME = 'service-worker.js';
const SOURCE = join(import.meta.dirname, '../src/service-worker.ts');

/**
 * Writes the service worker beside the page that is in the folder. It knows all of the folder's files, and a version that
 * changes when one of them does.
 */
export async function writeServiceWorker(folder: string): Promise<void> {
  const hash = createHash('sha256');
  const files = [];
  for (const name of await filesIn(folder)) {
    // Compressed ones are other forms of the same.
    if (/\.(?:br|gz)$/.test(name) || name === NAME || name === STAMP) continue;
    files.push(name);
    hash
      .update(name)
      .update('\0')
      .update(await readFile(join(folder, name)));
  }
  const { code } = await transformWithOxc(await readFile(SOURCE, 'utf8'), SOURCE, { sourcemap: false });
  const version = hash.update(code).digest('hex').slice(0, 12);
  const known = `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(files)};\n`;
  // A classic script: not every browser takes a module as service worker.
  await writeFile(join(folder, NAME), `${known}\n${code.replace(/^export \{\s*\};?$/m, '')}`);
}

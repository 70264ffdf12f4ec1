import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MarsError } from '@mars/core';

/**
 * Makes a folder with files in it appear whole and once, whatever happens meanwhile: the files are written and synced
 * under another name, and the folder takes its own by one `rename`, which no file system does halfway and none does over
 * a folder that holds something. Of several that make the same folder the first one wins, and it is never written to
 * again.
 *
 * @param workshop where it is made: a folder on the same disk, into which nobody looks
 * @returns whether it was this call that made it
 * @throws MarsError `CONFIG_INVALID` where it cannot be written
 */
export async function publishFolder(
  path: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  { workshop }: { workshop: string },
): Promise<boolean> {
  try {
    if (await isThere(path)) return false;
    await mkdir(workshop, { recursive: true });
    const unfinished = await mkdtemp(join(workshop, 'unfinished-'));
    try {
      for (const [name, content] of Object.entries(files)) await writeSynced(join(unfinished, name), content);
      await syncFolder(unfinished);
      await mkdir(dirname(path), { recursive: true });
      return await renameOnce(unfinished, path);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  } catch (cause) {
    // Who comes first may tidy up.
    if (await isThere(path)) return false;
    throw new MarsError(
      'CONFIG_INVALID',
      `${path} cannot be written (${(cause as Error).message}). Make room, or see to its permissions, and begin again: ` +
        'what was done is kept.',
      { cause },
    );
  }
}

/** Whether there is something of this name. */
export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function renameOnce(from: string, to: string): Promise<boolean> {
  let isFirst = true;
  try {
    await rename(from, to);
  } catch (error) {
    // Systems have several words for a folder that is there and not empty.
    if (!(await isThere(to))) throw error;
    isFirst = false;
  }
  // Also for the one who comes second: the first may not have come this far.
  await syncFolder(dirname(to));
  await syncFolder(dirname(dirname(to)));
  return isFirst;
}

async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it, a file's name may be lost with the power although its content is not. */
async function syncFolder(path: string): Promise<void> {
  // Windows does not open folders, and keeps their names with its journal.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

import { constants } from 'node:fs';
import { access, chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MarsError } from '@mars/core';

/**
 * Checks that a file can be written, before the work that it is for. Folders on its way are made.
 *
 * @param replace whether a file that is there may be replaced
 * @throws MarsError `CONFIG_INVALID` where it cannot or must not be
 */
export async function checkOutputFile(
  option: string,
  path: string,
  { replace = true }: { replace?: boolean } = {},
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const status = await stat(path).catch(() => undefined);
    if (status?.isDirectory()) throw new Error('it is a folder');
    await access(status ? path : dirname(path), constants.W_OK);
    if (!status || replace) return;
  } catch (error) {
    const { message } = error as Error;
    throw new MarsError('CONFIG_INVALID', `${option} ${path} cannot be written (${message}). Name another.`);
  }
  throw new MarsError(
    'CONFIG_INVALID',
    `${option} ${path} is there already. Name another, or replace it with --force.`,
  );
}

/** Writes a text; `isPrivate`: for nobody but its owner to read. */
export async function writeOutputFile(
  path: string,
  text: string,
  { isPrivate = false }: { isPrivate?: boolean } = {},
): Promise<void> {
  await writeFile(path, text, isPrivate ? { mode: 0o600 } : {});
  // The mode above is for a file that is new.
  if (isPrivate) await chmod(path, 0o600);
}

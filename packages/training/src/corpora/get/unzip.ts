import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MarsError } from '@mars/core';

export interface UnzipOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks a zip archive into a folder. What macOS adds (`__MACOSX`, names with a leading dot) stays out; links become
 * plain files.
 *
 * Errors: `DOWNLOAD_FAILED` for an archive that is damaged or has a path that leads out of the folder; the signal's reason.
 */
export async function unzip(
  archive: string,
  folder: string,
  { onProgress, signal }: UnzipOptions = {},
): Promise<void> {
  const root = resolve(folder);
  await mkdir(root, { recursive: true });
  try {
    const { openPromise } = await import('yauzl');
    const zip = await openPromise(archive);
    let done = 0;
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      onProgress?.(done++, zip.entryCount);
      const path = resolve(root, entry.fileName);
      // yauzl refuses such names as well; what writes files does not rely on it.
      if (!path.startsWith(root + sep)) throw new Error(`${entry.fileName} leads out of the folder`);
      if (entry.fileName.endsWith('/') || /(^|\/)(__MACOSX\/|\.)/.test(entry.fileName)) continue;
      await mkdir(dirname(path), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
    }
    onProgress?.(done, zip.entryCount);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new MarsError(
      'DOWNLOAD_FAILED',
      `The archive ${archive} cannot be unpacked: ${(cause as Error).message}. Delete it and fetch it again.`,
      { cause },
    );
  }
}

import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fileError, MarsError } from '@mars/core';

/** What is taken from a folder. A file that is named itself is tried whatever it is called. */
const AUDIO_EXTENSION = /\.(wav|wave|flac|mp3|ogg|oga|opus)$/i;

/** What makes an argument a glob pattern: *, ?, [set], {one,other}, and !(…) +(…) @(…). */
const PATTERN = /[*?[{]|[!+@]\(/;

/** Something to work on, or the reason why there is nothing. */
export type Recording = { readonly file: string } | { readonly file: string; readonly error: MarsError };

/**
 * Finds the recordings that the arguments of a command name: files, folders (with all that is below them, links to
 * folders not followed) and glob patterns. Paths keep the spelling of the argument. What cannot be listed is returned
 * in its place with its error, and never stops the others.
 */
export async function findRecordings(inputs: readonly string[]): Promise<Recording[]> {
  const found: Recording[] = [];
  for (const input of inputs) {
    for (const recording of await find(input)) found.push(recording);
  }
  return found;
}

async function find(input: string): Promise<Recording[]> {
  const isFolder = await stat(input).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (isFolder) {
    const recordings = await walk(input);
    if (recordings.length > 0) return recordings;
    return nothing(
      input,
      'The folder holds no recording: no file that ends in .wav, .flac, .mp3, .ogg, .oga or .opus.',
    );
  }
  // A name that a file has is that file's, brackets or not; a link that leads nowhere has it too.
  const isName = !PATTERN.test(input) || (await lstat(input).catch(() => undefined)) !== undefined;
  if (isName) return [{ file: input }];
  const recordings = await matches(input);
  if (recordings.length > 0) return recordings;
  return nothing(input, 'The pattern matches no file, and no file has this name.');
}

function nothing(file: string, message: string): Recording[] {
  return [{ file, error: new MarsError('NO_INPUT', message) }];
}

/**
 * Reads a recording's bytes.
 *
 * @throws MarsError `FILE_NOT_FOUND`, `FILE_IS_DIRECTORY`, `FILE_UNREADABLE`, or `AUDIO_TOO_LONG` above 2 GiB
 */
export async function readRecording(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw fileError(error);
  }
}

/**
 * A recording's bytes piece by piece, so that its length does not matter.
 *
 * @param onRead is told the share of the file that has been read, where its size is known
 * @throws MarsError `FILE_NOT_FOUND`, `FILE_IS_DIRECTORY`, `FILE_UNREADABLE`
 */
export async function* readPieces(
  file: string,
  onRead?: (share: number | undefined) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const { size } = await stat(file);
    let read = 0;
    for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) {
      read += piece.length;
      // A pipe has no size.
      onRead?.(size > 0 ? Math.min(1, read / size) : undefined);
      yield piece;
    }
  } catch (error) {
    throw fileError(error);
  }
}

/** Depth first, in the order of the names. */
async function walk(folder: string): Promise<Recording[]> {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return [{ file: folder, error: fileError(error) }];
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: Recording[] = [];
  for (const entry of entries) {
    const path = `${folder.replace(/\/+$/, '')}/${entry.name}`;
    if (entry.isDirectory()) {
      for (const recording of await walk(path)) found.push(recording);
    } else if (AUDIO_EXTENSION.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) {
      found.push({ file: path });
    }
  }
  return found;
}

async function matches(pattern: string): Promise<Recording[]> {
  const { glob } = await import('tinyglobby');
  const files = await glob(pattern, { absolute: isAbsolute(pattern), expandDirectories: false });
  const prefix = pattern.startsWith('./') ? './' : '';
  return files.sort().map((file) => ({ file: prefix + file }));
}

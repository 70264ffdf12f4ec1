import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MarsError, type Emotion } from '@mars/core';

/** Stands for the speaker where a corpus does not tell: such clips can be of anybody. */
export const UNKNOWN_SPEAKER = 'unknown';

/** One labelled recording of a corpus. */
export interface Clip {
  /** Absolute path of the audio file. */
  readonly file: string;
  /** Path relative to the corpus folder, with forward slashes: the clip's name in reports and random streams. */
  readonly id: string;
  /** Name of the corpus, as `readCorpus` takes it. */
  readonly corpus: string;
  /** Who speaks; unique within the corpus, or `UNKNOWN_SPEAKER`. */
  readonly speaker: string;
  readonly emotion: Emotion;
  readonly intensity?: string;
  /** Which sentence or word is said, in the corpus's own short code. */
  readonly statement?: string;
  /** Counts the takes of one sentence from 1. */
  readonly repetition?: number;
  readonly channel?: 'speech' | 'song';
  readonly gender?: 'female' | 'male';
  /** SHA-256 of the file's bytes, in hex (see `hashClips`). Equal hashes never stand on two sides of a split. */
  readonly contentHash?: string;
  /** Why `readCorpus` leaves it out: only among the clips of `listCorpus`. */
  readonly fault?: string;
}

/** Reads a corpus folder into its clips, in an order that depends on the corpus alone and not on the layout. */
export type CorpusReader = (dir: string) => Promise<Clip[]>;

/**
 * The clips with their `contentHash` filled in: about a second for the 2452 files of RAVDESS.
 *
 * Errors: `FILE_NOT_FOUND` or `FILE_UNREADABLE` for a file that cannot be read.
 *
 * @example
 * const clips = await hashClips(await readRavdess('/data/ravdess'));
 */
export async function hashClips(clips: readonly Clip[]): Promise<Clip[]> {
  const hashed = [...clips];
  const pending = clips.entries();
  // Sixteen readers share one iterator: enough to keep a disk busy, few enough for any limit on open files.
  const reader = async () => {
    for (const [index, clip] of pending) {
      hashed[index] = { ...clip, contentHash: clip.contentHash ?? (await hashFile(clip.file)) };
    }
  };
  await Promise.all(Array.from({ length: 16 }, reader));
  return hashed;
}

/** SHA-256 of a file's bytes, in hex. */
export async function hashFile(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readBytes(file))
    .digest('hex');
}

/** The bytes of a file, or `FILE_NOT_FOUND`, `FILE_IS_DIRECTORY`, `FILE_UNREADABLE`. */
export async function readBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new MarsError(
        'FILE_NOT_FOUND',
        `There is no file ${file}; it may have been moved since the corpus was read, or its table may be wrong. Read the corpus again.`,
        { cause },
      );
    }
    if (code === 'EISDIR') {
      throw new MarsError('FILE_IS_DIRECTORY', `${file} is a folder; a recording was expected.`, { cause });
    }
    throw new MarsError(
      'FILE_UNREADABLE',
      `The system would not let ${file} be read (${code}). Check its permissions and the disk.`,
      { cause },
    );
  }
}

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { MarsError } from '@mars/core';
import { CORPUS_CATALOGUE } from '../catalogue.ts';
import { downloadFile, type DownloadOptions } from './download.ts';
import { PUBLIC_SERVERS, SOURCES, type RemoteFile, type Servers } from './sources.ts';
import { unzip } from './unzip.ts';

export interface GetProgress {
  readonly doneFiles: number;
  readonly totalFiles: number;
  /** Of this call: what was there before counts in files only. */
  readonly doneBytes: number;
  /** Of the files that were missing, as far as the source tells sizes. */
  readonly totalBytes: number;
}

export interface GetOptions extends Pick<
  DownloadOptions,
  'retries' | 'retryDelaySec' | 'stallSec' | 'signal'
> {
  /** Other servers than the public ones: a mirror, or those of a test. */
  readonly servers?: Partial<Servers>;
  /** Files fetched at a time (4). */
  readonly parallel?: number;
  readonly onProgress?: (progress: GetProgress) => void;
}

export interface GotCorpus {
  /** Absolute: what `readCorpus` takes. */
  readonly dir: string;
  readonly files: number;
  /** Whether all was there, so that nothing was asked of any server. */
  readonly wasThere: boolean;
}

/** What tells that a folder holds all of a corpus: the paths that must be there. */
const MANIFEST = '.mars-corpus.json';

/** Where things are until they are whole, on the same disk as the corpus. */
const WORKSHOP = '.mars-download';

/**
 * Fetches a corpus from its public source into a folder: `ravdess` from Zenodo, `tess` from Borealis, `crema-d` from
 * GitHub. Every file is checked against the checksum that the source publishes before it gets its name in the folder.
 * Interrupted, it goes on where it was; when all is there it does nothing, without asking anybody.
 *
 * Errors: `CONFIG_INVALID` for a corpus that cannot be fetched, saying where it is to be had; `DOWNLOAD_FAILED`, with
 * what has come kept; the signal's reason.
 *
 * @example
 * const { dir } = await getCorpus('ravdess', '/data/ravdess');
 * const clips = await readCorpus('ravdess', dir);
 */
export async function getCorpus(
  name: string,
  dir: string,
  { servers, parallel = 4, onProgress, signal, ...attempts }: GetOptions = {},
): Promise<GotCorpus> {
  const source = sourceOf(name);
  const root = resolve(dir);
  const there = await readManifest(root, name);
  if (there !== undefined) return { dir: root, files: there.length, wasThere: true };

  const workshop = join(root, WORKSHOP);
  const failure = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const options = { ...attempts, signal: stop };
  const fetchJson = async (url: string): Promise<unknown> => {
    const file = join(workshop, 'list.json');
    // Half a list of another day must not be continued.
    await rm(`${file}.part`, { force: true });
    await downloadFile(url, file, options);
    try {
      return JSON.parse(await readFile(file, 'utf8'));
    } catch (cause) {
      throw new MarsError(
        'DOWNLOAD_FAILED',
        `${url} answers with something else than JSON. Try again later.`,
        { cause },
      );
    } finally {
      await rm(file);
    }
  };
  const files = await source({ ...PUBLIC_SERVERS, ...servers }, fetchJson);
  for (const { path } of files) checkInside(root, path);

  const missing: RemoteFile[] = [];
  for (const file of files) {
    if (!(await exists(join(root, file.path)))) missing.push(file);
  }
  const bytes = new Map<RemoteFile, number>();
  let doneFiles = files.length - missing.length;
  const sizes = new Map(missing.map((file) => [file, file.sizeBytes ?? 0]));
  const tell = () => {
    onProgress?.({
      doneFiles,
      totalFiles: files.length,
      doneBytes: sum(bytes.values()),
      totalBytes: sum(sizes.values()),
    });
  };
  tell();

  const waiting = missing.values();
  const lane = async () => {
    try {
      for (const file of waiting) {
        stop.throwIfAborted();
        await fetchFile(file, root, {
          ...options,
          onProgress: (done, size) => {
            bytes.set(file, done);
            if (size !== undefined) sizes.set(file, size);
            tell();
          },
        });
        doneFiles += 1;
        tell();
      }
    } catch (error) {
      // The first failure is the reason; the other lanes end with it.
      failure.abort(error);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  stop.throwIfAborted();
  const manifest = { corpus: name, paths: files.map(({ path }) => path) };
  await writeFile(join(root, MANIFEST), `${JSON.stringify(manifest)}\n`);
  await rm(workshop, { recursive: true, force: true });
  return { dir: root, files: files.length, wasThere: false };
}

function sourceOf(name: string) {
  if (Object.hasOwn(SOURCES, name)) return SOURCES[name];
  const entry = CORPUS_CATALOGUE.find((known) => known.name === name);
  const can = Object.keys(SOURCES).join(', ');
  throw new MarsError(
    'CONFIG_INVALID',
    entry
      ? `${entry.title} cannot be fetched by MARS (${can} can). Get it from ${entry.source}, and give its folder: ` +
          `--corpus ${name}=DIR.`
      : `No corpus is called "${name}"; ${can} can be fetched.`,
  );
}

/** Fetches one file, whole and checked, to its place. */
async function fetchFile(file: RemoteFile, root: string, options: DownloadOptions): Promise<void> {
  const { path, url, checksum, sizeBytes, isArchive, lfsUrl } = file;
  const target = join(root, path);
  const fetched = join(root, WORKSHOP, isArchive ? `${path}.zip` : path);
  await mkdir(dirname(target), { recursive: true });
  if (isArchive) {
    if (!(await exists(fetched))) await downloadFile(url, fetched, { ...options, checksum, sizeBytes });
    const unpacked = join(root, WORKSHOP, path);
    await rm(unpacked, { recursive: true, force: true });
    await unzip(fetched, unpacked, { signal: options.signal });
    await rename(unpacked, target);
    await rm(fetched);
    return;
  }
  if (lfsUrl === undefined) {
    await downloadFile(url, fetched, { ...options, checksum, sizeBytes });
  } else {
    const blob = `${fetched}.blob`;
    await downloadFile(url, blob, { ...options, checksum, sizeBytes, onProgress: undefined });
    const pointer = parsePointer(await readFile(blob));
    if (pointer === undefined) await rename(blob, fetched);
    else await downloadFile(lfsUrl, fetched, { ...options, ...pointer });
    await rm(blob, { force: true });
  }
  await rename(fetched, target);
}

/** A pointer of Git LFS is a text of three lines; a file that is none stands for itself. */
function parsePointer(
  blob: Uint8Array,
): Pick<Required<DownloadOptions>, 'checksum' | 'sizeBytes'> | undefined {
  const text = blob.length < 1024 ? new TextDecoder().decode(blob) : '';
  const { hex, size } =
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:.*\n)*?oid sha256:(?<hex>[0-9a-f]{64})\nsize (?<size>\d+)\n/.exec(
      text,
    )?.groups ?? {};
  return hex === undefined ? undefined : { checksum: { algorithm: 'sha256', hex }, sizeBytes: Number(size) };
}

/** The paths of a folder that holds all of a corpus; undefined where something is missing. */
async function readManifest(root: string, name: string): Promise<string[] | undefined> {
  let manifest: { corpus?: unknown; paths?: unknown } | null;
  try {
    manifest = JSON.parse(await readFile(join(root, MANIFEST), 'utf8')) as typeof manifest;
  } catch {
    return undefined;
  }
  if (manifest?.corpus !== name || !Array.isArray(manifest.paths)) return undefined;
  const paths = manifest.paths.map(String);
  const there = await Promise.all(paths.map((path) => exists(join(root, path))));
  return there.every(Boolean) ? paths : undefined;
}

function checkInside(root: string, path: string): void {
  if (resolve(root, path).startsWith(root + sep)) return;
  throw new MarsError(
    'DOWNLOAD_FAILED',
    `The source names a file ${path}, which lies outside ${root}; nothing was fetched.`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

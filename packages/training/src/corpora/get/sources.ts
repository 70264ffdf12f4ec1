import { z } from 'zod';
import { MarsError } from '@mars/core';
import type { Checksum } from './download.ts';

/** Where the corpora are, by the roots of their servers. */
export interface Servers {
  readonly zenodo: string;
  readonly borealis: string;
  readonly githubApi: string;
  readonly githubRaw: string;
  readonly githubMedia: string;
}

export const PUBLIC_SERVERS: Servers = {
  zenodo: 'https://zenodo.org',
  borealis: 'https://borealisdata.ca',
  githubApi: 'https://api.github.com',
  githubRaw: 'https://raw.githubusercontent.com',
  githubMedia: 'https://media.githubusercontent.com',
};

/** One file of a corpus, as its source describes it. */
export interface RemoteFile {
  /** Where it belongs in the corpus folder, with forward slashes; of an archive, the folder of its content. */
  readonly path: string;
  readonly url: string;
  readonly checksum: Checksum;
  readonly sizeBytes?: number;
  readonly isArchive?: boolean;
  /** Where the content is when `url` gives a pointer of Git LFS. */
  readonly lfsUrl?: string;
}

/** Fetches and parses a JSON document. */
export type FetchJson = (url: string) => Promise<unknown>;

/** Lists the files of a corpus; their checksums are those that the source publishes at this moment. */
export type CorpusSource = (servers: Servers, fetchJson: FetchJson) => Promise<RemoteFile[]>;

/** Every corpus that can be fetched, by its name. */
export const SOURCES: Readonly<Record<string, CorpusSource>> = {
  ravdess: listRavdess,
  'crema-d': listCremaD,
  tess: listTess,
};

const RAVDESS_RECORD = 1188976;
const RAVDESS_ARCHIVES: Readonly<Record<string, string>> = {
  'Audio_Speech_Actors_01-24.zip': 'speech',
  'Audio_Song_Actors_01-24.zip': 'song',
};

const zenodoRecord = z.object({
  files: z.array(
    z.object({ key: z.string(), size: z.int().min(0), checksum: z.string().regex(/^md5:[0-9a-f]{32}$/) }),
  ),
});

/** Two archives of Zenodo (https://developers.zenodo.org, "Records"); those of the videos stay there. */
async function listRavdess({ zenodo }: Servers, fetchJson: FetchJson): Promise<RemoteFile[]> {
  const url = `${zenodo}/api/records/${RAVDESS_RECORD}`;
  const { files } = understand(zenodoRecord, url, await fetchJson(url));
  return Object.entries(RAVDESS_ARCHIVES).map(([name, path]) => {
    const file = files.find(({ key }) => key === name);
    if (file === undefined) throw changed(url, `it lists no ${name}`);
    return {
      path,
      url: `${zenodo}/records/${RAVDESS_RECORD}/files/${name}?download=1`,
      checksum: { algorithm: 'md5', hex: file.checksum.slice('md5:'.length) },
      sizeBytes: file.size,
      isArchive: true,
    };
  });
}

const TESS_DOI = 'doi:10.5683/SP2/E8H2MF';
const DATAVERSE_ALGORITHMS = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-512': 'sha512',
} as const;

const dataverseDataset = z.object({
  data: z.object({
    latestVersion: z.object({
      files: z.array(
        z.object({
          directoryLabel: z.string().optional(),
          dataFile: z.object({
            id: z.int(),
            filename: z.string(),
            filesize: z.int().min(0),
            checksum: z.object({ type: z.enum(['MD5', 'SHA-1', 'SHA-256', 'SHA-512']), value: z.string() }),
          }),
        }),
      ),
    }),
  }),
});

/** Every recording is a file of its own (https://guides.dataverse.org, "Native API" and "Data Access API"). */
async function listTess({ borealis }: Servers, fetchJson: FetchJson): Promise<RemoteFile[]> {
  const url = `${borealis}/api/datasets/:persistentId/?persistentId=${TESS_DOI}`;
  const { data } = understand(dataverseDataset, url, await fetchJson(url));
  const recordings = data.latestVersion.files.filter(({ dataFile }) => /\.wav$/i.test(dataFile.filename));
  if (recordings.length === 0) throw changed(url, 'it lists no .wav');
  return recordings.map(({ directoryLabel, dataFile: { id, filename, filesize, checksum } }) => ({
    path: directoryLabel ? `${directoryLabel}/${filename}` : filename,
    url: `${borealis}/api/access/datafile/${id}`,
    checksum: { algorithm: DATAVERSE_ALGORITHMS[checksum.type], hex: checksum.value },
    sizeBytes: filesize,
  }));
}

const CREMA_D = 'CheyneyComputerScience/CREMA-D';
const CREMA_D_BRANCH = 'master';
const CREMA_D_FOLDER = 'AudioWAV';
/** Beside the recordings: the speakers' sex, and what one may do with it all. */
const CREMA_D_FILES = ['VideoDemographics.csv', 'LICENSE.txt'];

const gitTree = z.object({
  truncated: z.boolean().optional(),
  tree: z.array(z.object({ path: z.string(), sha: z.string(), size: z.int().optional() })),
});

/**
 * The folder AudioWAV of the repository. Git's tree names every blob by its hash; the blob of a recording is a pointer of
 * Git LFS, which in turn gives SHA-256 and size of the recording (https://github.com/git-lfs/git-lfs, docs/spec.md).
 */
async function listCremaD(
  { githubApi, githubRaw, githubMedia }: Servers,
  fetchJson: FetchJson,
): Promise<RemoteFile[]> {
  const readTree = async (sha: string) => {
    const url = `${githubApi}/repos/${CREMA_D}/git/trees/${sha}`;
    const { tree, truncated } = understand(gitTree, url, await fetchJson(url));
    if (truncated) throw changed(url, 'its list is cut off');
    return { url, tree };
  };
  const { url, tree } = await readTree(CREMA_D_BRANCH);
  const folder = tree.find(({ path }) => path === CREMA_D_FOLDER);
  if (folder === undefined) throw changed(url, `it lists no ${CREMA_D_FOLDER}`);
  const recordings = (await readTree(folder.sha)).tree
    .filter(({ path }) => /\.wav$/i.test(path))
    .map((entry) => ({ ...entry, path: `${CREMA_D_FOLDER}/${entry.path}` }));
  const beside = tree.filter(({ path }) => CREMA_D_FILES.includes(path));
  return [...beside, ...recordings].map(({ path, sha, size }) => ({
    path,
    url: `${githubRaw}/${CREMA_D}/${CREMA_D_BRANCH}/${path}`,
    checksum: { algorithm: 'git-blob', hex: sha },
    sizeBytes: size,
    lfsUrl: `${githubMedia}/media/${CREMA_D}/${CREMA_D_BRANCH}/${path}`,
  }));
}

function understand<Shape extends z.ZodType>(shape: Shape, url: string, value: unknown): z.infer<Shape> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  throw changed(url, z.prettifyError(result.error));
}

function changed(url: string, what: string): MarsError {
  return new MarsError(
    'DOWNLOAD_FAILED',
    `${url} answers otherwise than it used to: ${what}. Fetch the corpus by hand (mars corpus list names its source).`,
  );
}

import { MarsError } from '@mars/core';
import { words } from '../strings/en.ts';

const urls: Readonly<Record<string, string>> = import.meta.glob(
  '../../../../samples/*.{wav,flac,mp3,ogg,opus}',
  {
    query: '?url',
    import: 'default',
    eager: true,
  },
);

/** The clips that come with MARS, by file name. */
export const SAMPLES: ReadonlyMap<string, string> = new Map(
  Object.entries(urls).map(([path, url]) => [path.slice(path.lastIndexOf('/') + 1), url]),
);

export async function fetchSample(name: string): Promise<{ name: string; source: Blob }> {
  const response = await fetch(SAMPLES.get(name)!).catch(() => undefined);
  if (response?.ok) return { name, source: await response.blob() };
  throw new MarsError('DOWNLOAD_FAILED', words.files.sampleFailed(words.samples[name] ?? name));
}

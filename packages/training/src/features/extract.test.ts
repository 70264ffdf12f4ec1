import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav, mfcc } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashClips, type Clip } from '../corpora/clip.ts';
import { extractFeatures, type ExtractOptions } from './extract.ts';
import type { FeatureSet } from './feature-set.ts';
import type { MfccSettings, Variant } from './settings.ts';

const small: MfccSettings = {
  kind: 'mfcc',
  sampleRate: 8000,
  nMfcc: 5,
  nMels: 20,
  nFft: 512,
  hopLength: 256,
};
const variants: Variant[] = [
  { kind: 'original' },
  { kind: 'timeStretch' },
  { kind: 'pitchShift' },
  { kind: 'noise' },
];

let root: string;
let clips: Clip[];
let caches = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'mars-features-'));
  clips = await Promise.all(
    [220, 330, 440, 550].map((pitchHz) =>
      writeClip(`${pitchHz}.wav`, encodeWav({ samples: tone(pitchHz), sampleRate: 8000 })),
    ),
  );
});

afterAll(() => rm(root, { recursive: true }));

/** Half a second of a tone with a slight vibrato. */
function tone(pitchHz: number): Float32Array {
  return new Float32Array(4000).map(
    (_, i) => 0.3 * Math.sin((2 * Math.PI * pitchHz * i) / 8000 + Math.sin(i / 200)),
  );
}

async function writeClip(id: string, bytes: Uint8Array): Promise<Clip> {
  const file = join(root, id);
  await writeFile(file, bytes);
  const [clip] = await hashClips([{ file, id, corpus: 'tones', speaker: 'sine', emotion: 'calm' }]);
  return clip;
}

async function newCache(): Promise<string> {
  const cacheDir = join(root, `cache-${caches++}`);
  await mkdir(cacheDir);
  return cacheDir;
}

/** Extracts, and counts the clips that were not in the cache. */
async function extract(
  of: readonly Clip[],
  { settings = small, ...options }: { settings?: MfccSettings } & ExtractOptions,
): Promise<{ features: FeatureSet; computed: number }> {
  const progress: number[] = [];
  const features = await extractFeatures(of, settings, {
    variants,
    workers: 0,
    ...options,
    onProgress: (done) => progress.push(done),
  });
  expect(progress).toEqual(Array.from({ length: progress.length }, (_, i) => progress[0] + i));
  expect(progress.at(-1)).toBe(of.length);
  return { features, computed: of.length - progress[0] };
}

/** Every number of a set, by clip and variant. */
function contents(features: FeatureSet): Map<string, Float32Array> {
  return new Map(
    features.clips.flatMap((clip) =>
      features.variants.map(
        (variant) => [`${clip.id} ${variant}`, features.get(clip, variant).data] as const,
      ),
    ),
  );
}

test('the original is the MFCC of the recording, frame after frame', async () => {
  const { features } = await extract(clips, { cacheDir: await newCache() });
  const { data, frames } = features.get(2);
  const direct = mfcc(decoded(440), { sr: 8000, nMfcc: 5, nMels: 20, nFft: 512, hopLength: 256 });
  expect(direct.shape).toEqual([5, frames]);
  for (let t = 0; t < frames; t++) {
    for (let k = 0; k < 5; k++) expect(data[t * 5 + k]).toBe(direct.data[k * frames + t]);
  }
  expect(features.get(clips[2])).toBe(features.get(2, 'original'));
});

/** The tone as 16-bit numbers keep it. */
function decoded(pitchHz: number): Float32Array {
  return tone(pitchHz).map((value) => Math.round(value * 32768) / 32768);
}

test('each variant differs, and a faster tempo has fewer frames', async () => {
  const { features } = await extract(clips, {
    cacheDir: await newCache(),
    variants: [
      ...variants,
      { name: 'fast', kind: 'timeStretch', rate: [2, 2] },
      { name: 'louder-noise', kind: 'noise', snrDb: [0, 0] },
    ],
  });
  expect(features.variants).toEqual([
    'original',
    'timeStretch',
    'pitchShift',
    'noise',
    'fast',
    'louder-noise',
  ]);
  const all = features.variants.map((variant) => features.get(0, variant));
  expect(new Set(all.map(({ data }) => data.join())).size).toBe(6);
  expect(all.map(({ frames }) => frames).toSpliced(1, 1)).toEqual([16, 16, 16, 8, 16]);
});

test('the order of the clips and the number of workers change nothing', async () => {
  const one = await extract(clips, { cacheDir: await newCache() });
  const three = await extract(clips.toReversed(), { cacheDir: await newCache(), workers: 3 });
  const backwards = contents(three.features);
  for (const [name, data] of contents(one.features)) expect(backwards.get(name)).toEqual(data);
});

describe('the cache', () => {
  test('gives the same numbers again, without work', async () => {
    const cacheDir = await newCache();
    const first = await extract(clips, { cacheDir });
    const second = await extract(clips, { cacheDir });
    expect([first.computed, second.computed]).toEqual([4, 0]);
    expect(contents(second.features)).toEqual(contents(first.features));
  });

  test('does only what is missing when settings change', async () => {
    const cacheDir = await newCache();
    const [, stretched, , noise] = variants;
    await extract(clips, { cacheDir, variants: [noise] });
    expect((await extract(clips, { cacheDir, variants: [noise] })).computed).toBe(0);
    expect((await extract(clips, { cacheDir, variants: [stretched, noise] })).computed).toBe(4);
    const otherSettings = { ...small, hopLength: 128 };
    const other = await extract(clips, { cacheDir, variants: [noise], settings: otherSettings });
    expect([other.computed, other.features.get(0, 'noise').frames]).toEqual([4, 32]);
  });

  test('serves a file that was moved or touched, and not one that was changed', async () => {
    const cacheDir = await newCache();
    const steady = await writeClip('steady.wav', encodeWav({ samples: tone(300), sampleRate: 8000 }));
    await extract([steady], { cacheDir });
    await utimes(steady.file, 1, 1);
    expect((await extract([await rehash(steady)], { cacheDir })).computed).toBe(0);
    await writeClip('steady.wav', encodeWav({ samples: tone(301), sampleRate: 8000 }));
    expect((await extract([await rehash(steady)], { cacheDir })).computed).toBe(1);
  });

  test('is mended where a file of it is damaged', async () => {
    const cacheDir = await newCache();
    const first = await extract(clips, { cacheDir });
    const [folder] = await readdir(cacheDir);
    const [pack] = await readdir(join(cacheDir, folder));
    await truncate(join(cacheDir, folder, pack), 100);
    const second = await extract(clips, { cacheDir });
    expect(second.computed).toBeGreaterThan(0);
    expect(contents(second.features)).toEqual(contents(first.features));
    expect((await extract(clips, { cacheDir })).computed).toBe(0);
  });
});

describe('an interruption', () => {
  test.each([0, 1])('keeps what was done, and the next run does the rest: %i workers', async (workers) => {
    const cacheDir = await newCache();
    const stop = new AbortController();
    const interrupted = extractFeatures(clips, small, {
      variants,
      cacheDir,
      workers,
      signal: stop.signal,
      onProgress: (done) => done === 2 && stop.abort(),
    });
    await expect(interrupted).rejects.toMatchObject({ name: 'AbortError' });
    expect((await extract(clips, { cacheDir })).computed).toBe(2);
  });

  test('before the start starts nothing', async () => {
    const cacheDir = await newCache();
    await expect(
      extractFeatures(clips, small, { cacheDir, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(cacheDir)).toEqual([]);
  });
});

test('broken files are named, and the others still done', async () => {
  const wav = await readFile(clips[0].file);
  const bad = [
    await writeClip(
      'random.wav',
      new Uint8Array(500).map((_, i) => (i * 37) % 251),
    ),
    await writeClip('cut.wav', wav.subarray(0, 1000)),
    { ...clips[0], file: join(root, 'nowhere.wav'), id: 'nowhere.wav', contentHash: undefined },
  ];
  const { features } = await extract([bad[0], clips[0], bad[1], clips[1], bad[2]], {
    cacheDir: await newCache(),
  });
  expect(features.failures.map(({ clip, error }) => [clip.id, error.code])).toEqual([
    ['random.wav', 'AUDIO_UNREADABLE'],
    ['cut.wav', 'AUDIO_TRUNCATED'],
    ['nowhere.wav', 'FILE_NOT_FOUND'],
  ]);
  expect([0, 1, 2, 3, 4].map((index) => features.has(index))).toEqual([false, true, false, true, false]);
  expect(() => features.get(bad[0])).toThrow(features.failures[0].error);
  expect(features.get(clips[1], 'noise').frames).toBe(16);
});

test('asking for what was not extracted is an error that names what was', async () => {
  const { features } = await extract(clips.slice(0, 2), { cacheDir: await newCache() });
  expect(() => features.get(0, 'echo')).toThrow(/"echo".*original, timeStretch, pitchShift, noise/);
  expect(() => features.get(clips[3])).toThrow(/550\.wav is not among the 2 clips/);
  expect(() => features.has(2)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

async function rehash(clip: Clip): Promise<Clip> {
  const [hashed] = await hashClips([{ ...clip, contentHash: undefined }]);
  return hashed;
}

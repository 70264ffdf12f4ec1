import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkshop, tinyConfig, writeSyntheticCorpus, type Workshop } from '../test/synthetic-corpus.ts';
import { readCorpus } from './corpora/corpora.ts';
import { runExperiment } from './experiment.ts';
import { FeatureStore } from './features/feature-store.ts';
import { createRandom } from '@mars/autograd/random';
import { RunFolder } from './run.ts';
import { PROTOCOLS } from './splits/protocols.ts';
import { splitSeed } from './splits/seed.ts';

const config = tinyConfig({ epochs: 2 });

let workshop: Workshop;
beforeAll(async () => {
  workshop = await openWorkshop();
  await runExperiment({
    ...workshop,
    config,
    protocol: 'seed',
    seeds: [1],
    out: join(workshop.folder, 'run'),
  });
});
afterAll(() => workshop[Symbol.asyncDispose]());

test.each(['seed', 'emobox'] as const)('%s: no clip stands in two parts', (protocol) => {
  for (const { train, validation, test } of PROTOCOLS[protocol].split(workshop.clips)) {
    const contents = [...train, ...validation, ...test].map(({ contentHash }) => contentHash);
    expect(new Set(contents).size).toBe(contents.length);
    expect(Math.min(train.length, validation.length, test.length)).toBeGreaterThan(0);
  }
});

test('varied versions exist of training clips only', async () => {
  const [{ train, validation, test }] = splitSeed(workshop.clips);
  const namesOf = async (variant: string) => {
    const folders = (await readdir(workshop.cacheDir)).filter((name) => name.startsWith(`${variant}-`));
    expect(folders).toHaveLength(1);
    const store = await FeatureStore.open(join(workshop.cacheDir, folders[0]));
    return (name: string) => store.get(name) !== undefined;
  };
  const inNoise = await namesOf('noise');
  const asRecorded = await namesOf('original');
  for (const { contentHash, id } of train) expect(inNoise(`${contentHash}/${id}`)).toBe(true);
  for (const { contentHash, id } of [...validation, ...test]) {
    expect(inNoise(`${contentHash}/${id}`)).toBe(false);
    expect(asRecorded(contentHash!)).toBe(true);
  }
});

describe('other recordings in the validation and test parts', () => {
  test('change neither the normaliser nor the weights, but what is made of them', async () => {
    const dir = join(workshop.folder, 'other');
    await writeSyntheticCorpus(dir);
    const [{ train, validation, test }] = splitSeed(workshop.clips);
    for (const { id } of [...validation, ...test]) {
      const random = createRandom(id);
      const samples = new Float32Array(6000).map(() => 0.3 * random.normal());
      await writeFile(join(dir, id), encodeWav({ samples, sampleRate: 8000 }));
    }
    const clips = await readCorpus('ravdess', dir);
    expect(splitSeed(clips)[0].train.map(({ id }) => id)).toEqual(train.map(({ id }) => id));

    const { cacheDir, folder } = workshop;
    const out = join(folder, 'other run');
    await runExperiment({ config, protocol: 'seed', clips, seeds: [1], out, cacheDir });
    const ours = new RunFolder(join(folder, 'run/seed-seed1'));
    const other = new RunFolder(join(out, 'seed-seed1'));
    expect(await other.checkpoint()).toEqual(await ours.checkpoint());
    expect(await other.readLines('predictions.jsonl')).not.toEqual(await ours.readLines('predictions.jsonl'));
    expect((await other.history())[1].validationLoss).not.toBe((await ours.history())[1].validationLoss);
  });
});

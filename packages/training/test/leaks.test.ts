import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyMetadata, tinyModel } from '../../core/test/tiny-model.ts';
import { readCorpus } from '../src/corpora/corpora.ts';
import type { Clip } from '../src/corpora/clip.ts';
import { testModel } from '../src/evaluate.ts';
import { runExperiment } from '../src/experiment.ts';
import { extractFeatures } from '../src/features/extract.ts';
import { FeatureSet } from '../src/features/feature-set.ts';
import { FeatureStore } from '../src/features/feature-store.ts';
import { exportRun } from '../src/run-export.ts';
import { RunFolder, type Checkpoint } from '../src/run.ts';
import { hashTestPart, speakerOf, type Fold } from '../src/splits/fold.ts';
import { PROTOCOL_DESCRIPTIONS, PROTOCOLS, splitClips, type Protocol } from '../src/splits/protocols.ts';
import { splitSeed } from '../src/splits/seed.ts';
import { checkStart } from '../src/splits/start.ts';
import { train } from '../src/train.ts';
import { ravdess } from './clips.ts';
import {
  LABELS,
  openWorkshop,
  sing,
  tinyConfig,
  writeSyntheticCorpus,
  type Workshop,
} from './synthetic-corpus.ts';

/** The leaks that published work on speech emotion is known for: each is refused, or cannot happen. */

const config = tinyConfig({ epochs: 2 });

let workshop: Workshop;
let fold: Fold;
beforeAll(async () => {
  workshop = await openWorkshop();
  [fold] = splitSeed(workshop.clips);
  const out = join(workshop.folder, 'run');
  await runExperiment({ ...workshop, config, protocol: 'seed', seeds: [1], out, threads: 1 });
});
afterAll(() => workshop[Symbol.asyncDispose]());

const training = (run: string) => new RunFolder(join(workshop.folder, run, 'seed-seed1'));

/** The corpus with noise in place of these clips, read anew, and the same training on it. */
async function trainWithout(run: string, replaced: readonly Clip[]): Promise<void> {
  const dir = join(workshop.folder, `corpus of ${run}`);
  await writeSyntheticCorpus(dir);
  for (const { id } of replaced) {
    const random = createRandom(id);
    const samples = new Float32Array(6000).map(() => 0.3 * random.normal());
    await writeFile(join(dir, id), encodeWav({ samples, sampleRate: 8000 }));
  }
  const clips = await readCorpus('ravdess', dir);
  expect(splitSeed(clips)[0].train.map(({ id }) => id)).toEqual(fold.train.map(({ id }) => id));
  const out = join(workshop.folder, run);
  const { cacheDir } = workshop;
  await runExperiment({ config, protocol: 'seed', clips, seeds: [1], out, cacheDir, threads: 1 });
}

test('augmenting before splitting: varied versions exist of training clips only', async () => {
  const namesOf = async (variant: string) => {
    const folders = (await readdir(workshop.cacheDir)).filter((name) => name.includes(`-${variant}-`));
    expect(folders).toHaveLength(1);
    const store = await FeatureStore.open(join(workshop.cacheDir, folders[0]));
    return (name: string) => store.get(name) !== undefined;
  };
  const inNoise = await namesOf('noise');
  const asRecorded = await namesOf('original');
  for (const { contentHash, id } of fold.train) expect(inNoise(`${contentHash}/${id}`)).toBe(true);
  for (const { contentHash, id } of [...fold.validation, ...fold.test]) {
    expect(inNoise(`${contentHash}/${id}`)).toBe(false);
  }
  for (const { contentHash } of fold.validation) expect(asRecorded(contentHash!)).toBe(true);
});

describe('picking the epoch or hyper-parameters on the test part', () => {
  test('training does not so much as look at it', async () => {
    const blind = {
      ...fold,
      get test(): never {
        throw new Error('training looked at the test part');
      },
    };
    await expect(trainOn(blind, { patience: 1 })).resolves.toMatchObject({ epoch: 2 });
  });

  test('other test recordings change no weight, no epoch and nothing in the model, but the figures', async () => {
    await trainWithout('other test', fold.test);
    const [ours, other] = ['run', 'other test'].map(training);
    expect(await other.checkpoint()).toEqual(await ours.checkpoint());
    const model = (folder: RunFolder) => readFile(join(folder.path, 'model.onnx'));
    expect((await model(other)).equals(await model(ours))).toBe(true);
    const epochs = async (folder: RunFolder) =>
      (await folder.history()).map((record) => ({ ...record, seconds: 0 }));
    expect(await epochs(other)).toEqual(await epochs(ours));
    expect(await other.readLines('predictions.jsonl')).not.toEqual(await ours.readLines('predictions.jsonl'));
  });
});

/** Trains the tiny recipe on a fold, with validation features of one's own. */
async function trainOn(
  on: Fold,
  { patience, change }: { patience?: number; change?: (value: number) => number } = {},
): Promise<Checkpoint> {
  const { cacheDir } = workshop;
  const folder = new RunFolder(join(workshop.folder, `trained ${createRandom(Math.random()).next()}`));
  await folder.create();
  const features = await extractFeatures(on.train, config.features, { variants: config.variants, cacheDir });
  const recorded = await extractFeatures(on.validation, config.features, { cacheDir });
  const rows = on.validation.map((clip) => {
    const { data, ...rest } = recorded.get(clip);
    return [{ ...rest, data: change ? data.map(change) : data }];
  });
  const heldOut = new FeatureSet(on.validation, config.features, ['original'], rows);
  const recipe = tinyConfig({ epochs: 2, patience });
  await train(on, { config: recipe, labels: LABELS, features, heldOut, seed: 1, folder, threads: 1 });
  return (await folder.checkpoint())!;
}

describe('normalising with statistics of the test part', () => {
  test('validation features of any size change neither the normaliser nor the weights', async () => {
    const reference = await trainOn(fold);
    const wild = await trainOn(fold, { change: (value) => 1000 * value - 5e6 });
    expect(wild.normaliser).toEqual(reference.normaliser);
    expect(wild.state).toEqual(reference.state);
  });

  test('nor do other recordings in both parts', async () => {
    await trainWithout('other held out', [...fold.validation, ...fold.test]);
    const [ours, other] = ['run', 'other held out'].map(training);
    expect(await other.checkpoint()).toEqual(await ours.checkpoint());
    expect((await other.history())[1].validationLoss).not.toBe((await ours.history())[1].validationLoss);
  });
});

describe('the copy on Kaggle that holds every file twice', () => {
  test('is read as the corpus once', async () => {
    const dir = join(workshop.folder, 'twice');
    for (const { file } of workshop.clips) {
      for (const folder of ['', 'audio_speech_actors_01-24']) {
        await mkdir(join(dir, folder), { recursive: true });
        await copyFile(file, join(dir, folder, basename(file)));
      }
    }
    const clips = await readCorpus('ravdess', dir);
    expect(clips.map(({ id }) => id)).toEqual(workshop.clips.map(({ id }) => id));
  });

  test.each(['seed', 'emobox', 'loso', 'speakers'] as const)(
    '%s: read in any other way, both stand on one side',
    (protocol) => {
      const twice = [
        ...ravdess,
        ...ravdess.map((clip) => ({ ...clip, file: `/copy${clip.file}`, id: `copy/${clip.id}` })),
      ];
      for (const { train, validation, test } of splitClips(twice, protocol)) {
        const sides = [train, validation, test].map(
          (part) => new Set(part.map(({ contentHash }) => contentHash)),
        );
        const contents = new Set(sides.flatMap((side) => [...side]));
        expect(sides.reduce((sum, { size }) => sum + size, 0)).toBe(contents.size);
        expect(test.length % 2).toBe(0);
      }
    },
  );
});

test('sound taken from the videos of the same takes is no clip', async () => {
  const dir = join(workshop.folder, 'with videos');
  await mkdir(dir);
  // 01 is the video with its sound, 02 the video without, 03 the sound alone: one take.
  for (const modality of ['01', '02', '03']) {
    const name = `${modality}-01-05-01-01-01-01`;
    await writeFile(join(dir, `${name}.wav`), encodeWav(sing(name, 1, 5)));
  }
  const clips = await readCorpus('ravdess', dir);
  expect(clips.map(({ id }) => id)).toEqual(['03-01-05-01-01-01-01.wav']);
});

const EVERY: readonly Protocol[] = [
  ...(Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[]).filter((name) => name !== 'cross'),
  'speakers-3',
  'enrol-3',
  'enrol-neutral-2',
  'enrol-unlabelled-8',
];

describe('utterances shuffled into folds and called cross-validation', () => {
  test('happens under seed alone', () => {
    const shuffling = EVERY.filter((protocol) =>
      splitClips(ravdess, protocol).some(({ train, test }) => {
        const heard = new Set(train.map(speakerOf));
        return test.some((clip) => heard.has(speakerOf(clip)));
      }),
    );
    expect(shuffling).toEqual(['seed']);
  });

  test('and seed says so wherever its figures stand', async () => {
    expect(PROTOCOL_DESCRIPTIONS.seed).toContain('the same speakers stand on both sides');
    const { card } = await exportRun(join(workshop.folder, 'run'));
    expect(card.replaceAll('\n', ' ')).toContain('random split of `seed` has the same actors on both sides');
  });
});

describe('pre-training on song of a test actor', () => {
  test.each(EVERY.filter((protocol) => protocol !== 'seed'))(
    '%s trains on no clip of a test actor, song or speech',
    (protocol) => {
      for (const { train, validation, test } of splitClips(ravdess, protocol, { trainOn: 'speech+song' })) {
        expect(train.some(({ channel }) => channel === 'song')).toBe(true);
        const heard = new Set([...train, ...validation].map(speakerOf));
        expect(test.filter((clip) => heard.has(speakerOf(clip)))).toEqual([]);
      }
    },
  );

  test('weights that heard one are no start', () => {
    const [first] = splitClips(ravdess, 'emobox');
    const sung = ravdess
      .filter(({ channel }) => channel === 'song')
      .map(({ corpus, id }) => `${corpus}/${id}`);
    expect(() => checkStart(first, ravdess, { train: sung, validation: [] })).toThrow(
      expect.objectContaining({ code: 'TEST_LEAK' }),
    );
  });
});

describe('a model of emobox may be tested under enrol, whose test parts are cut from emobox’s', () => {
  const spoken = ravdess.filter(({ channel }) => channel === 'speech');
  const testHashOf = (protocol: Protocol, clips: readonly Clip[] = spoken) =>
    hashTestPart(splitClips(clips, protocol)[0].test.map(({ corpus, id }) => `${corpus}/${id}`));
  const modelOf = (protocol: Protocol, fold: string, testHash: string) =>
    tinyModel({ metadata: tinyMetadata({ split: JSON.stringify({ protocol, fold, testHash }) }) });

  test('there it gets as far as the recordings', async () => {
    const model = modelOf('emobox', 'emobox-1', testHashOf('emobox'));
    const signal = AbortSignal.abort(new Error('no leak'));
    await expect(testModel(model, 'enrol-3', spoken, { signal })).rejects.toThrow('no leak');
  });

  test.each<[string, Protocol, string, string, Protocol, readonly Clip[]]>([
    ['of another fold than it says', 'emobox', 'emobox-2', testHashOf('emobox'), 'enrol-3', spoken],
    ['of a fold that is none', 'emobox', 'emobox-7', testHashOf('emobox'), 'enrol-3', spoken],
    [
      'that held out nothing but the clips that enrol-3 tests',
      'emobox',
      'emobox-1',
      testHashOf('enrol-3'),
      'enrol-3',
      spoken,
    ],
    [
      'whose fold tests other clips here',
      'emobox',
      'emobox-1',
      testHashOf('emobox'),
      'enrol-3',
      spoken.filter(({ speaker }) => speaker !== 'Actor_11'),
    ],
    [
      'trained under enrol-3, under enrol-1',
      'enrol-3',
      'enrol-3-1',
      testHashOf('enrol-3'),
      'enrol-1',
      spoken,
    ],
    ['trained under enrol-3, under emobox', 'enrol-3', 'enrol-3-1', testHashOf('enrol-3'), 'emobox', spoken],
    ['trained under loso', 'loso', 'loso-Actor_01', testHashOf('loso'), 'enrol-3', spoken],
    ['trained under song', 'song', 'song-1', testHashOf('song', ravdess), 'enrol-3', ravdess],
  ])('but not one %s', async (_, trained, fold, testHash, protocol, clips) => {
    const model = modelOf(trained, fold, testHash);
    await expect(testModel(model, protocol, clips)).rejects.toMatchObject({ code: 'TEST_LEAK' });
  });
});

test.each(['emobox', 'loso', 'song', 'speakers-3', 'enrol-1', 'cross'] as const)(
  'a model trained under another protocol is not tested under %s',
  async (protocol) => {
    const { model } = await exportRun(join(workshop.folder, 'run'));
    await expect(testModel(model, protocol, workshop.clips)).rejects.toMatchObject({ code: 'TEST_LEAK' });
  },
);

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkshop, tinyConfig, type Workshop } from '../test/synthetic-corpus.ts';
import { preset } from './config.ts';
import type { ExperimentOptions } from './experiment.ts';
import type { ExperimentReport } from './experiment-report.ts';
import { RunFolder } from './run.ts';
import { planSweep, runSweep, type SweepRun } from './sweep.ts';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await openWorkshop();
});
afterAll(() => workshop[Symbol.asyncDispose]());

async function writeSweep(content: unknown): Promise<string> {
  const file = join(workshop.folder, 'sweep.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function plan(content: unknown): Promise<SweepRun[]> {
  return planSweep(await writeSweep(content));
}

describe('a plan', () => {
  test('of runs: each is the base with what all have set, and what it has of its own', async () => {
    const runs = await plan({
      base: 'seed',
      set: { epochs: 20, network: { dropoutRate: 0.5 } },
      runs: { recipe: {}, bigru: { network: { bidirectional: true } }, short: { epochs: 2 } },
    });
    expect(runs.map(({ name }) => name)).toEqual(['recipe', 'bigru', 'short']);
    const seed = preset('seed');
    const recipe = { ...seed, epochs: 20, network: { ...seed.network, dropoutRate: 0.5 } };
    expect(runs.map(({ config }) => config)).toEqual([
      recipe,
      { ...recipe, network: { ...recipe.network, bidirectional: true } },
      { ...recipe, epochs: 2 },
    ]);
  });

  test('of a grid: every combination, named by what it has', async () => {
    const runs = await plan({
      base: 'seed',
      grid: { learningRate: [0.001, 0.002], 'network.pooling': ['mean', 'attention'], epochs: [3] },
    });
    expect(runs.map(({ name }) => name)).toEqual([
      'learningRate-0p001_pooling-mean_epochs-3',
      'learningRate-0p001_pooling-attention_epochs-3',
      'learningRate-0p002_pooling-mean_epochs-3',
      'learningRate-0p002_pooling-attention_epochs-3',
    ]);
    expect(
      runs.map(({ config: { learningRate, network, epochs } }) => [learningRate, network, epochs]),
    ).toEqual(
      [0.001, 0.002].flatMap((learningRate) =>
        ['mean', 'attention'].map((pooling) => [learningRate, expect.objectContaining({ pooling }), 3]),
      ),
    );
  });

  test('of both: the runs first; what the grid varies keeps what all have set', async () => {
    const runs = await plan({
      base: 'seed',
      set: { epochs: 5 },
      runs: { recipe: {} },
      grid: { variants: [[{ kind: 'original' }], [{ kind: 'noise', snrDb: [5, 10] }]] },
    });
    expect(runs.map(({ name, config }) => [name, config.epochs, config.variants])).toEqual([
      ['recipe', 5, preset('seed').variants],
      ['variants--kind-original-', 5, [{ kind: 'original' }]],
      ['variants--kind-noise-snrDb-5-10-', 5, [{ kind: 'noise', snrDb: [5, 10] }]],
    ]);
  });

  test('may begin at a configuration file', async () => {
    const base = join(workshop.folder, 'mine.json');
    await writeFile(base, JSON.stringify({ preset: 'transfer', epochs: 7 }));
    const [{ config }] = await plan({ base, runs: { one: { batchSize: 16 } } });
    expect(config).toEqual({ ...preset('transfer'), epochs: 7, batchSize: 16 });
  });

  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'cannot be read as JSON'],
    ['no sweep', { base: 'seed', run: {} }, 'run'],
    ['no base', { runs: { a: {} } }, 'base'],
    ['an unknown base', { base: 'sed', runs: { a: {} } }, 'sed'],
    ['neither runs nor a grid', { base: 'seed', set: { epochs: 2 } }, 'nothing to try'],
    ['no value on an axis', { base: 'seed', grid: { epochs: [] } }, 'grid.epochs'],
    ['a name that is no folder', { base: 'seed', runs: { '../a': {} } }, 'letters'],
    ['an unknown value for all', { base: 'seed', set: { epoch: 2 }, runs: { a: {} } }, 'epoch'],
    ['an unknown value of a run', { base: 'seed', runs: { a: { network: { depth: 2 } } } }, 'depth'],
    ['an unknown path in a grid', { base: 'seed', grid: { 'network.depth': [1] } }, 'depth'],
    ['one name twice', { base: 'seed', grid: { startFrom: ['a b', 'a/b'] } }, 'startFrom-a-b'],
  ])('%s is refused', async (_, content, message) => {
    await expect(plan(content)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
  });

  test('a protocol that tests nothing is refused before anything is trained', async () => {
    const out = join(workshop.folder, 'untested');
    const runs = [{ name: 'a', config: tinyConfig() }];
    await expect(runSweep(runs, { ...workshop, protocol: 'all', seeds: [1], out })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('tests nothing'),
    });
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });

  test('a file that is not there is named', async () => {
    await expect(planSweep('nowhere.json')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('nowhere.json'),
    });
  });
});

describe('a sweep of two runs', () => {
  const runs: SweepRun[] = [
    { name: 'short', config: tinyConfig({ epochs: 2 }) },
    { name: 'patient', config: tinyConfig({ epochs: 30, patience: 2 }) },
  ];
  const sweep = (options: Partial<ExperimentOptions> & { onRun?: (run: SweepRun) => void } = {}) =>
    runSweep(runs, {
      protocol: 'seed',
      clips: workshop.clips,
      cacheDir: workshop.cacheDir,
      seeds: [1, 2],
      out: join(workshop.folder, 'sweep'),
      threads: 1,
      ...options,
    });
  const path = (...names: string[]) => join(workshop.folder, 'sweep', ...names);
  const reportOf = async (name: string) =>
    JSON.parse(await readFile(path(name, 'report.json'), 'utf8')) as ExperimentReport;
  const patientUars = async (seed: number) =>
    (await new RunFolder(path('patient', `seed-seed${seed}`)).history()).map(
      (record) => record.validationUar!,
    );

  test('interrupted after the first and taken up: ordinary run folders, nothing done twice', async () => {
    const interruption = new AbortController();
    const onRun = ({ name }: SweepRun) => name === 'patient' && interruption.abort(new Error('enough'));
    await expect(sweep({ signal: interruption.signal, onRun })).rejects.toThrow('enough');
    const before = await reportOf('short');

    const trained = new Set<string>();
    const started: string[] = [];
    const results = await sweep({
      resume: true,
      onRun: ({ name }) => started.push(name),
      onProgress: (training) => trained.add(`${started.at(-1)}/${training}`),
    });
    expect(started).toEqual(['short', 'patient']);
    expect([...trained]).toEqual(['patient/seed-seed1', 'patient/seed-seed2']);
    expect((await readdir(path())).sort()).toEqual(['patient', 'short']);
    expect(await reportOf('short')).toEqual(before);
    expect(results.map(({ name }) => name)).toEqual(['short', 'patient']);
    for (const { name, report } of results) {
      expect((await readdir(path(name))).sort()).toEqual(
        ['experiment.json', 'report.json', 'seed-seed1', 'seed-seed2'].sort(),
      );
      expect(await reportOf(name)).toEqual(report);
    }
  });

  test('a line holds what validation says of each model, and what tests say beside the first', async () => {
    const [short, patient] = await sweep({ resume: true });
    const last = await Promise.all(
      [1, 2].map(async (seed) => (await new RunFolder(path('short', `seed-seed${seed}`)).history())[1]),
    );
    const [a, b] = last.map((record) => record.validationUar!);
    expect(short.validationUar.mean).toBeCloseTo((a + b) / 2, 12);
    expect(short.validationUar.sd).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    // Of the epoch that is exported, not of the last one, after which it had waited in vain.
    const [c, d] = [await patientUars(1), await patientUars(2)].map((uars) => Math.max(...uars));
    expect(patient.validationUar.mean).toBeCloseTo((c + d) / 2, 12);

    expect(short.versusFirst).toBeNull();
    const difference = patient.report.overSeeds.uar.mean - short.report.overSeeds.uar.mean;
    expect(patient.versusFirst!.difference.uar).toBeCloseTo(difference, 12);
  });
});

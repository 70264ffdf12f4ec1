import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunDescription } from '../../training/src/run.ts';
import { writeSyntheticCorpus } from '../../training/test/synthetic-corpus.ts';
import { mars, workspace, type Result } from './mars.ts';

const TIMEOUT = 120_000;

const { folder, remove } = await workspace();
afterAll(remove);

const SWEEP = {
  base: 'seed',
  set: { variants: [{ kind: 'original' }], batchSize: 8, network: { channels: [8, 8], hiddenSize: 8 } },
  runs: { recipe: {}, mean: { network: { pooling: 'mean' } } },
};
const COMMON = ['--corpus', 'ravdess=corpus', '--cache', 'cache', '--threads', '1'];
const sweep = (...more: string[]) =>
  mars(
    [
      'sweep',
      'two.json',
      ...COMMON,
      '--out',
      'runs',
      '--epochs',
      '2',
      '--set',
      'learningRate=0.005',
      ...more,
    ],
    {
      cwd: folder,
    },
  );
const configOf = async (...path: string[]) => {
  const text = await readFile(join(folder, ...path, 'run.json'), 'utf8');
  return (JSON.parse(text) as RunDescription).config;
};

let swept: Result;
beforeAll(async () => {
  await writeSyntheticCorpus(join(folder, 'corpus'), { actors: [1, 4, 8] });
  await writeFile(join(folder, 'two.json'), JSON.stringify(SWEEP));
  swept = await sweep();
}, TIMEOUT);

describe('mars sweep', () => {
  test('trains every run into a folder of its own, and prints what validation says', async () => {
    expect(swept.status).toBe(0);
    expect(swept.stdout).toMatch(/^run +validation UAR\nrecipe +[\d.]+ ± 0\.0\nmean +[\d.]+ ± 0\.0\n$/);
    expect(swept.stderr).toContain('run recipe (1 of 2)\n');
    expect(swept.stderr).toContain('run mean (2 of 2)\n');
    expect((await readdir(join(folder, 'runs'))).sort()).toEqual(['mean', 'recipe']);
    expect(await readdir(join(folder, 'runs/mean'))).toContain('report.json');
  });

  test('options and --set hold for every run, beside what its file says', async () => {
    for (const [name, pooling] of [
      ['recipe', 'attention'],
      ['mean', 'mean'],
    ]) {
      expect(await configOf('runs', name, 'seed-seed0')).toMatchObject({
        epochs: 2,
        learningRate: 0.005,
        batchSize: 8,
        network: { pooling, hiddenSize: 8 },
      });
    }
  });

  test('--resume does nothing twice; test figures come with --test only', async () => {
    const [shown, table, json] = await Promise.all([
      sweep('--resume', '--test'),
      sweep('--resume'),
      sweep('--resume', '--json'),
    ]);
    expect(shown.stderr).not.toContain('epoch');
    expect(shown.stdout).toMatch(
      /^run +validation UAR +test UAR +difference +p\nrecipe .*\nmean( +[\d.]+ ± 0\.0){2} +[+−][\d.]+ +[\d.]+\n$/,
    );
    expect(table.stdout).toBe(swept.stdout);
    expect(JSON.parse(json.stdout)).toEqual(
      ['recipe', 'mean'].map((name) => ({ name, validationUar: expect.any(Object) })),
    );
  });

  test('a folder in use is left alone without --resume', async () => {
    const { status, stderr } = await sweep();
    expect(stderr).toMatch(/Give --resume .*\[RUN_INVALID\]\n$/);
    expect(status).toBe(2);
  });
});

describe('--set', () => {
  test('changes the configuration of mars train, the last one last', async () => {
    const changes = [
      'variants=[{"kind":"original"}]',
      'network.bidirectional=true',
      'batchSize=4',
      'batchSize=8',
    ];
    const { status } = await mars(
      [
        'train',
        'seed',
        ...COMMON,
        '--out',
        'set',
        '--epochs',
        '1',
        ...changes.flatMap((change) => ['--set', change]),
      ],
      { cwd: folder },
    );
    expect(status).toBe(0);
    expect(await configOf('set', 'seed-seed0')).toMatchObject({
      variants: [{ kind: 'original' }],
      network: { bidirectional: true, pooling: 'attention' },
      batchSize: 8,
      epochs: 1,
    });
  });

  test.each([
    ['epochs', 'PATH=VALUE'],
    ['network.depth=3', 'depth'],
    ['batchSize=many', 'batchSize'],
  ])('%s is refused before anything is written', async (change, message) => {
    const args = ['train', 'seed', ...COMMON, '--out', 'refused', '--set', change];
    const { status, stdout, stderr } = await mars(args, { cwd: folder });
    expect(stderr).toContain('CONFIG_INVALID');
    expect(stderr).toContain(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(await readdir(folder)).not.toContain('refused');
  });
});

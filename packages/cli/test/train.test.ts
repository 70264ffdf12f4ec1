import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExperimentReport } from '@mars/training';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSyntheticCorpus } from '../../training/test/synthetic-corpus.ts';
import { callMars, startMars, workspace, type Result } from './mars.ts';

const TIMEOUT = 120_000;

const { folder, remove } = await workspace();
afterAll(remove);

const CORPUS = ['--corpus', 'ravdess=corpus'];
const run = (...args: string[]) => callMars(args, { cwd: folder });
const RECIPE = ['train', 'seed', ...CORPUS, '--cache', 'cache', '--threads', '1', '--epochs', '9'];
const trainArgs = (out: string, ...more: string[]) => [...RECIPE, '--out', out, ...more];

/** The whole recipe on a small corpus that sings. */
let trained: Result;
beforeAll(async () => {
  await writeSyntheticCorpus(join(folder, 'corpus'), { actors: [1, 4, 8] });
  trained = await run(...trainArgs('run', '--json'));
}, TIMEOUT);

const reportOf = ({ stdout }: Result) => JSON.parse(stdout) as ExperimentReport;
const read = (...path: string[]) => readFile(join(folder, ...path));

describe('mars train', () => {
  test('--json: one report on stdout, the epochs with the time left on stderr', () => {
    const { status, stdout, stderr } = trained;
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(reportOf(trained)).toMatchObject({ preset: 'seed', protocol: 'seed', failures: 0 });
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^seed-seed0 {2}epoch 1\/9 {2}loss [\d.]+ accuracy [\d.]+ % .* s left$/);
    expect(lines[9]).toMatch(/^seed-seed0: test accuracy [\d.]+ %, UAR/);
    expect(status).toBe(0);
  });

  test('a run that is done is not trained again, and prints its table', async () => {
    const { status, stdout, stderr } = await run(...trainArgs('run', '--resume'));
    expect(stderr).not.toContain('epoch');
    expect(stdout).toMatch(/^seed, protocol seed: 1 fold.*\n\n +mean/);
    expect(stdout).toContain('--protocol emobox');
    expect(status).toBe(0);
  });

  test.each([
    ['SIGINT', 130, 'mars train seed … --out after SIGINT --resume'],
    ['SIGKILL', null, ''],
  ] as const)(
    '%s in the middle, then --resume: the same model, byte for byte',
    async (signal, expected, hint) => {
      const out = `after ${signal}`;
      let killed = false;
      const running = startMars(trainArgs(out), {
        cwd: folder,
        onStderr: (stderr) => {
          if (killed || !stderr.includes('epoch 1/9')) return;
          killed = true;
          running.kill(signal);
        },
      });
      const { status, stdout, stderr } = await running.result;
      expect(status).toBe(expected);
      expect(stdout).toBe('');
      expect(stderr).toContain(hint);
      expect(await readdir(join(folder, out, 'seed-seed0'))).not.toContain('metrics.json');

      const resumed = await run(...trainArgs(out, '--resume'));
      expect(resumed.status).toBe(0);
      expect(resumed.stderr).not.toContain('epoch 1/9');
      const [model, reference] = [await read(out, 'seed-seed0/model.onnx'), await read('run/seed-seed0/model.onnx')]; // prettier-ignore
      expect(model.equals(reference)).toBe(true);
      expect(await read(out, 'report.json')).toEqual(await read('run/report.json'));
    },
    TIMEOUT,
  );
});

describe('mars evaluate', () => {
  test('--run: from the files alone, what training reported', async () => {
    const result = await run('evaluate', '--run', 'run', ...CORPUS, '--protocol', 'seed', '--json');
    expect(result.status).toBe(0);
    const { confusion, trainings } = reportOf(result);
    expect(confusion).toEqual(reportOf(trained).confusion);
    expect(trainings[0].ece).toBeCloseTo(reportOf(trained).trainings[0].ece, 4);
  });

  test('a broken recording is named on stderr, the others are tested, and the status says so', async () => {
    const [line] = (await read('run/seed-seed0/predictions.jsonl')).toString().split('\n');
    const { id } = JSON.parse(line) as { id: string };
    const bytes = await read('corpus', id);
    await writeFile(join(folder, 'corpus', id), bytes.subarray(0, 500));
    try {
      const result = await run('evaluate', '--run', 'run', ...CORPUS, '--protocol', 'seed', '--json');
      expect(result.stderr).toMatch(new RegExp(`^${join(folder, 'corpus', id)} {2}AUDIO_TRUNCATED: .+\n$`));
      expect(reportOf(result).failures).toBe(1);
      expect(result.status).toBe(1);
    } finally {
      await writeFile(join(folder, 'corpus', id), bytes);
    }
  });

  test('--changed: what becomes of the verdicts, which the run keeps and its card says', async () => {
    const result = await run('evaluate', '--run', 'run', ...CORPUS, '--protocol', 'seed', '--changed');
    expect(result.status).toBe(0);
    expect(result.stdout).toMatch(/^10 dB quieter +[\d.]+ keep their emotion .*, accuracy [\d.]+$/m);
    expect(result.stdout).toMatch(/^noise at 20 dB /m);
    await run('export', 'run', '--out', 'changed');
    const [{ changes }] = JSON.parse((await read('changed/report.json')).toString()) as ExperimentReport[];
    expect(changes!.map(({ change }) => change)).toContain('telephone band, 8 kHz');
    expect((await read('changed/card.md')).toString()).toContain('| telephone band, 8 kHz | ');
    await rm(join(folder, 'run/changes.json'));
  });

  test('a model that does not say what it was trained on is tested, with a warning', async () => {
    const result = await run('evaluate', '-m', 'tiny.onnx', ...CORPUS, '-p', 'seed');
    expect(result.stderr).toContain('does not say what it was trained on');
    expect(result.stdout).toContain('tiny, protocol seed');
    expect(result.status).toBe(0);
  });
});

describe('mars export', () => {
  test('writes model, card and report, and says where; the model classifies', async () => {
    const { status, stdout, stderr } = await run('export', 'run', '--out', 'mine', '--beside', 'run');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe('mine/model.onnx\nmine/card.md\nmine/report.json\n');
    const reports = JSON.parse((await read('mine/report.json')).toString()) as ExperimentReport[];
    expect(reports).toEqual([reportOf(trained), reportOf(trained)]);
    expect((await read('mine/card.md')).toString()).toContain('# seed\n\nOnly the figure of `emobox`');
    expect((await read('mine/model.onnx')).equals(await read('run/seed-seed0/model.onnx'))).toBe(true);
    const classified = await run('classify', '--model', 'mine', 'corpus/03-01-05-01-02-01-01.wav');
    expect(classified.status).toBe(0);
  });

  test('--out with .onnx writes the model alone', async () => {
    const { stdout } = await run('export', 'run', '--out', 'alone/here.onnx');
    expect(stdout).toBe('alone/here.onnx\n');
    expect(await readdir(join(folder, 'alone'))).toEqual(['here.onnx']);
  });
});

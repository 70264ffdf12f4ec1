import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRecogniser, MarsError, type Calibration } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS, openWorkshop, tinyConfig, type Workshop } from '../test/synthetic-corpus.ts';
import { fitCalibration } from './calibration.ts';
import { hashClips } from './corpora/clip.ts';
import type { Prediction } from './evaluate.ts';
import { runExperiment, type ExperimentOptions } from './experiment.ts';
import { sumUp, type ExperimentReport } from './experiment-report.ts';
import type { FeatureFailure } from './features/feature-set.ts';
import { RunFolder } from './run.ts';
import { splitSeed } from './splits/seed.ts';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await openWorkshop();
});
afterAll(() => workshop[Symbol.asyncDispose]());

let count = 0;
const newRun = () => join(workshop.folder, `run ${count++}`);

const tiny = (): ExperimentOptions => ({
  config: tinyConfig({ epochs: 2 }),
  protocol: 'seed',
  clips: workshop.clips,
  cacheDir: workshop.cacheDir,
  seeds: [1],
  out: newRun(),
  threads: 1,
});

/** Of a protocol that tests. */
async function runTiny(options: Partial<ExperimentOptions> = {}): Promise<ExperimentReport> {
  return (await runExperiment({ ...tiny(), ...options }))!;
}

test('under protocol all there is a calibrated model of everything, and no figure', async () => {
  const out = newRun();
  const named: string[] = [];
  const options: ExperimentOptions = {
    ...tiny(),
    protocol: 'all',
    out,
    seeds: [2, 10],
    onTrained: (name) => named.push(name),
  };
  expect(await runExperiment(options)).toBeUndefined();
  expect(named).toEqual([]);
  expect((await readdir(out)).sort()).toEqual(['all-seed10', 'all-seed2', 'experiment.json']);
  expect((await readdir(join(out, 'all-seed2'))).sort()).toEqual([
    'calibration.json',
    'checkpoint.safetensors',
    'history.jsonl',
    'model.onnx',
    'run.json',
    'validation.jsonl',
  ]);
  const { clips } = await new RunFolder(join(out, 'all-seed2')).description();
  expect(clips.train.length + clips.validation.length).toBe(
    workshop.clips.filter(({ channel }) => channel !== 'song').length,
  );
  const written = async () => (await stat(join(out, 'all-seed2', 'model.onnx'))).mtimeMs;
  const before = await written();
  expect(await runExperiment({ ...options, resume: true })).toBeUndefined();
  expect(await written()).toBe(before);
});

describe('a finished experiment', () => {
  const protocol = 'emobox';
  const seeds = [3, 4];
  let out: string;
  let report: ExperimentReport;
  beforeAll(async () => {
    out = newRun();
    report = await runTiny({ protocol, seeds, out, jobs: 2 });
  });

  test('has trained every fold with every seed, and keeps all of it', async () => {
    const names = seeds.flatMap((seed) => [1, 2, 3].map((fold) => `emobox-${fold}-seed${seed}`));
    expect(report.trainings.map(({ training }) => training)).toEqual(names);
    expect((await readdir(out)).sort()).toEqual([...names, 'experiment.json', 'report.json'].sort());
    for (const name of names) {
      expect((await readdir(join(out, name))).sort()).toEqual([
        'calibration.json',
        'checkpoint.safetensors',
        'history.jsonl',
        'metrics.json',
        'model.onnx',
        'predictions.jsonl',
        'run.json',
        'validation.jsonl',
      ]);
      expect((await new RunFolder(join(out, name)).description()).threads).toBe(1);
    }
    expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))).toEqual(report);
    expect(report.failures).toBe(0);
    // Speech of six actors, each tested once by each of the two seeds.
    expect(report.groups.channel).toEqual([expect.objectContaining({ name: 'speech', clips: 2 * 6 * 8 })]);
    expect(report.groups.gender.map(({ name, clips }) => [name, clips])).toEqual([
      ['female', 6 * 8],
      ['male', 6 * 8],
    ]);
    expect(report.groups.speaker).toHaveLength(6);
    expect(report.confusion.flat().reduce((sum, clips) => sum + clips, 0)).toBe(96);
  });

  test('has fitted its calibration on the validation clips alone, and its models hold it', async () => {
    for (const { training } of report.trainings) {
      const folder = new RunFolder(join(out, training));
      const calibration = await folder.readJson<Calibration>('calibration.json');
      const predictions = await folder.readLines<Prediction>('validation.jsonl');
      const { clips } = await folder.description();
      expect(predictions.map(({ corpus, id }) => `${corpus}/${id}`)).toEqual(clips.validation);
      expect(calibration).toEqual(fitCalibration(predictions, LABELS));
      await using recogniser = await loadRecogniser(await readFile(join(folder.path, 'model.onnx')));
      expect(recogniser.metadata.calibration).toEqual(calibration);
    }
  });

  test('is not done again', async () => {
    const trained: string[] = [];
    const onProgress = () => {
      throw new Error('nothing is left to train');
    };
    const onTrained = (name: string) => trained.push(name);
    expect(await runTiny({ protocol, seeds, out, resume: true, onProgress, onTrained })).toEqual(report);
    expect(trained).toHaveLength(6);
  });

  test('is that of its corpus: another does not pass for it', async () => {
    const clips = workshop.clips.map((clip, i) => (i === 0 ? { ...clip, contentHash: 'other' } : clip));
    await expect(runTiny({ protocol, seeds, out, resume: true, clips })).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining('another training'),
    });
  });

  test.each([
    ['without --resume', {}],
    ['another configuration', { config: tinyConfig({ epochs: 3 }), resume: true }],
    ['another protocol', { protocol: 'seed' as const, resume: true }],
  ])('is left alone: %s', async (_, options) => {
    await expect(runTiny({ protocol, seeds, out, ...options })).rejects.toMatchObject({
      code: 'RUN_INVALID',
    });
  });
});

test('where a file lies no run can be', async () => {
  const out = newRun();
  await writeFile(out, 'of someone');
  await expect(runTiny({ out })).rejects.toMatchObject({ code: 'RUN_INVALID' });
});

describe('interrupted', () => {
  test('it rejects with the reason, and taken up it gives the same bytes', async () => {
    const reference = newRun();
    await runTiny({ out: reference });

    const out = newRun();
    const interruption = new AbortController();
    const reason = new Error('enough');
    const interrupted = runTiny({
      out,
      signal: interruption.signal,
      onProgress: (_, { epoch, step }) => {
        if (epoch === 2 && step === 2) interruption.abort(reason);
      },
    });
    await expect(interrupted).rejects.toBe(reason);
    const files = await readdir(join(out, 'seed-seed1'));
    expect(files).not.toContain('metrics.json');

    await runTiny({ out, resume: true });
    for (const file of ['checkpoint.safetensors', 'model.onnx', 'predictions.jsonl', 'metrics.json']) {
      const bytes = (run: string) => readFile(join(run, 'seed-seed1', file));
      expect((await bytes(out)).equals(await bytes(reference)), file).toBe(true);
    }
  });

  test('while it is tested, it is not calibrated twice', async () => {
    const out = newRun();
    await runTiny({ out });
    const files = ['calibration.json', 'validation.jsonl', 'model.onnx', 'predictions.jsonl', 'metrics.json'];
    const read = () => Promise.all(files.map((file) => readFile(join(out, 'seed-seed1', file), 'base64')));
    const before = await read();
    await rm(join(out, 'seed-seed1', 'metrics.json'));
    await runTiny({ out, resume: true });
    expect(await read()).toEqual(before);
  });

  test('before it began', async () => {
    const reason = new Error('never mind');
    await expect(runTiny({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('when a training fails', () => {
  test('its error keeps class and code on the way out of the thread', async () => {
    const failed: unknown = await runTiny({ config: tinyConfig({ batchSize: 1000 }) }).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(MarsError);
    expect(failed).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('1000') });
  });

  test('the others stop too', async () => {
    const out = newRun();
    const config = tinyConfig({ epochs: 100_000 });
    const second = new RunFolder(join(out, 'emobox-2-seed1'));
    await second.create();
    await second.writeBytes('checkpoint.safetensors', Buffer.from('no checkpoint'));
    const running = runTiny({ out, config, protocol: 'emobox', jobs: 2 });
    await expect(running).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining('emobox-2-seed1 is damaged'),
    });
    const { epoch = 0 } = (await new RunFolder(join(out, 'emobox-1-seed1')).checkpoint()) ?? {};
    expect(epoch).toBeLessThan(10_000);
    expect(await readdir(out)).not.toContain('emobox-3-seed1');
  });
});

test('recordings that cannot be used are named, left out and counted', async () => {
  const [{ train, test }] = splitSeed(workshop.clips);
  const broken = [train[3], test[5]];
  const kept = await Promise.all(broken.map(({ file }) => readFile(file)));
  for (const [i, { file }] of broken.entries()) await writeFile(file, kept[i].subarray(0, 1000 + i));
  try {
    const clips = await hashClips(workshop.clips.map((clip) => ({ ...clip, contentHash: undefined })));
    const failures: FeatureFailure[] = [];
    const out = newRun();
    const report = await runTiny({ clips, out, onFailure: (failure) => failures.push(failure) });
    expect(failures.map(({ clip, error }) => [clip.id, error.code])).toEqual([
      [broken[0].id, 'AUDIO_TRUNCATED'],
      [broken[1].id, 'AUDIO_TRUNCATED'],
    ]);
    expect(report.failures).toBe(2);
    const predictions = await new RunFolder(join(out, 'seed-seed1')).readLines<Prediction>(
      'predictions.jsonl',
    );
    expect(predictions.map(({ id }) => id)).toEqual(
      test.filter((clip) => clip !== test[5]).map(({ id }) => id),
    );
    expect(await runTiny({ clips, out, resume: true })).toEqual(report);
  } finally {
    for (const [i, { file }] of broken.entries()) await writeFile(file, kept[i]);
  }
});

test('sums and deviations, by hand', () => {
  const labels = LABELS.slice(0, 2);
  const [calm, other] = labels;
  const row = (emotion: string, predicted: string, channel = 'speech'): Prediction => {
    const scores = labels.map((label) => (label === predicted ? 1 : 0));
    return { id: 'id', speaker: 'Actor_01', channel, emotion, predicted, scores };
  };
  const right = row(calm, calm);
  const wrong = row(other, calm, 'song');
  const report = sumUp('tiny', 'emobox', labels, [
    { fold: 'a', seed: 1, predictions: [right, right, right, wrong] }, // accuracy 3/4, UAR 1/2
    { fold: 'b', seed: 1, predictions: [right, wrong] }, // 1/2, 1/2
    { fold: 'a', seed: 2, predictions: [right, row(other, other)] }, // 1, 1
    { fold: 'b', seed: 2, predictions: [wrong, right, wrong, wrong] }, // 1/4, 1/2
  ]);
  expect(report.trainings.map(({ training, accuracy }) => [training, accuracy])).toEqual([
    ['a-seed1', 0.75],
    ['b-seed1', 0.5],
    ['a-seed2', 1],
    ['b-seed2', 0.25],
  ]);
  // Seeds: 0.625 and 0.625. Trainings: squares 1/64 + 1/64 + 9/64 + 9/64, over 3.
  expect(report.overSeeds.accuracy).toEqual({ mean: 0.625, sd: 0 });
  expect(report.overTrainings.accuracy.mean).toBe(0.625);
  expect(report.overTrainings.accuracy.sd).toBeCloseTo(Math.sqrt(20 / 64 / 3), 12);
  // Seeds: 0.5 and 0.75.
  expect(report.overSeeds.uar.mean).toBe(0.625);
  expect(report.overSeeds.uar.sd).toBeCloseTo(Math.sqrt(2 * 0.125 ** 2), 12);
  expect(report.confusion).toEqual([
    [6, 0],
    [5, 1],
  ]);
  expect(report.groups.channel).toMatchObject([
    { name: 'song', clips: 5, accuracy: 0 },
    { name: 'speech', clips: 7, accuracy: 1 },
  ]);
  expect(report.groups.gender).toEqual([]);
  expect(report.failures).toBe(0);
});

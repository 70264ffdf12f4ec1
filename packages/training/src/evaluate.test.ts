import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadRecogniser, type Calibration } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS, openWorkshop, tinyConfig, type Workshop } from '../test/synthetic-corpus.ts';
import { readCorpus } from './corpora/corpora.ts';
import type { RecordingChange } from './changes.ts';
import { measure, testModel, type Prediction } from './evaluate.ts';
import { runExperiment } from './experiment.ts';
import { sumUp, type ExperimentReport } from './experiment-report.ts';
import { exportRun, readModels } from './run-export.ts';
import { RunFolder } from './run.ts';
import type { Protocol } from './splits/protocols.ts';

let workshop: Workshop;
const runOf = (protocol: Protocol) => join(workshop.folder, protocol);
const reports = {} as Record<Protocol, ExperimentReport>;
const models = {} as Record<Protocol, Uint8Array>;
beforeAll(async () => {
  workshop = await openWorkshop();
  for (const protocol of ['seed', 'emobox'] as const) {
    const options = { ...workshop, out: runOf(protocol), protocol, seeds: [1], threads: 1 };
    reports[protocol] = (await runExperiment({ ...options, config: tinyConfig({ epochs: 4 }) }))!;
    models[protocol] = (await exportRun(runOf(protocol))).model;
  }
});
afterAll(() => workshop[Symbol.asyncDispose]());

test.each(['seed', 'emobox'] as const)(
  '%s: the files alone give what training reported',
  async (protocol) => {
    const tested = [];
    for await (const { training, seed, bytes } of readModels(runOf(protocol))) {
      const { fold, predictions, failures } = await testModel(bytes, protocol, workshop.clips);
      const folder = new RunFolder(join(runOf(protocol), training));
      const expected = await folder.readLines<Prediction>('predictions.jsonl');
      expect(predictions.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      expect(failures).toEqual([]);
      const distances = predictions.flatMap(({ scores }, i) =>
        scores.map((score, k) => Math.abs(score - expected[i].scores[k])),
      );
      expect(Math.max(...distances)).toBeLessThan(1e-5);
      tested.push({ fold, seed, predictions });
    }
    const report = sumUp('tiny', protocol, LABELS, tested);
    expect(report.trainings.map(({ training }) => training)).toEqual(
      reports[protocol].trainings.map(({ training }) => training),
    );
    expect(report.confusion).toEqual(reports[protocol].confusion);
    expect(report.overSeeds.uar.mean).toBeCloseTo(reports[protocol].overSeeds.uar.mean, 5);
    expect(report.overSeeds.ece.mean).toBeCloseTo(reports[protocol].overSeeds.ece.mean, 4);
  },
);

describe('a figure from clips that a model may have heard is refused', () => {
  test('under another protocol', async () => {
    await expect(testModel(models.emobox, 'seed', workshop.clips)).rejects.toMatchObject({
      code: 'TEST_LEAK',
      message: expect.stringContaining('--protocol emobox'),
    });
  });

  test('when the clips at hand give another random split', async () => {
    const some = workshop.clips.filter(({ speaker }) => speaker !== 'Actor_04');
    await expect(testModel(models.seed, 'seed', some)).rejects.toMatchObject({
      code: 'TEST_LEAK',
      message: expect.stringMatching(/these 70 clips.*the whole corpus/),
    });
  });

  test('and the same corpus in other folders is no other corpus', async () => {
    const dir = join(workshop.folder, 'in folders');
    for (const { file, speaker, channel } of workshop.clips) {
      await mkdir(join(dir, channel!, speaker), { recursive: true });
      await copyFile(file, join(dir, channel!, speaker, basename(file)));
    }
    const clips = await readCorpus('ravdess', dir);
    expect(clips[0].id).toMatch(/^speech\/Actor_/);
    const { predictions } = await testModel(models.seed, 'seed', clips);
    const { accuracy } = reports.seed.trainings[0];
    expect(measure(predictions, LABELS).accuracy).toBeCloseTo(accuracy, 9);
  });
});

test('a recording that cannot be used is named, and the others are tested', async () => {
  const { predictions } = await testModel(models.seed, 'seed', workshop.clips);
  const broken = workshop.clips.find(({ id }) => id === predictions[2].id)!;
  const bytes = await readFile(broken.file);
  await writeFile(broken.file, bytes.subarray(0, 600));
  try {
    const done: number[] = [];
    const onProgress = (count: number) => done.push(count);
    const tested = await testModel(models.seed, 'seed', workshop.clips, { onProgress });
    expect(tested.predictions).toEqual(predictions.toSpliced(2, 1));
    expect(tested.failures).toMatchObject([
      { clip: { file: broken.file }, error: { code: 'AUDIO_TRUNCATED' } },
    ]);
    expect(done).toEqual(Array.from({ length: predictions.length }, (_, i) => i + 1));
  } finally {
    await writeFile(broken.file, bytes);
  }
});

test('each recording is also heard changed, and the report says what becomes of the verdicts', async () => {
  const untouched: RecordingChange = { name: 'untouched', apply: (recording) => Promise.resolve(recording) };
  const gone: RecordingChange = {
    name: 'gone',
    apply: ({ sampleRate }) => Promise.resolve({ samples: new Float32Array(sampleRate), sampleRate }),
  };
  const changes = [untouched, gone];
  const { fold, predictions } = await testModel(models.emobox, 'emobox', workshop.clips, { changes });
  const plain = await testModel(models.emobox, 'emobox', workshop.clips);
  expect(predictions.map(({ changed, ...rest }) => [rest, Object.keys(changed!)])).toEqual(
    plain.predictions.map((row) => [row, ['untouched', 'gone']]),
  );
  const report = sumUp('tiny', 'emobox', LABELS, [{ fold, seed: 1, predictions }]);
  // Of silence nothing can be heard: all clips are called the same.
  const called = predictions[0].changed!['gone'].predicted;
  const share = (rows: readonly Prediction[], test: (row: Prediction) => boolean) =>
    rows.filter(test).length / rows.length;
  expect(report.changes).toMatchObject([
    { change: 'untouched', kept: 1, accuracy: report.overSeeds.accuracy.mean },
    {
      change: 'gone',
      kept: share(predictions, ({ predicted }) => predicted === called),
      accuracy: share(predictions, ({ emotion }) => emotion === called),
    },
  ]);
});

test('it stops when asked', async () => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await expect(testModel(models.seed, 'seed', workshop.clips, { signal })).rejects.toBe(reason);
});

describe('an export', () => {
  test('puts runs of the same recipe beside each other, with the honest sentence before all', async () => {
    const { card, report } = await exportRun(runOf('seed'), { beside: [runOf('emobox')], name: 'mine' });
    expect(report).toEqual([reports.seed, reports.emobox]);
    const percent = (share: number) => (100 * share).toFixed(1);
    const [title, , sentence] = card.split('\n');
    expect(title).toBe('# mine');
    expect(sentence).toMatch(/^Only the figure of `emobox`.* says something about a stranger's voice\./);
    for (const protocol of ['seed', 'emobox'] as const) {
      const { accuracy, uar, macroF1 } = reports[protocol].overSeeds;
      const row = [accuracy, uar, macroF1].map(({ mean }) => percent(mean)).join(' | ');
      expect(card).toContain(`| \`${protocol}\` | ravdess | ${row} |`);
      expect(card).toMatch(new RegExp(`### Protocol \`${protocol}\`: .*, trained on ravdess\n`));
      expect(card).toContain(`### Protocol \`${protocol}\``);
    }
    // What the law and the corpus's licence ask for.
    for (const words of ['Art. 50', 'Art. 5(1)(f)', 'No lie detector', 'CC BY-NC-SA 4.0', '0196391']) {
      expect(card).toContain(words);
    }
  });

  test('without emobox says that nothing is known of strangers', async () => {
    const { card } = await exportRun(runOf('seed'));
    expect(card).toContain("a stranger's voice, and it was not measured here");
    expect(card).not.toContain('### Protocol `emobox`');
    const { labels, confusion } = reports.seed;
    for (const [k, label] of labels.entries()) {
      const clips = confusion[k].reduce((sum, count) => sum + count, 0);
      const recall = ((100 * confusion[k][k]) / clips).toFixed(1);
      const row = card.split('\n').find((line) => line.startsWith(`| ${label} |`))!;
      expect(row.split(' | ').slice(2)[0]).toBe(recall);
      expect(row.endsWith(`| ${clips} | ${confusion[k].join(' | ')} |`)).toBe(true);
    }
  });

  test('of a model that has heard everything has the figures of its recipe, and is tested nowhere', async () => {
    const out = runOf('all');
    const config = tinyConfig({ epochs: 4 });
    await runExperiment({ ...workshop, config, out, protocol: 'all', seeds: [10, 2], threads: 1 });
    const { model, card, report } = await exportRun(out, { beside: [runOf('emobox')] });
    expect(report).toEqual([reports.emobox]);
    expect(card).toContain('none tested: the figures are those of the same recipe');
    expect(card).toContain('protocol all, fold all, seed 2');
    expect(card).toContain('medians of those that were fitted on the validation clips of the folds below');
    const calibrations = await Promise.all(
      reports.emobox.trainings.map(({ training }) =>
        new RunFolder(join(runOf('emobox'), training)).readJson<Calibration>('calibration.json'),
      ),
    );
    await using recogniser = await loadRecogniser(model);
    const { calibration } = recogniser.metadata;
    for (const name of ['temperature', 'threshold'] as const) {
      const values = calibrations.map((each) => each![name]).toSorted((a, b) => a - b);
      const middle = values.slice(Math.ceil(values.length / 2) - 1, Math.floor(values.length / 2) + 1);
      expect(calibration![name]).toBeCloseTo(middle.reduce((a, b) => a + b) / middle.length, 6);
    }
    for (const protocol of ['all', 'emobox', 'seed'] as const) {
      await expect(testModel(model, protocol, workshop.clips)).rejects.toMatchObject({
        code: 'TEST_LEAK',
        message: expect.stringContaining(`Train one with ${protocol}`),
      });
    }
    await expect(exportRun(out)).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining('--beside'),
    });
  });

  test('takes no figures of another recipe', async () => {
    const other = join(workshop.folder, 'longer');
    const config = tinyConfig({ epochs: 1, batchSize: 16 });
    await runExperiment({ ...workshop, config, out: other, protocol: 'seed', seeds: [1], threads: 1 });
    await expect(exportRun(runOf('seed'), { beside: [other] })).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining('another recipe'),
    });
  });

  test.each([
    ['a folder that is no run', 'corpus', {}, 'report.json'],
    ['a training that is not there', 'seed', { training: 'seed-seed9' }, 'seed-seed9'],
    ['nothing beside it', 'seed', { beside: ['nowhere'] }, 'nowhere'],
  ])('%s is RUN_INVALID, and named', async (_, run, options, words) => {
    await expect(exportRun(join(workshop.folder, run), options)).rejects.toMatchObject({
      code: 'RUN_INVALID',
      message: expect.stringContaining(words),
    });
  });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS } from '../../test/synthetic-corpus.ts';
import { writeSyntheticRun } from '../../test/synthetic-run.ts';
import { sumUp, type ExperimentReport } from '../experiment-report.ts';
import { writeCalibrations } from './calibrations.ts';
import { readEvidence } from './evidence.ts';
import { RANDOM_SPLIT_CAVEAT, writeRunReport, type ReportFiles } from './run-report.ts';

const root = await mkdtemp(join(tmpdir(), 'mars-report-'));
afterAll(() => rm(root, { recursive: true }));

let report: ExperimentReport;
let files: ReportFiles;
beforeAll(async () => {
  report = await writeSyntheticRun(join(root, 'run'));
  files = writeRunReport(await readEvidence(join(root, 'run')));
});

const pageOf = (written: ReportFiles) => String(written.get('index.html'));
const parse = (written: ReportFiles) => parseHTML(pageOf(written)).document;
const percent = (share: number) => (100 * share).toFixed(1);
const cellsOf = (row: Element) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent);

/** The rows of the table below a figure. */
function tableOf(id: string): (string | null)[][] {
  const rows = [...parse(files).querySelectorAll(`#${id} tbody tr`)];
  expect(rows.length).toBeGreaterThan(0);
  return rows.map(cellsOf);
}

test('where changed recordings were tested, it says what becomes of the verdicts', async () => {
  const evidence = await readEvidence(join(root, 'run'));
  const changes = [{ change: 'in a bus', kept: 0.75, accuracy: 0.5 }];
  const { document } = parseHTML(
    pageOf(writeRunReport({ ...evidence, report: { ...evidence.report, changes } })),
  );
  const row = [...document.querySelectorAll('tr')].find(({ textContent }) =>
    textContent.includes('in a bus'),
  );
  expect(cellsOf(row!)).toEqual(['in a bus', '75.0', '–', '50.0']);
  expect(pageOf(files)).not.toContain('Changed recordings');
});

describe('the page', () => {
  test('needs nothing but itself', () => {
    const page = pageOf(files);
    // The namespace of SVG is a name, and nothing is fetched from it.
    const addresses = [...page.matchAll(/(?:https?:)?\/\/[\w.]+[^"'\s]*/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']));
    expect(page).not.toMatch(/<(?:script|link|img|iframe|object|embed)|@import|\burl\(|\bsrc=|\bon\w+=/i);
  });

  test('every plot has a text alternative, a caption and its numbers', () => {
    const figures = [...parse(files).querySelectorAll('figure')];
    expect(figures.map(({ id }) => id)).toEqual([
      'confusion',
      'per-class',
      'speakers',
      'groups',
      'reliability',
      'risk-coverage',
      'learning-curves',
    ]);
    for (const [i, figure] of figures.entries()) {
      const plots = [...figure.querySelectorAll('figure > svg')];
      expect(plots.map((plot) => plot.getAttribute('class'))).toEqual(['wide', 'narrow']);
      for (const plot of plots) {
        expect(plot.getAttribute('role')).toBe('img');
        expect(plot.getAttribute('aria-label')!.length).toBeGreaterThan(30);
        expect(plot.querySelectorAll('path, rect, circle').length).toBeGreaterThan(5);
      }
      expect(figure.querySelector('figcaption')!.textContent).toContain(`Figure ${i + 1}.`);
      expect(figure.querySelectorAll('details tbody tr').length).toBeGreaterThan(1);
    }
  });

  test('the narrow plots fit a phone of 360 pixels', () => {
    const widths = [...parse(files).querySelectorAll('svg.narrow')].map((plot) =>
      Number(plot.getAttribute('width')),
    );
    expect(Math.max(...widths)).toBeLessThanOrEqual(360 - 2 * 16);
  });

  test('nothing is drawn at a place that is no number', () => {
    expect(pageOf(files)).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('UAR comes first, with its scatter over seeds and speakers', () => {
    const headline = parse(files).querySelector('.headline')!.textContent;
    const { uar } = report.overSeeds;
    const { low, high } = report.overSpeakers!.uar;
    expect(headline).toContain(`${percent(uar.mean)} % ± ${percent(uar.sd)}`);
    expect(headline).toContain(`95 % interval over speakers ${percent(low)} to ${percent(high)}`);
    expect(pageOf(files)).not.toContain('random split');
  });

  test('its numbers are those of report.json', () => {
    const [, accuracy] = [...parse(files).querySelectorAll('header ~ .scroll tbody tr')].map(cellsOf);
    const spread = [
      report.overSeeds.accuracy.mean,
      report.overSeeds.accuracy.sd,
      report.overTrainings.accuracy.sd,
    ];
    expect(accuracy.toSpliced(2, 1).slice(1)).toEqual(spread.map(percent));
    expect(tableOf('confusion')).toEqual(
      LABELS.map((label, k) => [label, ...report.confusion[k].map(String)]),
    );
    const speakers = new Map(tableOf('speakers').map((row) => [row[0], row]));
    for (const { name, clips, uar } of report.groups.speaker) {
      expect(speakers.get(name)!.slice(2, 4)).toEqual([String(clips), percent(uar)]);
    }
    const groups = new Map(tableOf('groups').map((row) => [row[0], row]));
    for (const { name, uar } of report.groups.gender) {
      expect(groups.get(`gender: ${name}`)![2]).toBe(percent(uar));
    }
    expect([...groups.keys()]).toContain('statement: dogs');
    expect(parse(files).querySelector('#reliability figcaption')!.textContent).toContain(
      `ECE ${percent(report.overSeeds.ece.mean)}\u00a0%`,
    );
  });

  test('the folds: who was tested, and the figure of each seed', () => {
    const table = [...parse(files).querySelectorAll('table')].find(({ textContent }) =>
      textContent.trim().startsWith('fold'),
    )!;
    const rows = [...table.querySelectorAll('tbody tr')].map(cellsOf);
    const uars = [0, 1, 2].map(
      (seed) =>
        report.trainings.find((training) => training.fold === 'emobox-1' && training.seed === seed)!.uar,
    );
    expect(rows[0].slice(0, 6)).toEqual(['emobox-1', 'Ann, Bob, Cleo', '48', ...uars.map(percent)]);
    expect(rows.at(-1)!.at(-2)).toBe(percent(report.overSeeds.uar.mean));
  });

  test('confidence: the calibrations, and what is answered with them', () => {
    const confidence = [...parse(files).querySelectorAll('section')].find((section) =>
      section.querySelector('h2')!.textContent.startsWith('Confidence'),
    )!;
    const text = confidence.textContent.replaceAll(/\s+/g, ' ');
    expect(text).toContain('temperature 1.38 (1.25 to 1.50)');
    expect(text).toContain('threshold 50.0 %. Below');
    const { coverage, selectiveAccuracy } = report.overSeeds;
    expect(text).toContain(`${percent(coverage!.mean)} % of the test clips are answered with an emotion`);
    expect(text).toContain(`and ${percent(selectiveAccuracy!.mean)} % of these answers are right`);
    const rows = [...confidence.querySelectorAll('section > details tbody tr')].map(cellsOf);
    expect(rows).toEqual(
      report.trainings.map((training) => [
        training.training,
        training.fold === 'emobox-1' ? '1.25' : '1.50',
        '50.0',
        percent(training.coverage!),
        percent(training.selectiveAccuracy!),
      ]),
    );
    expect(coverage!.mean).toBeLessThan(0.95);
  });

  test('config and provenance: enough to train it again', () => {
    const text = parse(files).body.textContent;
    for (const fact of ['features.nMfcc', 'emobox-2-seed1', '0, 1, 2', '48 tested', 'MARS 0.1.0']) {
      expect(text).toContain(fact);
    }
    expect(text).toMatch(/emobox-1-seed0\s*[\da-f]{64}/);
  });
});

test('a random split never stands without what it cannot say, on the page and under every image', async () => {
  await writeSyntheticRun(join(root, 'random'), { protocol: 'seed', seeds: [0] });
  const written = writeRunReport(await readEvidence(join(root, 'random')));
  expect(pageOf(written)).toContain(RANDOM_SPLIT_CAVEAT);
  const [random, unseen] = [written, files].map((all) => pixelsOf(all.get('confusion.png') as Uint8Array));
  expect(random.lastLine).toBeGreaterThan(1.5 * unseen.lastLine);
});

test('under enrol, what each speaker gains by a profile; elsewhere no word of it', async () => {
  const evidence = await readEvidence(join(root, 'run'));
  // Without profiles, every clip of the first speaker was heard wrongly, and the others as with them.
  const [{ speaker }] = evidence.trainings[0].predictions;
  const trainings = evidence.trainings.map((training) => ({
    ...training,
    predictions: training.predictions.map((row) => {
      const { emotion, predicted, scores } = row;
      const wrong = LABELS.find((label) => label !== emotion)!;
      return { ...row, withoutProfile: { predicted: row.speaker === speaker ? wrong : predicted, scores } };
    }),
  }));
  const enrolled = sumUp('transfer', 'enrol-3', LABELS, trainings);
  const written = writeRunReport({ ...evidence, trainings, report: enrolled });
  const sections = [...parse(written).querySelectorAll('section')];
  const section = sections.find((each) => each.textContent.includes('Profiles of the speakers'))!;
  const [all, first, second] = [...section.querySelectorAll('tbody tr')].map(cellsOf);
  const { uar } = enrolled.groups.speaker.find(({ name }) => name === speaker)!;
  expect(first).toEqual([speaker, '0.0', percent(uar), `+${percent(uar)}`]);
  expect(second.at(-1)).toBe('0.0');
  expect(all[2]).toBe(percent(enrolled.overSeeds.uar.mean));
  expect(section.textContent).toMatch(/0 of \d+ speakers lose more than a point.*p /s);
  expect(pageOf(files)).not.toContain('Profiles of the speakers');
});

test('names are text, whatever stands in them', async () => {
  const name = '<b onclick="x">&\'Eve';
  await writeSyntheticRun(join(root, 'names'), { folds: [[name, 'Bob']], seeds: [0] });
  const written = writeRunReport(await readEvidence(join(root, 'names')));
  expect(pageOf(written)).not.toContain('<b onclick');
  const document = parse(written);
  expect(document.querySelector('[onclick]')).toBeNull();
  expect([...document.querySelectorAll('#speakers tbody th')].map((cell) => cell.textContent)).toContain(
    name,
  );
  expect(document.querySelector('#speakers svg')!.textContent).toContain(name);
});

test('a run of an older MARS has no calibration to show', async () => {
  await writeSyntheticRun(join(root, 'uncalibrated'), { calibrated: false, seeds: [0] });
  expect(writeCalibrations(await readEvidence(join(root, 'uncalibrated')))).toBeUndefined();
});

test('an older report.json keeps its numbers, and what it lacks is measured', async () => {
  const path = join(root, 'old');
  await writeSyntheticRun(path);
  const { overSpeakers, ...old } = JSON.parse(
    await readFile(join(path, 'report.json'), 'utf8'),
  ) as ExperimentReport;
  const { uar } = old.overSeeds;
  await writeFile(
    join(path, 'report.json'),
    JSON.stringify({
      ...old,
      overSeeds: { uar: { ...uar, mean: 0.4321 }, accuracy: uar, macroF1: uar, weightedF1: uar, ece: uar },
    }),
  );
  const { report: filled } = await readEvidence(path);
  expect(filled.overSeeds.uar.mean).toBe(0.4321);
  expect(filled.overSeeds.brier!.mean).toBeGreaterThan(0);
  expect(filled.overSpeakers).toEqual(overSpeakers);
});

test('a folder that is no run is refused', async () => {
  await expect(readEvidence(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'RUN_INVALID' });
});

describe('the images', () => {
  test('one per plot, at twice the size of the drawing, and not blank', () => {
    const images = [...files].filter(([name]) => name.endsWith('.png'));
    expect(images).toHaveLength(7);
    for (const [name, bytes] of images) {
      const { width, height, ink, colours } = pixelsOf(bytes as Uint8Array);
      expect(width, name).toBeGreaterThan(700);
      expect(width, name).toBeLessThan(1500);
      expect(height, name).toBeGreaterThan(300);
      expect(ink, name).toBeGreaterThan(0.005 * width * height);
      // Text alone has black, white and what lies between.
      expect(colours, name).toBeGreaterThan(20);
    }
  });
});

/** Decodes a PNG: pixels that are not white, those of them in the line below the plot, and how many colours there are. */
function pixelsOf(png: Uint8Array) {
  const width = new DataView(png.buffer, png.byteOffset).getUint32(16);
  const height = new DataView(png.buffer, png.byteOffset).getUint32(20);
  const href = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${href}" width="${width}" height="${height}"/></svg>`;
  const { pixels } = new Resvg(svg).render();
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.byteLength / 4);
  const inkOf = (pixels: Uint32Array) => pixels.filter((word) => word !== 0xffffffff).length;
  const lastLine = inkOf(words.subarray(-80 * width));
  return { width, height, ink: inkOf(words), lastLine, colours: new Set(words).size };
}

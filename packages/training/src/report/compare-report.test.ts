import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSyntheticRun, type SyntheticRunOptions } from '../../test/synthetic-run.ts';
import { compareEvidence, type ComparedRun } from './compare-evidence.ts';
import { comparisonTable, writeComparison } from './compare-report.ts';
import { readEvidence } from './evidence.ts';
import { RANDOM_SPLIT_CAVEAT } from './run-report.ts';

const root = await mkdtemp(join(tmpdir(), 'mars-compare-'));
afterAll(() => rm(root, { recursive: true }));

async function evidenceOf(name: string, options: SyntheticRunOptions) {
  await writeSyntheticRun(join(root, name), options);
  return readEvidence(join(root, name));
}

let runs: ComparedRun[];
beforeAll(async () => {
  const skills = { weak: 0.3, strong: 0.9, alike: 0.31 };
  const evidence = Object.entries(skills).map(([name, skill]) => evidenceOf(name, { skill }));
  runs = compareEvidence(await Promise.all(evidence));
});

describe('a comparison', () => {
  test('each run with the first: the difference, its interval, and what chance could do', () => {
    const [weak, strong, alike] = runs.map(({ comparison }) => comparison);
    expect(weak).toBeUndefined();
    expect(strong!.difference.uar).toBeGreaterThan(0.4);
    expect(strong!.interval!.uar.low).toBeGreaterThan(0);
    // Of six speakers no p is below 2 / 2 ** 6.
    expect(strong!.permutation.pValue).toBeCloseTo(2 / 64, 6);
    expect(strong!.adjustedPValue).toBeCloseTo(4 / 64, 6);
    expect(alike!.permutation.pValue).toBeGreaterThan(0.05);
  });

  test('the table says the same', () => {
    const { columns, rows } = comparisonTable(runs);
    const cell = (run: string, column: string) =>
      rows.find(([name]) => name === run)![columns.indexOf(column)];
    expect(cell('strong', 'difference of UAR')).toBe(
      `+${(100 * runs[1].comparison!.difference.uar).toFixed(1)}`,
    );
    expect(cell('strong', 'p')).toBe('0.031');
    expect(cell('strong', 'p, corrected')).toBe('0.063');
    expect(cell('weak', 'p')).toBe('–');
    expect(cell('strong', 'UAR')).toMatch(/^9\d\.\d ± \d\.\d$|^8\d\.\d ± \d\.\d$/);
  });

  test('of two runs there is nothing to correct', () => {
    expect(comparisonTable(runs.slice(0, 2)).columns).not.toContain('p, corrected');
  });

  test('the page: significance and, for every plot, its text and numbers', () => {
    const files = writeComparison(runs);
    expect([...files.keys()]).toEqual([
      'index.html',
      'uar.png',
      'differences.png',
      'recall.png',
      'speakers.png',
    ]);
    const page = String(files.get('index.html'));
    expect(page).not.toMatch(/<script|<link|<img|NaN|undefined/);
    expect(page).not.toContain(RANDOM_SPLIT_CAVEAT);
    const { document } = parseHTML(page);
    expect(document.querySelector('#differences svg')!.getAttribute('aria-label')).toContain('(p 0.063)');
    const figures = [...document.querySelectorAll('figure')];
    expect(figures).toHaveLength(4);
    for (const figure of figures) {
      expect(figure.querySelector('svg[role=img][aria-label]')).not.toBeNull();
      expect(figure.querySelectorAll('details tbody tr').length).toBeGreaterThan(1);
    }
    const speakers = [...document.querySelectorAll('#speakers tbody tr')].map((row) => row.textContent);
    expect(speakers).toHaveLength(6);
  });
});

describe('refused', () => {
  test('runs that tested other clips, by name', async () => {
    const other = await evidenceOf('others', { folds: [['Ann', 'Gus']] });
    expect(() => compareEvidence([runs[0].evidence, other])).toThrowError(
      expect.objectContaining({
        code: 'RUN_INVALID',
        message: expect.stringMatching(/weak and .*others: The runs tested different clips/),
      }),
    );
  });

  test('runs that tell other labels apart', () => {
    const { evidence } = runs[1];
    const labels = evidence.report.labels.slice(1);
    expect(() =>
      compareEvidence([runs[0].evidence, { ...evidence, report: { ...evidence.report, labels } }]),
    ).toThrowError(expect.objectContaining({ code: 'RUN_INVALID' }));
  });

  test('a single run', () => {
    expect(() => compareEvidence([runs[0].evidence])).toThrowError(
      expect.objectContaining({ code: 'NO_INPUT' }),
    );
  });
});

test('runs of one name are told apart by their paths', async () => {
  const again = await evidenceOf('elsewhere/weak', { skill: 0.5 });
  const [first, second] = compareEvidence([runs[0].evidence, again]);
  expect(second.name).toContain('elsewhere');
  expect(first.name).not.toBe(second.name);
});

test('figures of a random split come with what they cannot say', async () => {
  const random = await Promise.all(
    [0.4, 0.5].map((skill) => evidenceOf(`random ${skill}`, { skill, protocol: 'seed', seeds: [0] })),
  );
  expect(String(writeComparison(compareEvidence(random)).get('index.html'))).toContain(RANDOM_SPLIT_CAVEAT);
});

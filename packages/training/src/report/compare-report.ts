import type { ComparedRun } from './compare-evidence.ts';
import { differencesOfRuns, recallOfRuns, speakersOfRuns, uarOfRuns } from './compare-figures.ts';
import { html } from './markup.ts';
import { count, percent, points, probability } from './numbers.ts';
import type { Table } from './figure.ts';
import { writeFigure, writePage, writeTable } from './page.ts';
import { renderPng } from './png.ts';
import { RANDOM_SPLIT_CAVEAT, type ReportFiles } from './run-report.ts';

/**
 * Runs side by side as one self-contained page and its figures as images.
 *
 * @example
 * const files = writeComparison(compareEvidence([await readEvidence('runs/a'), await readEvidence('runs/b')]));
 */
export function writeComparison(runs: readonly ComparedRun[]): ReportFiles {
  const [first, ...others] = runs;
  const { clips, permutation } = others[0].comparison!;
  const figures = [uarOfRuns, differencesOfRuns, recallOfRuns, speakersOfRuns].map((draw) => draw(runs));
  const title = `${others.map(({ name }) => name).join(', ')} against ${first.name}`;
  const protocols = [...new Set(runs.map(({ evidence }) => evidence.report.protocol))];
  const random = protocols.includes('seed');
  const body = html`<header>
      <h1>${title}</h1>
      <p class="byline">
        ${count(runs.length, 'run')} on the same ${count(clips, 'clip')} of
        ${count(permutation.speakers, 'speaker')}, protocol ${protocols.join(', ')}
      </p>
    </header>
    ${random && html`<p class="caveat"><strong>${RANDOM_SPLIT_CAVEAT}</strong></p>`}
    ${writeTable(comparisonTable(runs), 'In per cent, mean ± standard deviation over seeds; differences in points.')}
    ${figures.map((figure, i) => writeFigure(figure, i + 1))}`;
  const source = `MARS · protocol ${protocols.join(', ')} · ${count(clips, 'clip')}${random ? ' · random split: speakers heard in training' : ''}`;
  return new Map<string, string | Uint8Array>([
    ['index.html', writePage({ title, body })],
    ...figures.map((figure): [string, Uint8Array] => [`${figure.id}.png`, renderPng(figure, source)]),
  ]);
}

/** A row per run: its figures, and its difference from the first with what chance could do. */
export function comparisonTable(runs: readonly ComparedRun[]): Table {
  // Of a single comparison the two are the same.
  const corrected = runs.length > 2 ? ['p, corrected'] : [];
  return {
    columns: ['run', 'UAR', 'accuracy', 'macro F1', 'ECE', 'difference of UAR', '95 %', 'p', ...corrected],
    rows: runs.map(({ name, evidence: { report, seeds }, comparison }) => {
      const { uar, accuracy, macroF1, ece } = report.overSeeds;
      const figures = [uar, accuracy, macroF1, ece].map(({ mean, sd }) =>
        seeds.length > 1 ? `${percent(mean)} ± ${percent(sd)}` : percent(mean),
      );
      if (comparison === undefined) return [name, ...figures, '–', '–', '–', ...corrected.map(() => '–')];
      const { difference, interval, permutation, adjustedPValue } = comparison;
      return [
        name,
        ...figures,
        points(difference.uar),
        interval ? `${points(interval.uar.low)} to ${points(interval.uar.high)}` : '–',
        probability(permutation.pValue),
        ...corrected.map(() => probability(adjustedPValue)),
      ];
    }),
  };
}

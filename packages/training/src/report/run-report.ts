import type { ExperimentReport } from '../experiment-report.ts';
import { PROTOCOL_DESCRIPTIONS } from '../splits/protocols.ts';
import { writeCalibrations } from './calibrations.ts';
import { changeTable } from './changes.ts';
import { confusionMatrix } from './confusion.ts';
import { predictionsBySeed, type Evidence } from './evidence.ts';
import type { Figure, Table } from './figure.ts';
import { foldTable } from './folds.ts';
import { groupDots } from './groups.ts';
import { learningCurves } from './learning-curves.ts';
import { html, type Markup } from './markup.ts';
import { count, inPercent, percent } from './numbers.ts';
import { writeFigure, writePage, writeTable } from './page.ts';
import { perClassBars } from './per-class.ts';
import { renderPng } from './png.ts';
import { profileTable } from './profiles.ts';
import { clipHashTable, configTable, provenanceTable } from './provenance.ts';
import { reliabilityDiagram } from './reliability.ts';
import { riskCoveragePlot } from './risk-coverage.ts';
import { speakerDots } from './speakers.ts';

/** A report as files: `index.html`, and a PNG per figure. */
export type ReportFiles = ReadonlyMap<string, string | Uint8Array>;

/** What is true of figures of the random split, and must stand wherever they do. */
export const RANDOM_SPLIT_CAVEAT =
  'A random split: the same speakers stand in training and test. This says how well voices that were heard are recognised, ' +
  'and nothing about a voice never heard: for that, see a run under protocol emobox.';

/**
 * The report of a run as one self-contained page and its figures as images.
 *
 * @param attention of `attentionOverWaveform`, where recordings were at hand
 * @example
 * const files = writeRunReport(await readEvidence('runs/emobox'));
 * files.get('confusion.png'); // the bytes of an image
 */
export function writeRunReport(evidence: Evidence, { attention }: { attention?: Figure } = {}): ReportFiles {
  const { name, report } = evidence;
  const sections: { heading: string; figures: (Figure | undefined)[]; after?: Markup }[] = [
    { heading: 'Emotions', figures: [confusionMatrix(evidence), perClassBars(evidence)] },
    {
      heading: 'Speakers and groups',
      figures: [speakerDots(evidence), groupDots(evidence)],
      after: writeTable(foldTable(evidence), 'UAR of each fold and seed, in per cent.'),
    },
    ...writeProfiles(evidence),
    ...writeChanges(evidence),
    {
      heading: 'Confidence',
      figures: [reliabilityDiagram(evidence), riskCoveragePlot(evidence)],
      after: writeCalibrations(evidence),
    },
    {
      heading: 'What it listens to',
      figures: [attention],
      after:
        attention === undefined
          ? html`<p class="note">
              Attention over the waveform is not shown: it takes the recordings (write the report with
              <code>--corpus NAME=DIR</code>) and a network that has attention.
            </p>`
          : undefined,
    },
    { heading: 'Training', figures: [learningCurves(evidence)] },
  ];
  const figures: Figure[] = [];
  const number = (figure: Figure) => figures.push(figure);
  const body = html` ${writeHead(evidence)}
    ${sections.map(
      ({ heading, figures: candidates, after }) =>
        html` <section>
          <h2>${heading}</h2>
          ${candidates.filter((figure) => figure !== undefined).map((figure) => writeFigure(figure, number(figure)))}
          ${after}
        </section>`,
    )}
    <section>
      <h2>How it was made</h2>
      ${writeTable(provenanceTable(evidence))}
      ${writeTable(configTable(evidence), 'The recipe, setting by setting.')}
      <details>
        <summary>Hashes of the clips</summary>
        ${writeTable(clipHashTable(evidence))}
      </details>
    </section>`;
  const source = sourceLine(evidence);
  return new Map<string, string | Uint8Array>([
    ['index.html', writePage({ title: `${name}: ${report.preset} under ${report.protocol}`, body })],
    ...figures.map((figure): [string, Uint8Array] => [`${figure.id}.png`, renderPng(figure, source)]),
  ]);
}

function writeHead(evidence: Evidence): Markup {
  const { name, report, trainings } = evidence;
  const { uar, accuracy } = report.overSeeds;
  const clips = predictionsBySeed(evidence)[0].length;
  const speakers = new Set(trainings.flatMap(({ predictions }) => predictions.map(({ speaker }) => speaker)))
    .size;
  return html`<header>
      <h1>${report.preset} under ${report.protocol}</h1>
      <p class="byline">
        Run ${name}: ${describeTrainings(evidence)}, tested on ${count(clips, 'clip')} of
        ${count(speakers, 'speaker')}
      </p>
    </header>
    <dl class="headline">
      <dt>
        UAR, the mean recall of the ${report.labels.length} emotions (chance
        ${inPercent(1 / report.labels.length)})
      </dt>
      <dd class="figure">
        ${percent(uar.mean)}<small> %${evidence.seeds.length > 1 && html` ± ${percent(uar.sd)}`}</small>
      </dd>
      <dd class="spread">${describeSpread(evidence)}</dd>
    </dl>
    ${report.protocol === 'seed' && html`<p class="caveat"><strong>${RANDOM_SPLIT_CAVEAT}</strong></p>`}
    <p>
      Protocol <code>${report.protocol}</code>: ${describeProtocol(report.protocol)}. Of all clips
      ${inPercent(accuracy.mean)} were heard rightly.
    </p>
    ${writeTable(figureTable(evidence))}`;
}

/** A section under the `enrol` protocols, none under others. */
function writeProfiles(evidence: Evidence): { heading: string; figures: []; after: Markup }[] {
  const profiles = profileTable(evidence);
  if (profiles === undefined) return [];
  return [
    { heading: 'Profiles of the speakers', figures: [], after: writeTable(profiles.table, profiles.caption) },
  ];
}

/** A section where changed recordings were tested, else none. */
function writeChanges(evidence: Evidence): { heading: string; figures: []; after: Markup }[] {
  const table = changeTable(evidence);
  if (table === undefined) return [];
  const caption =
    'What becomes of the verdicts when a recording goes through something on its way; in per cent.';
  return [{ heading: 'Changed recordings', figures: [], after: writeTable(table, caption) }];
}

function describeTrainings({ trainings, folds, seeds }: Evidence): string {
  return trainings.length === folds.length * seeds.length
    ? `${count(folds.length, 'fold')} × ${count(seeds.length, 'seed')}`
    : `${count(trainings.length, 'training')} of ${count(folds.length, 'fold')} and ${count(seeds.length, 'seed')}`;
}

function describeSpread({ seeds, report: { overSpeakers } }: Evidence): string {
  const overSeeds =
    seeds.length > 1
      ? `mean ± standard deviation over ${count(seeds.length, 'seed')}`
      : 'a single seed: how much chance of training matters was not measured';
  if (!overSpeakers) return overSeeds;
  const { low, high } = overSpeakers.uar;
  return `${overSeeds}; 95 % interval over speakers ${percent(low)} to ${percent(high)}`;
}

function describeProtocol(protocol: string): string {
  return PROTOCOL_DESCRIPTIONS[protocol] ?? PROTOCOL_DESCRIPTIONS[protocol.replace(/\d+$/, 'k')] ?? protocol;
}

const ROWS: readonly {
  key: keyof ExperimentReport['overSeeds'];
  title: string;
  print?: (value: number) => string;
}[] = [
  { key: 'uar', title: 'UAR, %' },
  { key: 'accuracy', title: 'accuracy (WA), %' },
  { key: 'macroF1', title: 'macro F1, %' },
  { key: 'weightedF1', title: 'weighted F1, %' },
  { key: 'ece', title: 'ECE (calibration error), %' },
  { key: 'aurc', title: 'AURC (risk over coverage), %' },
  { key: 'brier', title: 'Brier score', print: (value) => value.toFixed(3) },
  { key: 'logLoss', title: 'log loss', print: (value) => value.toFixed(2) },
  { key: 'coverage', title: 'answered with an emotion, %' },
  { key: 'selectiveAccuracy', title: 'accuracy of these answers, %' },
];

/** Every figure of the report: its mean, and how it scatters over seeds, trainings and speakers. */
function figureTable({ report, seeds, trainings }: Evidence): Table {
  return {
    columns: ['figure', 'mean', '95 % over speakers', 'sd over seeds', 'sd over trainings'],
    rows: ROWS.flatMap(({ key, title, print = percent }) => {
      const overSeeds = report.overSeeds[key];
      const overTrainings = report.overTrainings[key];
      if (overSeeds === undefined || overTrainings === undefined) return [];
      const interval = new Map(Object.entries(report.overSpeakers ?? {})).get(key);
      return [
        [
          title,
          print(overSeeds.mean),
          interval === undefined ? '–' : `${print(interval.low)} to ${print(interval.high)}`,
          seeds.length > 1 ? print(overSeeds.sd) : '–',
          trainings.length > 1 ? print(overTrainings.sd) : '–',
        ],
      ];
    }),
  };
}

/** What was measured, in a line under every image: it may be seen without its page. */
function sourceLine(evidence: Evidence): string {
  const { report } = evidence;
  const line = `MARS · ${report.preset} · protocol ${report.protocol} · ${describeTrainings(evidence)}`;
  return report.protocol === 'seed' ? `${line} · random split: speakers heard in training` : line;
}

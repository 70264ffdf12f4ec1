import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LABELS, openWorkshop, tinyConfig, type Workshop } from '../../test/synthetic-corpus.ts';
import type { Prediction } from '../evaluate.ts';
import { runExperiment } from '../experiment.ts';
import { attentionOverWaveform } from './attention.ts';
import { readEvidence, type Evidence } from './evidence.ts';
import { writeRunReport } from './run-report.ts';

let workshop: Workshop;
let evidence: Evidence;
beforeAll(async () => {
  workshop = await openWorkshop();
  evidence = await trainTiny('attention');
});
afterAll(() => workshop[Symbol.asyncDispose]());

async function trainTiny(pooling: 'attention' | 'mean'): Promise<Evidence> {
  const { folder, clips, cacheDir } = workshop;
  const out = join(folder, pooling);
  const { network } = tinyConfig();
  const config = tinyConfig({ epochs: 1, network: { ...network, pooling } as typeof network });
  await runExperiment({ config, protocol: 'seed', clips, cacheDir, seeds: [0], out, threads: 1 });
  return readEvidence(out, clips);
}

test('of each emotion the clip with the median score, and where the attention lay', async () => {
  const { table } = (await attentionOverWaveform(evidence, workshop.clips))!;
  const { predictions } = evidence.trainings[0];
  const tested = LABELS.filter((label) => predictions.some(({ emotion }) => emotion === label));
  expect(table.rows.map(([, played]) => played)).toEqual(tested);
  for (const [id, played, heard, , lengthSec, summitSec, paddedPercent] of table.rows) {
    const k = LABELS.indexOf(String(played));
    const scoreOf = ({ scores }: Prediction) => scores[k];
    const shown = predictions.find((prediction) => prediction.id === id)!;
    expect(shown).toMatchObject({ emotion: played, predicted: heard });
    const alike = predictions.filter(({ emotion }) => emotion === played);
    const lower = alike.filter((prediction) => scoreOf(prediction) < scoreOf(shown)).length;
    expect(Math.abs(lower - (alike.length - 1) / 2)).toBeLessThanOrEqual(0.5);
    // Clips of 0.4 to 0.8 s; the window is 40 frames of 16 ms.
    expect(Number(lengthSec)).toBeGreaterThan(0.35);
    expect(Number(summitSec)).toBeLessThan(Math.max(0.64, Number(lengthSec)));
    // The last step's middle is at 0.608 s; lengths are told to 0.01 s.
    const isPadded = Number(paddedPercent) > 0;
    expect(Number(lengthSec) < 0.608 + (isPadded ? 0.01 : -0.01)).toBe(isPadded);
  }
});

test('the report shows it with its numbers', async () => {
  const attention = await attentionOverWaveform(evidence, workshop.clips);
  const { document } = parseHTML(String(writeRunReport(evidence, { attention }).get('index.html')));
  const figure = document.querySelector('figure#attention')!;
  expect(figure.querySelectorAll('details tbody tr')).toHaveLength(attention!.table.rows.length);
  expect(figure.querySelector('svg')!.getAttribute('aria-label')).toContain('Attention is highest at');
});

test('without recordings, or without attention, the report says so', async () => {
  expect(await attentionOverWaveform(await trainTiny('mean'), workshop.clips)).toBeUndefined();
  expect(String(writeRunReport(evidence).get('index.html'))).toContain('--corpus NAME=DIR');
});

test('another corpus is refused', async () => {
  const elsewhere = workshop.clips.map((clip) => ({ ...clip, id: `elsewhere/${clip.id}` }));
  await expect(attentionOverWaveform(evidence, elsewhere)).rejects.toMatchObject({ code: 'CORPUS_INVALID' });
});

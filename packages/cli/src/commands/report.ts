import { join } from 'node:path';
import type { Command } from 'commander';
import { collect, readCorpora } from '../corpora.ts';

interface ReportOptions {
  out?: string;
  corpus?: string[];
}

/** Adds `mars report`. */
export function addReport(program: Command): void {
  program
    .command('report')
    .summary('write what a run found as a page with plots')
    .description(
      'Writes one HTML file that needs nothing else (no network, no script), and each plot as a PNG beside it:\n' +
        'figures with their scatter, confusions, each emotion and speaker, confidence, learning curves, recipe.',
    )
    .argument('<run>', 'the folder that "mars train --out" wrote')
    .option('-o, --out <folder>', 'where to (default: the folder "report" in the run\'s)')
    .option(
      '-c, --corpus <name=path>',
      'the recordings, to show which moments of some clips the model listened to; repeat for several',
      collect,
    )
    .addHelpText(
      'after',
      `
Examples:
  mars report runs/emobox
  mars report runs/emobox --corpus ravdess=/data/ravdess --out emobox-report`,
    )
    .action(report);
}

async function report(run: string, { out = join(run, 'report'), corpus = [] }: ReportOptions): Promise<void> {
  const { attentionOverWaveform, readEvidence, writeReportFiles, writeRunReport } =
    await import('@mars/training/report');
  const clips = await readCorpora(corpus);
  const evidence = await readEvidence(run, clips);
  const attention = corpus.length > 0 ? await attentionOverWaveform(evidence, clips) : undefined;
  const files = writeRunReport(evidence, { attention });
  for (const path of await writeReportFiles(files, out)) console.log(path);
}

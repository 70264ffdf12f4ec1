import type { ComparedRun } from '@mars/training/report';
import type { Command } from 'commander';

interface CompareOptions {
  out?: string;
  json?: boolean;
}

/** Adds `mars compare`. */
export function addCompare(program: Command): void {
  program
    .command('compare')
    .summary('put runs side by side, with what chance could do')
    .description(
      'Compares each run with the first, on the same test clips, paired by clip and speaker: the difference of UAR, its\n' +
        'interval when the speakers are drawn anew, and a permutation test. Runs that tested other clips are refused.',
    )
    .argument('<runs...>', 'folders that "mars train --out" wrote; the one to compare with first')
    .option('-o, --out <folder>', 'also write a page with plots, and each plot as a PNG')
    .option('--json', 'print the comparison as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mars compare runs/seed-emobox runs/transfer-emobox
  mars compare runs/a runs/b runs/c --out comparison`,
    )
    .action(compare);
}

async function compare(paths: string[], { out, json }: CompareOptions): Promise<void> {
  const { compareEvidence, readEvidence, writeComparison, writeReportFiles } =
    await import('@mars/training/report');
  const evidence = await Promise.all(paths.map((path) => readEvidence(path)));
  const runs = compareEvidence(evidence);
  if (json) console.log(JSON.stringify(toJson(runs)));
  else await printComparison(runs);
  if (out === undefined) return;
  for (const path of await writeReportFiles(writeComparison(runs), out)) console.error(path);
}

function toJson(runs: readonly ComparedRun[]) {
  return runs.map(({ name, evidence: { path, report }, comparison }) => {
    const { preset, protocol, overSeeds, overTrainings, overSpeakers } = report;
    return { name, path, preset, protocol, overSeeds, overTrainings, overSpeakers, comparison };
  });
}

async function printComparison(runs: readonly ComparedRun[]): Promise<void> {
  const { comparisonTable, RANDOM_SPLIT_CAVEAT } = await import('@mars/training/report');
  const { columns, rows } = comparisonTable(runs);
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, k) => Math.max(...cells.map((row) => row[k].length)));
  for (const row of cells) {
    console.log(
      row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join('  '),
    );
  }
  console.log(
    `\nPer cent, mean ± sd over seeds. Differences from ${runs[0].name} in points, with 95 % over speakers;\n` +
      `p: two-sided permutation test over ${runs[1].comparison!.permutation.speakers} speakers` +
      (runs.length > 2 ? ', and corrected for several comparisons (Holm).' : '.'),
  );
  if (runs.some(({ evidence }) => evidence.report.protocol === 'seed'))
    console.log(`\n${RANDOM_SPLIT_CAVEAT}`);
}

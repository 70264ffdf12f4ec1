import { CORPUS_CATALOGUE, type CorpusEntry } from '@mars/training/choices';
import type { Command } from 'commander';

/** Adds `mars corpus list`. */
export function addCorpusList(corpus: Command): void {
  corpus
    .command('list')
    .summary('the corpora that MARS knows by name')
    .description(
      'Prints every corpus that MARS reads by its own file names: what is in it, its licence, its source, whether\n' +
        '"mars corpus get" fetches it, and what to cite. Any other corpus is read by a table or a folder per label.',
    )
    .option('--json', 'one JSON object per line and corpus')
    .addHelpText(
      'after',
      `
Examples:
  mars corpus list
  mars corpus list --json | jq -r 'select(.downloadMb != null).name'`,
    )
    .action(({ json }: { json?: boolean }) => {
      for (const entry of CORPUS_CATALOGUE)
        console.log(json ? JSON.stringify(entry) : `${describe(entry)}\n`);
      if (!json)
        console.log('Any other corpus: a table or a folder per label, see mars corpus verify --help.');
    });
}

function describe(entry: CorpusEntry): string {
  const { name, title, language, clips, speakers, emotions, licence, source, downloadMb, citation } = entry;
  const get =
    downloadMb === null ? 'not by mars, see source' : `mars corpus get ${name} (about ${downloadMb} MB)`;
  return [
    `${name.padEnd(10)}${title}, ${language}: ${clips} clips, ${speakers} speakers, ${emotions} emotions`,
    `  licence ${licence}`,
    `  source  ${source}`,
    `  get     ${get}`,
    `  cite    ${citation}`,
  ].join('\n');
}

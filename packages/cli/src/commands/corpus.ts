import type { Command } from 'commander';
import { addCorpusGet } from './corpus-get.ts';
import { addCorpusList } from './corpus-list.ts';
import { addCorpusVerify } from './corpus-verify.ts';

/** Adds `mars corpus list`, `mars corpus verify` and `mars corpus get`. */
export function addCorpus(program: Command): void {
  const corpus = program
    .command('corpus')
    .summary('list, fetch and check corpora')
    .description(
      'The corpora that MARS trains on: which there are, how to get them, and what is wrong with them.',
    )
    .addHelpText(
      'after',
      `
Examples:
  mars corpus list
  mars corpus get ravdess /data/ravdess
  mars corpus verify crema-d /data/crema-d`,
    );
  addCorpusList(corpus);
  addCorpusGet(corpus);
  addCorpusVerify(corpus);
}

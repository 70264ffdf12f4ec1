import { join } from 'node:path';
import { MarsError } from '@mars/core';
import type { GetProgress } from '@mars/training';
import { CORPUS_CATALOGUE } from '@mars/training/choices';
import type { Command } from 'commander';
import { EXIT_STATUS } from '../exit-status.ts';
import { statusLine } from '../progress.ts';

/** Adds `mars corpus get`. */
export function addCorpusGet(corpus: Command): void {
  const names = CORPUS_CATALOGUE.filter(({ downloadMb }) => downloadMb !== null).map(({ name }) => name);
  corpus
    .command('get')
    .summary('fetch a corpus from its public source')
    .description(
      `Fetches ${names.join(', ')} from their public sources, checks every file against the source's checksum, and\n` +
        'unpacks archives. Interrupted or cut off, the same command goes on where it was; when all is there it does nothing.\n' +
        'For the others "mars corpus list" says where they are to be had. Mind the licences.',
    )
    .argument('<name>', names.join(', '))
    .argument('[dir]', 'where it goes (corpora/NAME)')
    .addHelpText(
      'after',
      `
Examples:
  mars corpus get ravdess
  mars corpus get crema-d /data/crema-d

Prints the folder on stdout. Exit status: 0 all is there; 1 it could not be fetched, what has come is kept;
2 wrong usage; 130 interrupted.`,
    )
    .action(get);
}

async function get(name: string, dir: string = join('corpora', name)): Promise<void> {
  const status = statusLine();
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  try {
    const { getCorpus } = await import('@mars/training');
    const got = await getCorpus(name, dir, {
      signal: interruption.signal,
      onProgress: (progress) => status.show(`${name}: ${describe(progress)}`),
    });
    const entry = CORPUS_CATALOGUE.find((known) => known.name === name)!;
    status.log(
      got.wasThere ? `mars: ${name} is there already.` : `mars: ${name} is there; licence ${entry.licence}.`,
    );
    console.log(got.dir);
  } catch (error) {
    status.clear();
    if (interruption.signal.aborted) {
      console.error(`mars: interrupted. Go on with: mars corpus get ${name} ${dir}`);
      process.exitCode = EXIT_STATUS.interrupted;
    } else if (error instanceof MarsError && error.code === 'DOWNLOAD_FAILED') {
      console.error(`mars: ${error.message} [${error.code}]`);
      process.exitCode = EXIT_STATUS.someFailed;
    } else {
      throw error;
    }
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

function describe({ doneFiles, totalFiles, doneBytes, totalBytes }: GetProgress): string {
  const [done, total] = [doneBytes, totalBytes].map((bytes) => (bytes / 1e6).toFixed(1));
  return `${doneFiles} of ${totalFiles} files, ${done}${totalBytes >= doneBytes ? ` of ${total}` : ''} MB`;
}

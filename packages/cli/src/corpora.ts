import { MarsError } from '@mars/core';
import type { Clip } from '@mars/training';
import { CORPORA } from '@mars/training/choices';

/** For `--help` of every command that takes `--corpus`. */
export const CORPUS_HELP = `
Corpora, as NAME=PATH:
  ravdess=/data/ravdess                    by its own file names (also ${CORPORA.filter((name) => name !== 'ravdess').join(', ')})
  mine=/data/mine.csv                      any other by a table (.csv, .jsonl, .ndjson) with the columns
                                           file, emotion, speaker[, intensity, statement, repetition,
                                           channel, gender, corpus]; paths are relative to the table
  mine=/data/mine                          any other by a folder per label: happy/, anger/, …; nobody knows
                                           who speaks, so protocols of unseen speakers refuse it
  mine=/data/mine,labels=map.json          with a label map such as {"joy": "happy", "boredom": null}, where null
                                           leaves out; labels.json beside the table or in the folder needs no naming`;

/** What `--corpus` names. */
export interface CorpusSpec {
  readonly name: string;
  readonly path: string;
  /** A label map's file. */
  readonly labels?: string;
}

/**
 * Takes `NAME=PATH` or `NAME=PATH,labels=FILE` apart. Errors: `CONFIG_INVALID` for another form.
 *
 * @example
 * parseCorpus('mine=/data/mine,labels=map.json'); // { name: 'mine', path: '/data/mine', labels: 'map.json' }
 */
export function parseCorpus(spec: string): CorpusSpec {
  const { name, path, labels } =
    /^(?<name>[^=]+)=(?<path>.+?)(?:,labels=(?<labels>.+))?$/s.exec(spec)?.groups ?? {};
  if (name === undefined) {
    throw new MarsError(
      'CONFIG_INVALID',
      `--corpus got "${spec}"; NAME=PATH was expected, as in ravdess=/data/ravdess or mine=/data/table.csv. ` +
        `Known names: ${CORPORA.join(', ')}; any other is a table's or a folder's own.`,
    );
  }
  return { name, path, labels };
}

/** Reads the corpora of `--corpus` into one list of clips. Errors: those of `parseCorpus` and of the corpus. */
export async function readCorpora(specs: readonly string[]): Promise<Clip[]> {
  const { readCorpus } = await import('@mars/training');
  const clips: Clip[] = [];
  for (const { name, path, labels } of specs.map(parseCorpus)) {
    for (const clip of await readCorpus(name, path, { labels })) clips.push(clip);
  }
  return clips;
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

import { MarsError } from '@mars/core';
import { CORPORA, readCorpus, type Clip } from '@mars/training';

/** Reads `NAME=DIR` arguments into one list of clips. Errors: `CONFIG_INVALID` for another form; those of the corpus. */
export async function readCorpora(specs: readonly string[]): Promise<Clip[]> {
  const clips: Clip[] = [];
  for (const spec of specs) {
    const at = spec.indexOf('=');
    if (at < 1 || at === spec.length - 1) {
      throw new MarsError(
        'CONFIG_INVALID',
        `--corpus got "${spec}"; NAME=DIR was expected, as in ravdess=/data/ravdess. Names: ${CORPORA.join(', ')}.`,
      );
    }
    clips.push(...(await readCorpus(spec.slice(0, at), spec.slice(at + 1))));
  }
  return clips;
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

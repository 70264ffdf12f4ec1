import { MarsError } from '@mars/core';
import { UNKNOWN_SPEAKER, type Clip } from './clip.ts';
import { findLabelMap, resolveLabels } from './labels.ts';
import { findRecordings } from './takes.ts';

/**
 * The clips of a folder that holds a folder per label (`happy/a.wav`, `anger/2019/b.flac`), in the order of their paths.
 * Labels that are none of the eight emotions need a label map (labels.json in the folder, or `labels`).
 *
 * Who speaks is not known: every clip is of the one `UNKNOWN_SPEAKER`, so that no two of them can be taken for different
 * people. Such a corpus can be trained on; tested on unseen speakers it cannot be. Where speakers are known, use a table.
 *
 * Errors: `CORPUS_INVALID` when there is no such folder, no recording below a folder, or a label that is no emotion;
 * `CONFIG_INVALID` for a broken label map.
 *
 * @example
 * const clips = await readFolder('mine', '/data/mine');
 * clips[0].emotion; // 'angry'
 */
export async function readFolder(
  name: string,
  dir: string,
  { labels }: { labels?: string } = {},
): Promise<Clip[]> {
  const { root, recordings } = await findRecordings(dir, 'a corpus');
  const labelled = recordings
    .filter(({ id }) => id.includes('/'))
    .map(({ file, id }) => ({ file, id, label: id.slice(0, id.indexOf('/')) }));
  if (labelled.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `${root} holds no folder with recordings; a folder per label was expected, such as happy/clip.wav.`,
    );
  }
  const emotionOf = resolveLabels(
    labelled.map(({ label }) => label),
    await findLabelMap(root, labels),
    root,
  );
  const clips = labelled.flatMap(({ file, id, label }): Clip[] => {
    const emotion = emotionOf(label);
    return emotion === null ? [] : [{ file, id, corpus: name, speaker: UNKNOWN_SPEAKER, emotion }];
  });
  if (clips.length === 0) {
    throw new MarsError('CORPUS_INVALID', `The label map of ${root} leaves every clip out.`);
  }
  return clips;
}

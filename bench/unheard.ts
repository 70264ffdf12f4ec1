import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRecogniser, type Recogniser } from '@mars/core';
import { readCorpus, splitClips, type Clip } from '@mars/training';

const ROOT = join(import.meta.dirname, '..');

/**
 * A model on one thread, and the RAVDESS clips that it has never heard: the test part of the fold of `emobox` that it was
 * trained on. The shipped `flagship` has heard everybody; `mars train flagship --protocol emobox` writes ones that have not.
 *
 * @throws Error for a model of another protocol
 */
export async function openUnheard(file: string): Promise<{ recogniser: Recogniser; clips: readonly Clip[] }> {
  const recogniser = await loadRecogniser(await readFile(file), { threads: 1 });
  const { name, split } = recogniser.metadata;
  if (split?.protocol !== 'emobox') {
    throw new Error(
      `${file} ("${name}") was trained under ${split?.protocol ?? 'no protocol'}: it may have heard every actor of RAVDESS. ` +
        'Give the model.onnx of a training under emobox, such as runs/flagship/emobox-1-seed0/model.onnx.',
    );
  }
  const corpora = process.env['MARS_CORPORA'] ?? join(ROOT, '../shared/corpora');
  const folds = splitClips(await readCorpus('ravdess', join(corpora, 'ravdess')), 'emobox');
  return { recogniser, clips: folds.find((fold) => fold.name === split.fold)!.test };
}

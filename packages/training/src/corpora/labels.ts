import { readFile } from 'node:fs/promises';
import { EMOTIONS, MarsError, type Emotion } from '@mars/core';

/** From a corpus's own labels to emotions; `null` leaves a label's clips out. Case does not matter. */
export type LabelMap = Readonly<Record<string, Emotion | null>>;

/** The label map that is read where none is named: beside a table, or in a folder of labels. */
export const LABEL_MAP_NAME = 'labels.json';

/** The nouns and forms of the eight, so that only labels which mean something else need a map. */
const SAME_WORD: LabelMap = {
  ...Object.fromEntries(EMOTIONS.map((emotion) => [emotion, emotion])),
  anger: 'angry',
  calmness: 'calm',
  disgusted: 'disgust',
  fear: 'fearful',
  happiness: 'happy',
  sadness: 'sad',
  surprise: 'surprised',
};

/**
 * Reads a label map: a JSON object such as {"joy": "happy", "boredom": null}.
 *
 * Errors: `CONFIG_INVALID` when the file cannot be read, is no such object, or maps to no emotion.
 *
 * @example
 * const map = await readLabelMap('/data/mine/labels.json');
 * map.joy; // 'happy'
 */
export async function readLabelMap(file: string): Promise<LabelMap> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MarsError('CONFIG_INVALID', `The label map ${file} cannot be read: ${reason}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notAMap(file, 'no JSON object');
  for (const [label, emotion] of Object.entries(value)) {
    if (emotion !== null && !EMOTIONS.includes(emotion)) {
      throw notAMap(file, `"${label}": ${JSON.stringify(emotion)}`);
    }
  }
  return value as LabelMap;
}

function notAMap(file: string, what: string): MarsError {
  return new MarsError(
    'CONFIG_INVALID',
    `The label map ${file} holds ${what}; an object such as {"joy": "happy", "boredom": null} was expected, ` +
      `with ${EMOTIONS.join(', ')} or null (left out) as values.`,
  );
}

/** The map in `file`, or in labels.json of `folder` where it is there, or none. */
export async function findLabelMap(folder: string, file?: string): Promise<LabelMap> {
  if (file !== undefined) return readLabelMap(file);
  const beside = `${folder}/${LABEL_MAP_NAME}`;
  const isThere = await readFile(beside).then(
    () => true,
    () => false,
  );
  return isThere ? readLabelMap(beside) : {};
}

/**
 * A function from a corpus's labels to emotions (`null`: leave out). All labels are checked at once, so that one error
 * names everything that a map must hold.
 *
 * Errors: `CORPUS_INVALID` naming the labels that are neither in the map nor one of the eight emotions.
 *
 * @example
 * const emotionOf = resolveLabels(['Joy', 'anger'], { joy: 'happy' }, '/data/mine.csv');
 * emotionOf('Joy'); // 'happy'
 */
export function resolveLabels(
  labels: Iterable<string>,
  map: LabelMap,
  source: string,
): (label: string) => Emotion | null {
  const known = new Map<string, Emotion | null>();
  for (const [label, emotion] of [...Object.entries(SAME_WORD), ...Object.entries(map)]) {
    known.set(normalise(label), emotion);
  }
  const unknown = [...new Set(labels)].filter((label) => !known.has(normalise(label)));
  if (unknown.length > 0) {
    const example = JSON.stringify(Object.fromEntries(unknown.map((label) => [label, null])));
    throw new MarsError(
      'CORPUS_INVALID',
      `${source} has labels that are none of ${EMOTIONS.join(', ')}: ${unknown.map((label) => `"${label}"`).join(', ')}. ` +
        `Put a ${LABEL_MAP_NAME} beside it such as ${example}, where null leaves the clips out and an emotion keeps them.`,
    );
  }
  return (label) => known.get(normalise(label))!;
}

function normalise(label: string): string {
  return label.trim().toLowerCase();
}

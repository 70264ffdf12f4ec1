import { EMOTIONS, type Emotion } from '@mars/core';
import { expect, test } from 'vitest';
import { ravdess } from '../test/clips.ts';
import type { Clip } from './corpora/clip.ts';
import { knownOf, labelledBy } from './labelled.ts';

const elsewhere = (...emotions: Emotion[]): Clip[] =>
  emotions.map((emotion) => ({ file: '', id: emotion, corpus: 'mine', speaker: 'ada', emotion }));
const numbers = (...emotions: Emotion[]) => emotions.map((emotion) => EMOTIONS.indexOf(emotion));

test('what a corpus does not label and another does is left open in it', () => {
  const labelled = labelledBy([...ravdess, ...elsewhere('happy', 'sad')], EMOTIONS);
  expect(labelled.get('ravdess')).toEqual([...EMOTIONS.keys()]);
  expect(labelled.get('mine')).toEqual(numbers('happy', 'sad'));
});

test('what nobody labels is wrong everywhere', () => {
  const labelled = labelledBy(elsewhere('happy', 'sad'), EMOTIONS);
  expect(labelled.get('mine')).toEqual([...EMOTIONS.keys()]);
});

test('every version of a clip may be what its corpus labels', () => {
  const clips = [...elsewhere('sad'), ravdess[0]];
  const labelled = labelledBy([...ravdess, ...clips], EMOTIONS);
  const [mine, theirs] = ['mine', 'ravdess'].map((corpus) => labelled.get(corpus)!);
  expect(knownOf(clips, 2, labelled)).toEqual([mine, mine, theirs, theirs]);
});

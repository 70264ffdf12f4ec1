import { EMOTIONS } from '@mars/core';
import { expect, test } from 'vitest';
import { corpusOf } from '../../test/clips.ts';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import { splitAll } from './all.ts';
import { speakersOf } from './fold.ts';

const acted = corpusOf('acted', ['a', 'b', 'c', 'd', 'e', 'f'], EMOTIONS);
const told = corpusOf('told', ['x', 'y'], ['happy', 'surprised']);

test('every clip trains or validates, none is tested; two of each corpus validate, and none where that were over a third', () => {
  const [fold, ...others] = splitAll([...acted, ...told]);
  expect(others).toEqual([]);
  expect(fold.test).toEqual([]);
  expect(new Set([...fold.train, ...fold.validation])).toEqual(new Set([...acted, ...told]));
  expect(speakersOf(fold.validation)).toHaveLength(2);
  expect(fold.validation.every(({ corpus }) => corpus === 'acted')).toBe(true);
  expect(splitAll([...acted, ...told], { validationActors: 0 })[0].validation).toEqual([]);
});

test('who sings is trained on where that is asked for, and never validates', () => {
  const sung = acted.map((clip): Clip => ({
    ...clip,
    id: `sung ${clip.id}`,
    channel: 'song',
    contentHash: undefined,
  }));
  expect(splitAll([...acted, ...sung])[0].train.every(({ channel }) => channel !== 'song')).toBe(true);
  const [{ train, validation }] = splitAll([...acted, ...sung], { trainOn: 'speech+song' });
  expect(train.filter(({ channel }) => channel === 'song')).toHaveLength((sung.length * 4) / 6);
  expect(validation.every(({ channel }) => channel !== 'song')).toBe(true);
});

test('a clip of nobody knows whom trains', () => {
  const nameless = acted.map((clip) => ({ ...clip, speaker: UNKNOWN_SPEAKER }));
  const [{ train, validation }] = splitAll(nameless);
  expect(train).toEqual(nameless);
  expect(validation).toEqual([]);
});

import { EMOTIONS } from '@mars/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyClips, corpusOf } from '../../test/clips.ts';
import { UNKNOWN_SPEAKER, type Clip } from '../corpora/clip.ts';
import { splitCross } from './cross.ts';
import { speakersOf } from './fold.ts';

const six = ['a', 'b', 'c', 'd', 'e', 'f'];
const acted = corpusOf('acted', six, EMOTIONS);
const phoned = corpusOf('phoned', six, ['neutral', 'happy', 'angry']);
const told = corpusOf('told', ['x', 'y'], ['happy', 'surprised']);

const onlyFold = (clips: Clip[], options = {}) => splitCross(clips, { testCorpus: 'phoned', ...options })[0];

test('each corpus is tested in turn, or the one that is asked for; the others train and validate', () => {
  const folds = splitCross([...acted, ...phoned, ...told]);
  expect(folds.map(({ name }) => name)).toEqual(['cross-acted', 'cross-phoned', 'cross-told']);
  expect(splitCross([...acted, ...phoned, ...told], { testCorpus: 'told' })).toEqual([folds[2]]);
});

test('no clip of the test corpus is on another side', () => {
  fc.assert(
    fc.property(anyClips, fc.boolean(), (clips, isSong) => {
      const corpora = new Set(clips.map(({ corpus }) => corpus));
      fc.pre(corpora.size > 1);
      for (const testCorpus of corpora) {
        let fold;
        try {
          [fold] = splitCross(clips, { testCorpus, trainOn: isSong ? 'speech+song' : 'speech' });
        } catch {
          continue;
        }
        expect(fold.test.every(({ corpus }) => corpus === testCorpus)).toBe(true);
        expect([...fold.train, ...fold.validation].every(({ corpus }) => corpus !== testCorpus)).toBe(true);
        const heard = new Set(fold.train.map(({ emotion }) => emotion));
        expect(fold.labels!.every((emotion) => heard.has(emotion))).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

describe('labels', () => {
  test('are those of both sides: what the test corpus lacks is trained on, and cannot be chosen', () => {
    const { train, test, labels } = onlyFold([...acted, ...phoned]);
    expect(labels).toEqual(['neutral', 'happy', 'angry']);
    expect(test).toEqual(phoned);
    expect(new Set(train.map(({ emotion }) => emotion))).toEqual(new Set(EMOTIONS));
  });

  test('what no training corpus has is left out of the test', () => {
    const [{ test, labels }] = splitCross([...acted, ...phoned], { testCorpus: 'acted' });
    expect(labels).toEqual(['neutral', 'happy', 'angry']);
    expect(test).toEqual(acted.filter(({ emotion }) => labels!.includes(emotion)));
  });
});

describe('who validates', () => {
  test('two of each training corpus, and none where that were over a third', () => {
    const { validation } = onlyFold([...acted, ...phoned, ...told]);
    expect(speakersOf(validation).map((speaker) => speaker.split('/')[0])).toEqual(['acted', 'acted']);
  });

  test('nobody whom nobody knows', () => {
    const nameless = corpusOf('told', ['x', 'y'], ['happy'], { speaker: UNKNOWN_SPEAKER });
    const { train, validation } = onlyFold([...acted, ...nameless, ...phoned], { validationActors: 5 });
    expect(validation.some(({ corpus }) => corpus === 'told')).toBe(false);
    expect(train.filter(({ corpus }) => corpus === 'told')).toEqual(nameless);
  });
});

test('a speaker of whom one recording is in the test corpus is the same person, and is not trained on', () => {
  const again = { ...acted[0], corpus: 'phoned', speaker: 'called otherwise there' };
  const { train, validation, test } = onlyFold([...acted, again, ...phoned]);
  expect(test).toContain(again);
  expect(speakersOf([...train, ...validation])).toEqual(
    ['b', 'c', 'd', 'e', 'f'].map((name) => `acted/${name}`),
  );
});

describe('errors teach', () => {
  test.each([
    ['one corpus', acted, {}, 'CORPUS_INVALID', '1 came (acted)'],
    ['none', [], {}, 'CORPUS_INVALID', '0 came'],
    [
      'another test corpus',
      [...acted, ...told],
      { testCorpus: 'tol' },
      'CONFIG_INVALID',
      '"tol", is not among those given: acted, told',
    ],
    [
      'no shared emotion',
      [...corpusOf('calm', six, ['calm']), ...told],
      {},
      'CORPUS_INVALID',
      'no emotion that',
    ],
    [
      'the same corpus under two names',
      [...acted, ...acted.map((clip) => ({ ...clip, corpus: 'copy' }))],
      {},
      'CONFIG_INVALID',
      'no clip left to train on',
    ],
  ])('%s', (_, clips, options, code, words) => {
    expect(() => splitCross(clips, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });
});

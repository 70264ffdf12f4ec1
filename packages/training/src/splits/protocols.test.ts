import { EMOTIONS } from '@mars/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clip } from '../corpora/clip.ts';
import { splitEmobox } from './emobox.ts';
import type { Fold } from './fold.ts';
import { PROTOCOLS } from './protocols.ts';
import { splitSeed } from './seed.ts';

/** RAVDESS as it is: 1440 spoken and 1012 sung clips, and its one recording that is there twice. */
function makeRavdess(): Clip[] {
  const clips: Clip[] = [];
  for (const channel of ['speech', 'song'] as const) {
    for (const [e, emotion] of EMOTIONS.entries()) {
      if (channel === 'song' && e > 5) continue;
      for (const intensity of e === 0 ? ['normal'] : ['normal', 'strong']) {
        for (const statement of ['kids', 'dogs']) {
          for (const repetition of [1, 2]) {
            for (let actor = 1; actor <= 24; actor++) {
              if (channel === 'song' && actor === 18) continue;
              clips.push(makeClip({ channel, emotion, intensity, statement, repetition }, actor));
            }
          }
        }
      }
    }
  }
  return clips;
}

function makeClip(what: Partial<Clip>, actor: number): Clip {
  const take = [what.channel, what.emotion, what.intensity, what.statement, what.repetition, actor].join('-');
  const twice = actor === 7 && take.startsWith('speech-happy-normal-dogs');
  return {
    file: `/ravdess/${take}.wav`,
    id: `${take}.wav`,
    corpus: 'ravdess',
    speaker: `Actor_${String(actor).padStart(2, '0')}`,
    gender: actor % 2 === 1 ? 'male' : 'female',
    emotion: 'neutral',
    contentHash: twice ? 'the same recording' : take,
    ...what,
  };
}

const ravdess = makeRavdess();

/** Some of the corpus, in which any clip may sound as another: the worst that a folder can hold. */
const messyCorpus = fc
  .tuple(
    fc.subarray(ravdess, { minLength: 300, maxLength: 600 }),
    fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
  )
  .map(([clips, doubles]) => {
    const copies = [...clips];
    for (const [from, to] of doubles) {
      const { contentHash } = copies[from % copies.length];
      copies[to % copies.length] = { ...copies[to % copies.length], contentHash };
    }
    return copies;
  });

const seeds = fc.integer({ min: 0, max: 1e6 });

function parts({ train, validation, test }: Fold): (readonly Clip[])[] {
  return [train, validation, test];
}

/** How many values of `key` stand in more than one part. */
function shared(fold: Fold, key: (clip: Clip) => unknown): number {
  const sets = parts(fold).map((part) => new Set(part.map(key)));
  const all = new Set(sets.flatMap((set) => [...set]));
  return sets.reduce((sum, { size }) => sum + size, 0) - all.size;
}

const contentOf = ({ contentHash }: Clip) => contentHash;
const speakerOf = ({ speaker }: Clip) => speaker;

describe.each(['seed', 'emobox'] as const)('protocol %s', (name) => {
  const { split } = PROTOCOLS[name];

  test('no recording stands on two sides', () => {
    fc.assert(
      fc.property(messyCorpus, seeds, (clips, seed) => {
        for (const fold of split(clips, { splitSeed: seed })) expect(shared(fold, contentOf)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('no clip comes twice or from elsewhere', () => {
    for (const fold of split(ravdess)) {
      const all = parts(fold).flat();
      expect(new Set(all).size).toBe(all.length);
      expect(all.every((clip) => ravdess.includes(clip))).toBe(true);
    }
  });

  test('the seed decides, and nothing else', () => {
    expect(split(ravdess, { splitSeed: 3 })).toEqual(split(ravdess, { splitSeed: 3 }));
    expect(split(ravdess, { splitSeed: 3 })).not.toEqual(split(ravdess, { splitSeed: 4 }));
  });
});

describe('seed', () => {
  test('80 % to train and 20 % to test, a tenth of the former to validate', () => {
    const [fold, ...others] = splitSeed(ravdess);
    expect(others).toEqual([]);
    expect(parts(fold).map(({ length }) => length)).toEqual([1766, 196, 490]);
  });

  test('without validation, every clip is trained on or tested', () => {
    const [{ train, validation, test: tested }] = splitSeed(ravdess, { validationFraction: 0 });
    expect([train.length + tested.length, validation.length]).toEqual([2452, 0]);
  });

  test('every emotion of speech and of song has its share, within one clip', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 0.9, noNaN: true }), (seed, testFraction) => {
        const [{ test: tested }] = splitSeed(ravdess, { splitSeed: seed, testFraction });
        const drawn = Map.groupBy(tested, stratumOf);
        for (const [stratum, clips] of Map.groupBy(ravdess, stratumOf)) {
          const off = (drawn.get(stratum)?.length ?? 0) - clips.length * testFraction;
          expect(Math.abs(off)).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(Math.abs(tested.length - ravdess.length * testFraction)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  test.each([-0.1, 1, NaN])('refuses to test a share of %s', (testFraction) => {
    expect(() => splitSeed(ravdess, { testFraction })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

function stratumOf({ channel, emotion }: Clip): string {
  return `${channel} ${emotion}`;
}

describe('emobox', () => {
  test('the actors of the published folds are tested, 60 spoken clips of each', () => {
    const actors = splitEmobox(ravdess).map(({ test: tested }) => [...new Set(tested.map(speakerOf))].sort());
    expect(actors.map((fold) => fold.map((speaker) => Number(speaker.slice(-2))))).toEqual([
      [1, 11, 20, 21],
      [4, 10, 12, 14],
      [8, 9, 19, 23],
      [3, 5, 7, 24],
      [2, 15, 16, 18],
      [6, 13, 17, 22],
    ]);
  });

  test('every spoken clip is tested once over the folds, whatever else the folder holds', () => {
    fc.assert(
      fc.property(messyCorpus, (clips) => {
        const tested = splitEmobox(clips).flatMap((fold) => fold.test);
        const speech = clips.filter(({ channel }) => channel === 'speech');
        expect(tested.length).toBe(speech.length);
        expect(new Set(tested)).toEqual(new Set(speech));
      }),
      { numRuns: 30 },
    );
  });

  test.each(['speech', 'speech+song'] as const)(
    'no actor stands on two sides when trained on %s',
    (trainOn) => {
      for (const validationActors of [0, 2, 3]) {
        for (const fold of splitEmobox(ravdess, { trainOn, validationActors })) {
          expect(shared(fold, speakerOf)).toBe(0);
          expect(new Set(parts(fold).flat().map(speakerOf)).size).toBe(24);
        }
      }
    },
  );

  test('song is trained on when asked for, and never validates or is tested', () => {
    const channels = (part: readonly Clip[]) => new Set(part.map(({ channel }) => channel));
    const speech = new Set(['speech']);
    for (const fold of splitEmobox(ravdess))
      expect(parts(fold).map(channels)).toEqual([speech, speech, speech]);
    for (const fold of splitEmobox(ravdess, { trainOn: 'speech+song' })) {
      expect(parts(fold).map(channels)).toEqual([new Set(['speech', 'song']), speech, speech]);
    }
  });

  test.each([
    [2, [1]],
    [3, [1, 2]],
    [4, [2]],
  ])('%i validating actors are women and men in equal parts', (validationActors, women) => {
    for (const { validation } of splitEmobox(ravdess, { validationActors })) {
      const chosen = new Set(validation.map(({ speaker, gender }) => `${gender} ${speaker}`));
      expect(chosen.size).toBe(validationActors);
      expect(women).toContain([...chosen].filter((actor) => actor.startsWith('female')).length);
    }
  });

  test('song alone cannot be tested', () => {
    const song = ravdess.filter(({ channel }) => channel === 'song');
    expect(() => splitEmobox(song)).toThrow(expect.objectContaining({ code: 'CORPUS_INVALID' }));
  });

  test('someone must be left to train on', () => {
    expect(() => splitEmobox(ravdess, { validationActors: 20 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

import { EMOTIONS, type Emotion } from '@mars/core';
import * as fc from 'fast-check';
import { UNKNOWN_SPEAKER, type Clip } from '../src/corpora/clip.ts';

/** RAVDESS as it is: 1440 spoken and 1012 sung clips, and its one recording that is there twice. */
export function makeRavdess(): Clip[] {
  const clips: Clip[] = [];
  for (const channel of ['speech', 'song'] as const) {
    for (const [e, emotion] of EMOTIONS.entries()) {
      if (channel === 'song' && e > 5) continue;
      for (const intensity of e === 0 ? ['normal'] : ['normal', 'strong']) {
        for (const statement of ['kids', 'dogs']) {
          for (const repetition of [1, 2]) {
            for (let actor = 1; actor <= 24; actor++) {
              if (channel === 'song' && actor === 18) continue;
              clips.push(makeTake({ channel, emotion, intensity, statement, repetition }, actor));
            }
          }
        }
      }
    }
  }
  return clips;
}

function makeTake(what: Partial<Clip>, actor: number): Clip {
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

export const ravdess: readonly Clip[] = makeRavdess();

/** RAVDESS of some actors, in which any clip may sound as another: the worst that its folder can hold. */
export const messyRavdess: fc.Arbitrary<Clip[]> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 24 }), { minLength: 7, maxLength: 14 }),
    fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
  )
  .map(([actors, doubles]) => {
    const clips = ravdess.filter(({ speaker }) => actors.includes(Number(speaker.slice(-2))));
    for (const [from, to] of doubles) {
      const { contentHash } = clips[from % clips.length];
      clips[to % clips.length] = { ...clips[to % clips.length], contentHash };
    }
    return clips;
  });

/** Clips of any corpora, speakers, channels and emotions, some of the same content, and perhaps all of them twice. */
export const anyClips: fc.Arbitrary<Clip[]> = fc
  .tuple(
    fc.array(
      fc.record({
        corpus: fc.constantFrom('ravdess', 'tess', 'a/b', 'mine'),
        speaker: fc.constantFrom('Actor_01', 'Actor_02', 'Actor_05', 'Actor_08', 'x', 'é/..'),
        emotion: fc.constantFrom(...EMOTIONS),
        statement: fc.constantFrom('kids', 'dogs'),
        channel: fc.constantFrom('speech', 'speech', 'song', undefined),
        gender: fc.constantFrom('female', 'male', undefined),
        content: fc.option(fc.nat({ max: 400 }), { nil: undefined }),
      }),
      { minLength: 30, maxLength: 200 },
    ),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([rows, isTwice, hasUnknown]) => {
    const clips = rows.map(({ content, ...what }, index): Clip => {
      const id = `${index}.wav`;
      const contentHash = content === undefined ? `only ${index}` : `${content}`;
      return { ...what, file: `/${what.corpus}/${id}`, id, contentHash };
    });
    if (hasUnknown) clips[0] = { ...clips[0], speaker: UNKNOWN_SPEAKER };
    // The copy of RAVDESS on Kaggle holds every file twice.
    const copies = clips.map((clip) => ({ ...clip, file: `/copy${clip.file}`, id: `copy/${clip.id}` }));
    return isTwice ? [...clips, ...copies] : clips;
  });

/** A corpus of some speakers who each speak these emotions. */
export function corpusOf(
  corpus: string,
  speakers: readonly string[],
  emotions: readonly Emotion[],
  what: Partial<Clip> = {},
): Clip[] {
  return speakers.flatMap((speaker) =>
    emotions.map((emotion): Clip => {
      const id = `${speaker}-${emotion}.wav`;
      return {
        file: `/${corpus}/${id}`,
        id,
        corpus,
        speaker,
        emotion,
        contentHash: `${corpus}/${id}`,
        ...what,
      };
    }),
  );
}

import { createRandom } from '@mars/autograd/random';
import { EMOTIONS, MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { splitCross } from './cross.ts';
import { splitEmobox } from './emobox.ts';
import { groupBy, keepApart, speakerOf, withoutContents, type Fold, type SplitOptions } from './fold.ts';

/**
 * Which clips the model may hear first: of each test speaker so many of each emotion, neutral ones, or any, unlabelled; or
 * any of the test part, unlabelled, whoever speaks in the room.
 */
export type Enrolment = 'emotions' | 'neutral' | 'unlabelled' | 'room';

const NAMES = {
  emotions: 'clips of each emotion',
  neutral: 'neutral clips',
  unlabelled: 'clips',
  room: 'clips',
} as const satisfies Record<Enrolment, string>;

const WITHIN = { emobox: splitEmobox, cross: splitCross };

/**
 * Protocols `enrol-k`, `enrol-neutral-k` and `enrol-unlabelled-k`: the folds of `emobox`, with `k` clips of each emotion
 * (or `k` neutral ones, or `k` drawn blindly) of every test actor set apart as `enrolment`. A smaller `k` sets apart
 * some of the same clips. What validates and is trained on is as in `emobox`. `cross-unlabelled-k`: the same of the folds of
 * `cross`, where a profile knows the room and the microphone too. `cross-room-k`: `k` clips of the test part, by anybody, for
 * one profile of the room.
 *
 * Of an emotion of which an actor has `k` clips or fewer, all but one are set apart, so that it is still tested: under
 * `enrol-5` three of the four neutral ones of RAVDESS.
 *
 * Errors: those of `splitEmobox` or `splitCross`; `CONFIG_INVALID` when an actor has no emotion in more than `k` clips, or fewer than `k`
 * neutral ones or clips at all, or none is left to test.
 *
 * @example
 * const [{ enrolment, test }] = splitEnrol(clips, 3, 'emotions'); // 4 actors: 96 clips to enrol, 144 to test
 */
export function splitEnrol(
  clips: readonly Clip[],
  k: number,
  what: Enrolment,
  { splitSeed = 0, within = 'emobox', ...options }: SplitOptions & { within?: keyof typeof WITHIN } = {},
): Fold[] {
  const family = within === 'emobox' ? 'enrol' : within;
  const protocol = what === 'emotions' ? `${family}-${k}` : `${family}-${what}-${k}`;
  const profiled = what === 'room' ? () => 'the room' : speakerOf;
  return WITHIN[within](clips, { splitSeed, ...options }).map((fold) => {
    const random = createRandom(`enrol/${splitSeed}/${fold.name}`);
    const enrolment = [...groupBy(fold.test, profiled)].flatMap(([whose, spoken]) => {
      const kinds = [...groupBy(spoken, kindOf(what))].flatMap(([kind, ofKind]) =>
        kind === '' ? [] : { contents: differing(ofKind), random: random.fork(`${whose}/${kind}`) },
      );
      // Neutral clips and unlabelled ones may all be taken: others are left to test.
      const spared = what === 'emotions' ? 1 : 0;
      const most = Math.max(0, ...kinds.map(({ contents }) => contents.length - spared));
      if (most < k) {
        throw new MarsError(
          'CONFIG_INVALID',
          `${protocol}: ${k} ${NAMES[what]} of ${whose} were to be set apart for enrolment, and at most ${most} ` +
            'can be. Take a smaller k.',
        );
      }
      return kinds.flatMap((kind) =>
        kind.random.shuffle(kind.contents).slice(0, Math.min(k, kind.contents.length - spared)),
      );
    });
    const test = withoutContents(fold.test, [enrolment]).filter((clip) => !enrolment.includes(clip));
    if (test.length === 0 || enrolment.length === 0) {
      throw new MarsError(
        'CONFIG_INVALID',
        `Protocol ${protocol} sets ${enrolment.length} of the ${fold.test.length} clips of fold ${fold.name} apart for ` +
          `enrolment: ${test.length} are left to test. Take another k, or give the whole corpus.`,
      );
    }
    const labels = (fold.labels ?? EMOTIONS).filter((emotion) =>
      test.some((clip) => clip.emotion === emotion),
    );
    return keepApart({
      ...fold,
      name: fold.name.replace(within, protocol),
      test,
      labels,
      enrolment,
      enrolmentLabelled: what === 'emotions' || what === 'neutral',
      enrolmentShared: what === 'room',
      within: fold,
    });
  });
}

/** What a clip counts as when it comes to enrolment; '' when it cannot be taken. */
function kindOf(what: Enrolment): (clip: Clip) => string {
  if (what === 'unlabelled' || what === 'room') return () => 'any';
  return ({ emotion }) => (what === 'emotions' || emotion === 'neutral' ? emotion : '');
}

/** The first of every recording that is there several times. */
function differing(clips: readonly Clip[]): Clip[] {
  return [...groupBy(clips, ({ contentHash, id }) => contentHash ?? id).values()].map(([clip]) => clip);
}

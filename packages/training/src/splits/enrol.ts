import { createRandom, type Random } from '@mars/autograd/random';
import { EMOTIONS, MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import { splitEmobox } from './emobox.ts';
import { groupBy, keepApart, speakerOf, withoutContents, type Fold, type SplitOptions } from './fold.ts';

/** Which clips of a test speaker the model may hear first: so many of each emotion, neutral ones, or any, unlabelled. */
export type Enrolment = 'emotions' | 'neutral' | 'unlabelled';

/**
 * Protocols `enrol-k`, `enrol-neutral-k` and `enrol-unlabelled-k`: the folds of `emobox`, with `k` clips of each emotion
 * (or `k` neutral ones, or `k` drawn blindly) of every test actor set apart as `enrolment`. A smaller `k` sets apart
 * some of the same clips. What validates and is trained on is as in `emobox`.
 *
 * Errors: those of `splitEmobox`; `CONFIG_INVALID` when an actor has fewer such clips, or none is left to test.
 *
 * @example
 * const [{ enrolment, test }] = splitEnrol(clips, 3, 'emotions'); // 4 actors: 96 clips to enrol, 144 to test
 */
export function splitEnrol(
  clips: readonly Clip[],
  k: number,
  what: Enrolment,
  { splitSeed = 0, ...options }: SplitOptions = {},
): Fold[] {
  const protocol = what === 'emotions' ? `enrol-${k}` : `enrol-${what}-${k}`;
  return splitEmobox(clips, { splitSeed, ...options }).map((fold) => {
    const random = createRandom(`enrol/${splitSeed}/${fold.name}`);
    const enrolment = [...groupBy(fold.test, speakerOf)].flatMap(([speaker, spoken]) =>
      [...groupBy(spoken, kindOf(what))].flatMap(([kind, ofKind]) =>
        kind === ''
          ? []
          : draw(ofKind, k, random.fork(`${speaker}/${kind}`), `${protocol}: ${speaker}, ${kind}`),
      ),
    );
    const test = withoutContents(fold.test, [enrolment]).filter((clip) => !enrolment.includes(clip));
    if (test.length === 0 || enrolment.length === 0) {
      throw new MarsError(
        'CONFIG_INVALID',
        `Protocol ${protocol} sets ${enrolment.length} of the ${fold.test.length} clips of fold ${fold.name} apart for ` +
          `enrolment: ${test.length} are left to test. Take another k, or give the whole corpus.`,
      );
    }
    const labels = EMOTIONS.filter((emotion) => test.some((clip) => clip.emotion === emotion));
    return keepApart({
      ...fold,
      name: fold.name.replace('emobox', protocol),
      test,
      labels,
      enrolment,
      enrolmentLabelled: what !== 'unlabelled',
    });
  });
}

/** What a clip counts as when it comes to enrolment; '' when it cannot be taken. */
function kindOf(what: Enrolment): (clip: Clip) => string {
  if (what === 'unlabelled') return () => 'any';
  return ({ emotion }) => (what === 'emotions' || emotion === 'neutral' ? emotion : '');
}

/** So many clips of different content, in the order of a shuffle. */
function draw(clips: readonly Clip[], count: number, random: Random, where: string): Clip[] {
  const contents = groupBy(clips, ({ contentHash, id }) => contentHash ?? id);
  if (contents.size < count) {
    throw new MarsError(
      'CONFIG_INVALID',
      `${where}: ${count} clips were to be set apart for enrolment, and ${contents.size} are there. Take a smaller k.`,
    );
  }
  return random
    .shuffle([...contents.values()])
    .slice(0, count)
    .map(([clip]) => clip);
}

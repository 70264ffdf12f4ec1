import { MarsError } from '@mars/core';
import type { ClassifyOptions } from './pool-protocol.ts';

/**
 * Checks what can be said of the options without a recording; the rest is checked where it is used.
 *
 * @throws MarsError `CONFIG_INVALID`
 */
export function checkClassifyOptions({
  timeline = false,
  explain = false,
  top = 1,
  channels = 'mix',
  maxDurationSec = Infinity,
  oneSpeaker,
  windowSec,
  hopSec,
  minSilenceSec,
  startSec,
  endSec,
}: ClassifyOptions): void {
  check(!(timeline && explain), 'timeline and explain come together; one of them is expected');
  check(timeline || !oneSpeaker, 'oneSpeaker is of a timeline; timeline: true is expected with it');
  const sizes = windowSec ?? hopSec ?? minSilenceSec;
  check(timeline || sizes === undefined, 'windowSec, hopSec and minSilenceSec are of a timeline');
  check(explain || (startSec ?? endSec) === undefined, 'startSec and endSec are of what explain explains');
  check(Number.isInteger(top) && top >= 1, `top is ${String(top)}; a whole number from 1 is expected`);
  check(channels === 'mix' || channels === 'split', `channels is ${channels}; mix or split is expected`);
  check(maxDurationSec > 0, `maxDurationSec is ${String(maxDurationSec)}; a number above 0 is expected`);
}

function check(isRight: boolean, fault: string): void {
  if (!isRight) throw new MarsError('CONFIG_INVALID', `${fault}.`);
}

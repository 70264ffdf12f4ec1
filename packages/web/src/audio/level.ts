/** Below this nothing is shown: the noise of a quiet room. */
const FLOOR_DB = -60;

/** Peaks from here on are about to be clipped. */
const LOUD = 0.97;

/** Nobody speaks louder than this into a microphone that hears them. */
const FAINT_DB = -45;

/**
 * A peak on a meter from 0 to 1, which is even in decibels as the ear is.
 *
 * @example
 * meterShare(1); // 1
 * meterShare(0.03); // 0.49, half the way up
 */
export function meterShare(peak: number): number {
  if (peak <= 0) return 0;
  return Math.min(1, Math.max(0, 1 - (20 * Math.log10(peak)) / FLOOR_DB));
}

/** What is to be said of the level of the last seconds. */
export type LevelAdvice = 'silent' | 'faint' | 'good' | 'loud';

/**
 * Watches the level over some seconds: `silent` when all samples are zero (a switch on the microphone, or the system's),
 * `faint` when nobody could be heard, `loud` when the sound is clipped.
 */
export class LevelWatch {
  readonly #holdSec: number;
  #highest = 0;
  #sinceSec = 0;
  #loudForSec = 0;
  #advice: LevelAdvice = 'good';

  /** @param holdSec how long the level must be wrong before that is said */
  constructor({ holdSec = 4 } = {}) {
    this.#holdSec = holdSec;
  }

  get advice(): LevelAdvice {
    return this.#advice;
  }

  add(peak: number, durationSec: number): LevelAdvice {
    this.#highest = Math.max(this.#highest, peak);
    this.#sinceSec += durationSec;
    this.#loudForSec = peak >= LOUD ? this.#holdSec : Math.max(0, this.#loudForSec - durationSec);
    if (this.#loudForSec > 0) this.#advice = 'loud';
    else if (20 * Math.log10(peak) > FAINT_DB) this.#advice = 'good';
    else if (this.#sinceSec >= this.#holdSec) this.#advice = adviceOn(this.#highest);
    if (this.#sinceSec >= this.#holdSec) {
      this.#sinceSec = 0;
      this.#highest = 0;
    }
    return this.#advice;
  }
}

function adviceOn(highest: number): LevelAdvice {
  if (highest === 0) return 'silent';
  return 20 * Math.log10(highest) > FAINT_DB ? 'good' : 'faint';
}

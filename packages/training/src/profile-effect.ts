import type { Comparison } from './comparison.ts';
import type { Prediction } from './evaluate.ts';
import type { ExperimentReport, Tested } from './experiment-report.ts';

/** A speaker who loses more UAR than this by a profile counts as harmed: one point, but for the last bits. */
const HARM = 0.01 + 1e-9;

/** What the profiles of an `enrol` protocol do, on the same clips with them and without. UAR is a share of 1. */
export interface ProfileEffect {
  /** The figures without profiles; those with them are the report's own. */
  readonly without: Pick<ExperimentReport, 'overSeeds' | 'overSpeakers'>;
  /**
   * With profiles less without: over all clips, whichever fold tested them, paired by speaker. The mean of `overSeeds` is
   * one of folds: where these hold different clips, its difference is another.
   */
  readonly gain: Pick<Comparison, 'difference' | 'interval' | 'permutation'>;
  /** UAR of each speaker over all seeds. */
  readonly perSpeaker: readonly SpeakerEffect[];
  /** The speaker with the lowest UAR, without profiles and with them: often two. */
  readonly worst: { readonly without: SpeakerEffect; readonly with: SpeakerEffect };
  /** The speaker whose UAR changes for the worse by most, or for the better by least. */
  readonly leastGain: SpeakerEffect;
  /** How many speakers lose more than one point of UAR. */
  readonly harmed: number;
  /** Speakers of whom no profile could be learnt by some training; they count as heard without. */
  readonly unlearnt: readonly string[];
}

export interface SpeakerEffect {
  readonly name: string;
  readonly uarWithout: number;
  readonly uarWith: number;
}

/** The same models as they were without profiles; undefined where none had any. */
export function withoutProfiles(tested: readonly Tested[]): Tested[] | undefined {
  if (!tested.some(({ predictions }) => predictions.some((row) => row.withoutProfile))) return undefined;
  return tested.map((model) => ({ ...model, predictions: model.predictions.map(asWithoutProfile) }));
}

/** What the profiles change between two reports of the same models. */
export function profileEffect(
  reports: { readonly without: ExperimentReport; readonly with: ExperimentReport },
  { difference, interval, permutation }: Comparison,
  unlearnt: readonly string[],
): ProfileEffect {
  const { overSeeds, overSpeakers, groups } = reports.without;
  const before = new Map(groups.speaker.map(({ name, uar }) => [name, uar]));
  const perSpeaker = reports.with.groups.speaker.map(({ name, uar }): SpeakerEffect => ({
    name,
    uarWithout: before.get(name)!,
    uarWith: uar,
  }));
  const lowest = (valueOf: (speaker: SpeakerEffect) => number) =>
    perSpeaker.reduce((least, each) => (valueOf(each) < valueOf(least) ? each : least));
  const gainOf = (speaker: SpeakerEffect) => speaker.uarWith - speaker.uarWithout;
  return {
    without: { overSeeds, overSpeakers },
    gain: { difference, interval, permutation },
    perSpeaker,
    worst: { without: lowest((speaker) => speaker.uarWithout), with: lowest((speaker) => speaker.uarWith) },
    leastGain: lowest(gainOf),
    harmed: perSpeaker.filter((speaker) => gainOf(speaker) < -HARM).length,
    unlearnt,
  };
}

function asWithoutProfile({ withoutProfile, ...row }: Prediction): Prediction {
  return { ...row, ...withoutProfile };
}

import report from '../../../../models/flagship/report.json?raw';

/** What the page tells of the model's figures: shares from 0 to 1, taken from models/flagship/report.json at build time. */
export interface ModelFigures {
  readonly accuracy: number;
  /** 95% interval over speakers. */
  readonly low: number;
  readonly high: number;
  /** Share of clips for which it is sure enough, and how many of those it gets right. */
  readonly coverage: number;
  readonly selectiveAccuracy: number;
  readonly women: number;
  readonly men: number;
  /** In the model's order. */
  readonly emotions: readonly { label: string; recall: number; mistakenFor: string; mistakenShare: number }[];
}

interface Report {
  readonly labels: readonly string[];
  readonly overSeeds: Readonly<Record<'accuracy' | 'coverage' | 'selectiveAccuracy', { mean: number }>>;
  readonly overSpeakers: { readonly accuracy: { low: number; high: number } };
  readonly groups: { readonly gender: readonly { name: string; accuracy: number }[] };
  readonly confusion: readonly (readonly number[])[];
}

export function modelFigures(json: string = report): ModelFigures {
  const [{ labels, overSeeds, overSpeakers, groups, confusion }] = JSON.parse(json) as [Report];
  const ofGender = (name: string) => groups.gender.find((group) => group.name === name)!.accuracy;
  return {
    accuracy: overSeeds.accuracy.mean,
    ...overSpeakers.accuracy,
    coverage: overSeeds.coverage.mean,
    selectiveAccuracy: overSeeds.selectiveAccuracy.mean,
    women: ofGender('female'),
    men: ofGender('male'),
    emotions: labels.map((label, row) => {
      const clips = confusion[row].reduce((sum, count) => sum + count, 0);
      const others = confusion[row].map((count, column) => (column === row ? -1 : count));
      const most = others.indexOf(Math.max(...others));
      return {
        label,
        recall: confusion[row][row] / clips,
        mistakenFor: labels[most],
        mistakenShare: others[most] / clips,
      };
    }),
  };
}

import { relative } from 'node:path';
import { MarsError } from '@mars/core';
import { compareRuns, holm, type Comparison } from '../comparison.ts';
import type { Evidence } from './evidence.ts';

/** A run beside others. */
export interface ComparedRun {
  /** What tells it from the others: its folder's name, or its path where names are equal. */
  readonly name: string;
  readonly evidence: Evidence;
  /** With the first run; undefined for the first itself. */
  readonly comparison?: Comparison & {
    /** `permutation.pValue` after Holm's correction for the number of comparisons. */
    readonly adjustedPValue: number;
  };
}

/**
 * Each run beside the first, paired by clip and speaker.
 *
 * Errors: `NO_INPUT` for fewer than two runs; `RUN_INVALID` when their test clips or labels differ.
 *
 * @example
 * const [seed, transfer] = compareEvidence(await Promise.all(['runs/seed', 'runs/transfer'].map((run) => readEvidence(run))));
 * transfer.comparison?.difference.uar;
 */
export function compareEvidence(runs: readonly Evidence[]): ComparedRun[] {
  if (runs.length < 2) {
    throw new MarsError(
      'NO_INPUT',
      `${runs.length} run came; two or more were expected, the one to compare with first.`,
    );
  }
  const [first, ...others] = runs;
  const comparisons = others.map((run) => {
    checkLabels(first, run);
    try {
      return compareRuns(first.trainings, run.trainings, first.report.labels);
    } catch (error) {
      if (!(error instanceof MarsError)) throw error;
      throw new MarsError(error.code, `${first.path} and ${run.path}: ${error.message}`, { cause: error });
    }
  });
  const adjusted = holm(comparisons.map(({ permutation }) => permutation.pValue));
  const names = nameRuns(runs);
  return runs.map((evidence, i) => ({
    name: names[i],
    evidence,
    comparison: i === 0 ? undefined : { ...comparisons[i - 1], adjustedPValue: adjusted[i - 1] },
  }));
}

function checkLabels(first: Evidence, run: Evidence): void {
  const [expected, labels] = [first, run].map(({ report }) => report.labels.join(', '));
  if (labels !== expected) {
    throw new MarsError(
      'RUN_INVALID',
      `${run.path} tells ${labels} apart, and ${first.path} ${expected}. Give runs of the same labels.`,
    );
  }
}

function nameRuns(runs: readonly Evidence[]): string[] {
  const names = runs.map(({ name }) => name);
  return new Set(names).size === runs.length ? names : runs.map(({ path }) => relative('.', path));
}

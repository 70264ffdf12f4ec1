import { type ErrorCode, MarsError } from '@mars/core';

/** What came of one file: what was heard in it, or why nothing was. */
export type Outcome<Heard> =
  | ({ readonly file: string } & Heard)
  | { readonly file: string; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Turns outcomes into the lines that a reader (or a program) gets. */
export interface Report<Heard> {
  /** Printed before the first outcome. */
  readonly header: readonly string[];
  readonly lines: (outcome: Outcome<Heard>) => readonly string[];
}

/** One JSON object per line and file. */
export function jsonReport<Heard>(): Report<Heard> {
  return { header: [], lines: (outcome) => [JSON.stringify(outcome)] };
}

/** The outcome of a file that could not be worked on. A fault of MARS itself must not stop the other files either. */
export function failure(file: string, error: unknown): Outcome<never> {
  if (error instanceof MarsError) return { file, error: { code: error.code, message: error.message } };
  const said = error instanceof Error ? error.message : String(error);
  return {
    file,
    error: {
      code: 'INTERNAL',
      message: `MARS itself failed (${said}). Please report it, with the recording.`,
    },
  };
}

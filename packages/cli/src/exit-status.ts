/** What `mars` says to the shell. */
export const EXIT_STATUS = {
  /** All was done. */
  done: 0,
  /** Some inputs failed; the others were still done. */
  someFailed: 1,
  /** The command line asks for something that cannot be: an unknown option, nothing to work on, no such model. */
  wrongUsage: 2,
  /** Ctrl-C ended it: 128 and the number of SIGINT, as shells count. */
  interrupted: 130,
} as const;

export type ExitStatus = (typeof EXIT_STATUS)[keyof typeof EXIT_STATUS];

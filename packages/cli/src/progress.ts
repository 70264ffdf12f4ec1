import type { FeatureFailure } from '@mars/training';

/** One line on stderr that says what is going on, written over and over; lines above it stay. */
export interface StatusLine {
  /** Replaces the line. Does nothing where stderr is not a terminal. */
  show(text: string): void;
  /** Writes a line that stays: on a terminal and in a log. */
  log(text: string): void;
  clear(): void;
}

export function statusLine(stream: NodeJS.WriteStream = process.stderr): StatusLine {
  const clear = () => {
    if (stream.isTTY) stream.write('\r\u001B[K');
  };
  return {
    clear,
    show(text) {
      // A terminal that does not know its width says 0.
      if (stream.isTTY) stream.write(`\r${text.slice(0, (stream.columns || 80) - 1)}\u001B[K`);
    },
    log(text) {
      clear();
      stream.write(`${text}\n`);
    },
  };
}

/** 59 s, 1 min 0 s */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}

/** What is said of a recording that cannot be used. */
export function failureLine({ clip, error }: FeatureFailure): string {
  return `${clip.file}  ${error.code}: ${error.message}`;
}

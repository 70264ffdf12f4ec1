/** One line on stderr that says what is being worked on; nothing at all when stderr is not a terminal. */
export interface Progress {
  show(file: string): void;
  clear(): void;
}

export function progress(total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY || total < 2) return { show() {}, clear() {} };
  let done = 0;
  return {
    show(file) {
      done++;
      const line = `[${done}/${total}] ${file}`;
      stream.write(`\r${line.slice(0, stream.columns - 1)}\u001B[K`);
    },
    clear() {
      stream.write('\r\u001B[K');
    },
  };
}

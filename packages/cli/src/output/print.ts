/** Prints a line on stdout, and waits until it is taken: a slow reader must not fill the memory. */
export function print(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}

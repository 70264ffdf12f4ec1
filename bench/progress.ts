/** How often a line is written where no terminal shows it, in ms. */
const LOG_MS = 30_000;

/** Says on stderr how much is done, how fast, and how long the rest will take. */
export class Progress {
  readonly #total: number;
  readonly #unit: string;
  readonly #began = performance.now();
  #done = 0;
  #shown = this.#began;

  constructor(total: number, unit: string) {
    this.#total = total;
    this.#unit = unit;
  }

  add(count: number): void {
    this.#done += count;
    const now = performance.now();
    if (now - this.#shown < (process.stderr.isTTY ? 200 : LOG_MS)) return;
    this.#shown = now;
    this.#show();
  }

  end(): void {
    this.#show();
    if (process.stderr.isTTY) process.stderr.write('\n');
  }

  #show(): void {
    const tookSec = (performance.now() - this.#began) / 1000;
    const perSec = this.#done / tookSec;
    const leftSec = Math.ceil((this.#total - this.#done) / perSec);
    const left = `${Math.floor(leftSec / 60)}:${String(leftSec % 60).padStart(2, '0')}`;
    const line = `${this.#done} of ${this.#total} ${this.#unit}, ${perSec.toFixed(0)} per second, ${left} min left`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  }
}

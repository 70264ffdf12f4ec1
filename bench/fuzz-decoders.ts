/**
 * Broken recordings through every decoder: mutations of real files of each format, made from a seed, in a process on each
 * core. Each must be decoded or refused with a MarsError, within its deadline and the memory that is stated. Whatever else
 * happens is a finding: the input and a line about it are written to a folder, and the exit status is 1.
 *
 *   node bench/fuzz-decoders.ts [COUNT] [--seed N] [--from N] [--workers N] [--out DIR]
 *   node bench/fuzz-decoders.ts 1 --seed N --from 1234        one input again
 */
import { fork, type ChildProcess } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom, type Random } from '@mars/autograd/random';
import { MarsError, openAudio, openChannels, type AudioSource } from '@mars/core';
import { readContainers, type Container } from './containers.ts';
import { printCounts } from './measure.ts';
import { mutate, mutateOrder, noise } from './mutate.ts';
import { Progress } from './progress.ts';

/** From when an input is begun. */
const DEADLINE_MS = 10_000;

/** What a process may hold that decodes one input after the other, hours long. */
const MEMORY_MB = 512;

/** The service's limit: hours of silence may be in a small file. */
const MAX_DURATION_SEC = 600;

/** Inputs that a process is given at a time. */
const BATCH = 250;

interface Batch {
  readonly from: number;
  readonly to: number;
}

/** What a process says: that it begins with an input, or how its batch went. */
type Report =
  | { readonly type: 'begin'; readonly index: number }
  | { readonly type: 'finding'; readonly index: number; readonly what: string }
  | {
      readonly type: 'done';
      readonly outcomes: Readonly<Record<string, number>>;
      readonly slowest: { readonly index: number; readonly ms: number };
      readonly memoryMB: number;
    };

interface Input {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The input of a number: the same at every run. */
function makeInput(containers: readonly Container[], random: Random): Input {
  const one = containers[random.integer(containers.length)];
  const other = containers[random.integer(containers.length)];
  const way = random.integer(20);
  if (way === 0) {
    const head = one.bytes.subarray(0, random.integer(Math.min(200, one.bytes.length)));
    return { name: one.name, bytes: Buffer.concat([head, noise(random.integer(4000), random)]) };
  }
  if (way < 8 || !one.parts || !one.seal) {
    return { name: one.name, bytes: mutate(one.bytes, random, other.bytes) };
  }
  const others = other.parts ?? [other.bytes];
  const isOrder = way < 12;
  const parts = isOrder ? mutateOrder(one.parts, random, others) : [...one.parts];
  if (!isOrder || random.integer(2) === 1) {
    const at = random.integer(parts.length);
    const part = mutate(parts[at] ?? noise(50, random), random, others[random.integer(others.length)]);
    parts[at] = random.integer(10) === 0 ? part : one.seal(part);
  }
  return { name: one.name, bytes: Buffer.concat(parts) };
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** @returns how it ended: 'decoded', or the code of its error; what else it comes to is thrown */
async function decode(bytes: Uint8Array, random: Random): Promise<string> {
  const way = random.integer(3);
  const source: AudioSource =
    way === 0 ? bytes : way === 1 ? new Blob([bytes.slice()]) : inPieces(bytes, 1 + random.integer(5000));
  const options = { maxDurationSec: MAX_DURATION_SEC };
  try {
    if (random.integer(3) > 0) {
      await using reader = await openAudio(source, options);
      for await (const block of reader.blocks()) checkBlock([block], reader.sampleRate);
    } else {
      await using reader = await openChannels(source, options);
      for await (const planes of reader.blocks()) checkBlock(planes, reader.sampleRate);
    }
    return 'decoded';
  } catch (error) {
    if (!(error instanceof MarsError) || error.code === 'INTERNAL') throw error;
    // A decoder that traps is expected to; JavaScript of ours that stumbles would be a fault, well told or not.
    const { cause } = error;
    const isOurs = cause instanceof Error && !(cause instanceof WebAssembly.RuntimeError);
    return isOurs ? `${error.code} of ${cause.name}: ${cause.message.slice(0, 60)}` : error.code;
  }
}

function checkBlock(planes: readonly Float32Array[], sampleRate: number): void {
  const [{ length }] = planes;
  if (length === 0 || length > sampleRate || planes.some((plane) => plane.length !== length)) {
    throw new Error(`A block has ${planes.map((plane) => plane.length).join(', ')} samples.`);
  }
}

async function work(seed: string): Promise<void> {
  const containers = await readContainers();
  const say = (report: Report) => process.send!(report);
  process.on('disconnect', () => process.exit());
  const workOff = async ({ from, to }: Batch): Promise<void> => {
    const outcomes: Record<string, number> = {};
    let slowest = { index: from, ms: 0 };
    for (let index = from; index < to; index++) {
      say({ type: 'begin', index });
      const random = createRandom(`${seed}/${index}`);
      const { name, bytes } = makeInput(containers, random);
      const began = performance.now();
      try {
        const format = /[^.]+$/.exec(name)![0];
        const outcome = `${format}: ${await decode(bytes, random)}`;
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      } catch (error) {
        say({ type: 'finding', index, what: error instanceof Error ? error.stack! : String(error) });
      }
      const ms = performance.now() - began;
      if (ms > slowest.ms) slowest = { index, ms };
      // What was left to fail later, and the messages, have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    say({ type: 'done', outcomes, slowest, memoryMB: process.resourceUsage().maxRSS / 1024 });
  };
  process.on('message', (batch: Batch) => void workOff(batch));
}

class Fuzzing {
  readonly outcomes: Record<string, number> = {};
  slowest = { index: 0, ms: 0 };
  memoryMB = 0;
  findings = 0;
  readonly #seed: string;
  readonly #out: string;
  readonly #progress: Progress;
  readonly #end: number;
  #next: number;

  constructor(seed: string, { from, to }: Batch, out: string) {
    this.#seed = seed;
    this.#out = out;
    this.#next = from;
    this.#end = to;
    this.#progress = new Progress(to - from, 'inputs');
  }

  async run(workers: number): Promise<void> {
    await Promise.all(Array.from({ length: workers }, () => this.#work()));
    this.#progress.end();
  }

  /** Has one process after the other work, until nothing is left. */
  async #work(): Promise<void> {
    let rest: Batch | undefined;
    while (rest || this.#next < this.#end) {
      const child = fork(import.meta.filename, ['work', this.#seed], {
        stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      });
      rest = await this.#feed(child, rest);
      child.removeAllListeners();
      child.kill('SIGKILL');
    }
  }

  /** Works off batches with a process. Returns what is left of the last one where the process is of no more use. */
  #feed(child: ChildProcess, first: Batch | undefined): Promise<Batch | undefined> {
    return new Promise((resolve) => {
      let batch: Batch;
      let index = 0;
      let words = '';
      let isOver = false;
      let deadline: NodeJS.Timeout | undefined;
      child.stderr!.on('data', (text: Buffer) => (words = (words + text.toString()).slice(-4000)));
      const end = (rest?: Batch) => {
        isOver = true;
        clearTimeout(deadline);
        resolve(rest);
      };
      const fail = (what: string) => {
        if (isOver) return;
        void this.#note(index, `${what}\n${words}`);
        this.#progress.add(index + 1 - batch.from);
        end(index + 1 < batch.to ? { from: index + 1, to: batch.to } : undefined);
      };
      const give = (given = this.#take()) => {
        if (!given) return end();
        batch = given;
        index = batch.from;
        child.send(batch);
      };
      child.on('message', (report: Report) => {
        clearTimeout(deadline);
        if (report.type === 'finding') return void this.#note(report.index, report.what);
        if (report.type === 'begin') {
          ({ index } = report);
          deadline = setTimeout(() => fail(`no end within ${DEADLINE_MS / 1000} s`), DEADLINE_MS);
          return undefined;
        }
        this.#progress.add(batch.to - batch.from);
        this.#count(report);
        if (report.memoryMB <= MEMORY_MB) return give();
        void this.#note(batch.from, `${report.memoryMB.toFixed(0)} MB were held in this batch or before.`);
        return end();
      });
      child.once('exit', (status, signal) => fail(`the process ended with ${signal ?? `status ${status}`}`));
      give(first);
    });
  }

  #take(): Batch | undefined {
    if (this.#next >= this.#end) return undefined;
    const from = this.#next;
    this.#next = Math.min(this.#end, from + BATCH);
    return { from, to: this.#next };
  }

  #count({ outcomes, slowest, memoryMB }: Report & { type: 'done' }): void {
    for (const [outcome, count] of Object.entries(outcomes)) {
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + count;
    }
    if (slowest.ms > this.slowest.ms) this.slowest = slowest;
    this.memoryMB = Math.max(this.memoryMB, memoryMB);
  }

  async #note(index: number, what: string): Promise<void> {
    this.findings++;
    const { name, bytes } = makeInput(await readContainers(), createRandom(`${this.#seed}/${index}`));
    await mkdir(this.#out, { recursive: true });
    await writeFile(join(this.#out, `${this.#seed}-${index}.bin`), bytes);
    const line = JSON.stringify({ seed: this.#seed, index, name, length: bytes.length, what });
    await appendFile(join(this.#out, 'findings.jsonl'), `${line}\n`);
    console.log(`\nfinding ${line}`);
  }
}

async function fuzz(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      workers: { type: 'string', default: String(availableParallelism()) },
      out: { type: 'string', default: join(tmpdir(), 'mars-fuzz-decoders') },
    },
  });
  const from = Number(values.from);
  const fuzzing = new Fuzzing(values.seed, { from, to: from + Number(positionals[0] ?? 1e6) }, values.out);
  await fuzzing.run(Number(values.workers));

  printCounts(fuzzing.outcomes);
  const { index, ms } = fuzzing.slowest;
  console.log(
    `${fuzzing.findings} findings${fuzzing.findings > 0 ? `, in ${values.out}` : ''}; slowest input ${index} ` +
      `(${ms.toFixed(0)} ms of ${DEADLINE_MS}); at most ${fuzzing.memoryMB.toFixed(0)} MB of ${MEMORY_MB} held by a process`,
  );
  if (fuzzing.findings > 0) process.exitCode = 1;
}

const [role, seed] = process.argv.slice(2);
if (role === 'work') await work(seed);
else await fuzz();
